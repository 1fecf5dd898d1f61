import { describe, expect, test } from 'vitest'
import type { Readiness } from '../../src/routes/health.ts'
import { listeningApp } from '../support/listening-app.ts'

async function readyz(url: string): Promise<readonly [number, unknown]> {
  const response = await fetch(`${url}/readyz`)
  return [response.status, await response.json()]
}

describe('readiness', () => {
  test.each<[number, string, Readiness]>([
    [200, 'ready', { upstream: 'ok' }],
    [200, 'ready', { upstream: 'ok', store: 'ok' }],
    [503, 'not_ready', { upstream: 'unusable' }],
    [503, 'not_ready', { upstream: 'unusable', store: 'ok' }],
    [503, 'not_ready', { upstream: 'ok', store: 'unreachable' }],
    [200, 'ready', { upstream: 'ok', store: 'ok', mcp: { desk: 'ok', billing: 'unreachable' } }],
    [200, 'ready', { upstream: 'ok', mcp: { desk: 'unreachable' } }],
  ])('is %i, %s when it stands like this: %j', async (code, status, parts) => {
    const { url } = await listeningApp({ readiness: () => parts })
    expect(await readyz(url)).toEqual([code, { status, ...parts }])
  })

  test('leaves out MCP where no server is configured', async () => {
    const { url } = await listeningApp({ readiness: () => ({ upstream: 'ok', mcp: {} }) })
    expect(await readyz(url)).toEqual([200, { status: 'ready', upstream: 'ok' }])
  })

  test('is asked anew each time', async () => {
    let store: 'ok' | 'unreachable' = 'ok'
    const { url } = await listeningApp({ readiness: () => ({ upstream: 'ok', store }) })
    expect((await readyz(url))[0]).toBe(200)
    store = 'unreachable'
    expect((await readyz(url))[0]).toBe(503)
    store = 'ok'
    expect((await readyz(url))[0]).toBe(200)
  })

  test('says that the server is stopping, whatever else is wrong', async () => {
    let upstream: 'ok' | 'unusable' = 'ok'
    const app = await listeningApp({ readiness: () => ({ upstream, store: 'ok' }) })
    app.drain()
    expect(await readyz(app.url)).toEqual([
      503,
      { status: 'draining', upstream: 'ok', store: 'ok' },
    ])
    upstream = 'unusable'
    expect(await readyz(app.url)).toMatchObject([503, { status: 'draining' }])
  })

  test('is no matter of life: the process is alive all the same', async () => {
    const { url } = await listeningApp({ readiness: () => ({ upstream: 'unusable' }) })
    const response = await fetch(`${url}/healthz`)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })
})
