import { isReady, type Instance } from './fault-instance.ts'
import { eventually } from './fault-wait.ts'
import type { RedisServer } from './redis-server.ts'

/** A Redis that goes away for a while. */
export interface Outage {
  /** Resolves once all instances say so, in `/readyz` and in their metrics. */
  readonly begin: (how: 'stopped' | 'stalled') => Promise<void>
  /** The same for its end. Does nothing if there is none. */
  readonly end: () => Promise<void>
}

export function createOutage(redis: RedisServer, instances: readonly Instance[]): Outage {
  let how: 'stopped' | 'stalled' | null = null
  const allSay = (isUp: boolean) =>
    eventually(`all instances say that the store is ${isUp ? 'up' : 'down'}`, async () => {
      const said = await Promise.all(instances.map((instance) => saysUp(instance)))
      return said.every((says) => says === isUp)
    })
  return {
    async begin(kind) {
      how = kind
      if (kind === 'stopped') await redis.stop()
      else redis.pause()
      await allSay(false)
    },
    async end() {
      if (how === 'stopped') await redis.start()
      if (how === 'stalled') redis.resume()
      how = null
      await allSay(true)
    },
  }
}

/** Null while its parts do not agree. */
async function saysUp({ url }: Instance): Promise<boolean | null> {
  const ready = await isReady(url)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const gauge = /^turnstate_store_up (\d)$/m.exec(metrics)?.[1]
  return gauge === (ready ? '1' : '0') ? ready : null
}
