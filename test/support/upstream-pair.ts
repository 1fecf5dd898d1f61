import { afterEach, beforeEach } from 'vitest'
import { connectUpstream, type ConnectedUpstream } from './connected-upstream.ts'
import { startUpstreamServer, type UpstreamServer } from './upstream-server.ts'

/** A model's server and the upstream that is connected to it, new for each test. */
export interface UpstreamPair {
  server: UpstreamServer
  client: ConnectedUpstream
  /** Connects to another URL, or with other options. */
  reconnect(...to: Parameters<typeof connectUpstream>): Promise<void>
}

export function upstreamPair(): UpstreamPair {
  // Its first two are set before each test runs.
  const pair = {
    async reconnect(...to) {
      await pair.client.upstream.close()
      pair.client = connectUpstream(...to)
    },
  } as UpstreamPair
  beforeEach(async () => {
    pair.server = await startUpstreamServer()
    pair.client = connectUpstream(pair.server.url)
  })
  afterEach(async () => {
    await pair.client.upstream.close()
    await pair.server.close()
  })
  return pair
}
