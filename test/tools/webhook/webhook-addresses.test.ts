import type { LookupAddress } from 'node:dns'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ADDRESS_REFUSED, createAddressGuard } from '../../../src/tools/webhook/address-guard.ts'
import { callHttp, type HttpResult } from '../../../src/tools/webhook/http-call.ts'
import { createCaller, ok, startWebhook, status } from './scripted-webhook.ts'

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }
/** Only ever given together with a private one, so that nothing is sent there. */
const PUBLIC: LookupAddress = { address: '8.8.8.8', family: 4 }

/** Calls a name that leads to these addresses, several times if asked to. */
async function callNamed(
  port: number,
  addresses: readonly LookupAddress[],
  { calls = 1, allowHosts = [] as readonly string[] } = {},
): Promise<readonly HttpResult[]> {
  const guard = createAddressGuard(allowHosts, (_, __, callback) => callback(null, [...addresses]))
  const agent = new Agent({ connect: { lookup: guard.lookup } })
  onTestFinished(() => agent.destroy())
  const url = new URL(`http://rebound.example:${port}/`)
  const results: HttpResult[] = []
  for (let count = 0; count < calls; count += 1) {
    results.push(
      await callHttp(
        agent,
        { url, method: 'POST', headers: {}, body: '{}' },
        { signal: new AbortController().signal, timeoutMs: 5000 },
      ),
    )
    await nextLoop() // until then the connection counts as busy
  }
  return results
}

const REFUSED = { type: 'failure', sent: false, why: 'refused' }

describe('a name', () => {
  it.each([
    ['a private address', [LOOPBACK]],
    ['a public and then a private address', [PUBLIC, LOOPBACK]],
    ['a private and then a public address', [LOOPBACK, PUBLIC]],
    ['a mapped private address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['an address with a zone', [{ address: 'fe80::1%lo', family: 6 }]],
    ['no address that is one', [{ address: 'localhost', family: 4 }]],
  ] as const)('is not connected to when it leads to %s', async (_, addresses) => {
    const server = await startWebhook(ok)
    expect(await callNamed(server.port, addresses)).toEqual([REFUSED])
    expect(server.connections()).toBe(0)
  })

  it('is judged at every lookup anew', async () => {
    const answers = [[PUBLIC], [LOOPBACK], [PUBLIC]]
    const guard = createAddressGuard([], (_, __, callback) =>
      callback(null, [...(answers.shift() ?? [])]),
    )
    const lookUp = (): Promise<unknown> =>
      new Promise((resolve) => {
        guard.lookup('rebound.example', { all: true }, (error, found) =>
          resolve(error?.code ?? found),
        )
      })
    expect(guard.permits(new URL('https://rebound.example/'))).toBe(true)
    expect([await lookUp(), await lookUp(), await lookUp()]).toEqual([
      [PUBLIC],
      ADDRESS_REFUSED,
      [PUBLIC],
    ])
  })

  it('that is allowed is asked over the connection that it has', async () => {
    const server = await startWebhook(ok)
    const allowHosts = ['Rebound.example']
    const results = await callNamed(server.port, [LOOPBACK], { calls: 2, allowHosts })
    expect(results).toMatchObject([{ status: 200 }, { status: 200 }])
    expect(server.connections()).toBe(1)
  })
})

describe('a connection that is kept', () => {
  it('serves only the host that it was made for', async () => {
    const server = await startWebhook(ok)
    const caller = createCaller({ url: server.url })
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    const other = createCaller({ url: `https://localhost:${server.port}` }, { allowHosts: [] })
    expect(await other.run()).toMatchObject({ status: 'failed', sent: false })
    expect(server.connections()).toBe(1)
  })
})

it.each([301, 302, 303, 307, 308])('follows no redirect: %s', async (code) => {
  const elsewhere = await startWebhook(ok)
  const server = await startWebhook(status(code, { location: elsewhere.url }))
  for (const method of ['GET', 'POST']) {
    expect(await createCaller({ url: server.url, method }).run()).toMatchObject({
      status: 'failed',
      content: `{"error":"the service answered ${code}"}`,
    })
  }
  expect(server.received).toHaveLength(2)
  expect(elsewhere.connections()).toBe(0)
})

it('asks no proxy that the environment names', async () => {
  const proxy = await startWebhook(ok)
  const server = await startWebhook(ok)
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
    vi.stubEnv(name, proxy.url)
  }
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  vi.stubEnv('NO_PROXY', '')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(await createCaller({ url: server.url }).run()).toMatchObject({ status: 'ok' })
  expect(server.received).toHaveLength(1)
  expect(proxy.connections()).toBe(0)
})
