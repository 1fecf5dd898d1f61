import type { LookupFunction } from 'node:net'
import { Agent } from 'undici'
import { expect, it } from 'vitest'
import { callHttp } from '../../../src/tools/webhook/http-call.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'

it('never sends a request that was given up before the connection stood', async () => {
  const server = await startWebhookServer()
  const released = new AbortController()
  const slowLookup: LookupFunction = (_hostname, options, callback) => {
    const answer = (): void => {
      const address = { address: '127.0.0.1', family: 4 }
      if (options.all) callback(null, [address])
      else callback(null, address.address, address.family)
    }
    if (released.signal.aborted) setImmediate(answer)
    else released.signal.addEventListener('abort', answer)
  }
  const agent = new Agent({ connect: { lookup: slowLookup } })
  const url = new URL(`http://slow.example:${server.port}/`)
  const post = { url, method: 'POST', headers: {}, body: '{}' } as const
  const signal = new AbortController().signal

  const result = await callHttp(agent, post, { signal, timeoutMs: 20 })
  expect(result).toEqual({ type: 'failure', sent: false, why: 'timeout' })

  released.abort()
  const next = await callHttp(agent, { ...post, body: 'second' }, { signal, timeoutMs: 5000 })
  expect(next).toMatchObject({ type: 'answer', status: 200 })
  expect(server.received.map(({ body }) => body)).toEqual(['second'])
  await agent.destroy()
  await server.close()
})
