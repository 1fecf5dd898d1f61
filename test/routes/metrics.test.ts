import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../src/errors.ts'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import type { Readiness } from '../../src/routes/health.ts'
import type { TurnEvent } from '../../src/turn/turn.ts'
import { fakeEngine } from '../support/fake-engine.ts'
import { heldTurn } from '../support/held-turn.ts'
import { listeningApp, post } from '../support/listening-app.ts'
import { postText, rawHttp } from '../support/raw-http.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }
const SECRET = 'secret-of-someone'
const READY: Readiness = { upstream: 'ok' }
const PROXIED = { 'x-forwarded-for': '203.0.113.7' }

function appWith(options: Parameters<typeof listeningApp>[0] = {}) {
  return listeningApp({ readiness: () => READY, ...options })
}

const guardedApp = () => appWith({ keys: [{ name: 'a', secret: SECRET }] })

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
}

const turnsOf = (metrics: Metrics) => linesOf(metrics, 'turnstate_turns_total')

describe('the metrics route', () => {
  test('answers in the text format of Prometheus, with what was counted', async () => {
    const { url } = await appWith()
    await post(url + CHAT, BODY)
    const response = await fetch(`${url}/metrics`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    expect(text).toContain(
      '\nturnstate_turns_total{kind="new",source="generated",finish="stop"} 1\n',
    )
    expect(text).toContain('\nprocess_cpu_seconds_total ')
  })

  test('says how store and MCP servers stand at that moment', async () => {
    let readiness = READY
    const { url } = await appWith({ readiness: () => readiness })
    const scrape = async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      return text.split('\n').filter((line) => /^turnstate_(?:store|mcp)/.test(line))
    }
    expect(await scrape()).toEqual([])
    readiness = { upstream: 'ok', store: 'ok', mcp: { desk: 'unreachable' } }
    expect(await scrape()).toEqual([
      'turnstate_mcp_server_up{server="desk"} 0',
      'turnstate_store_up 1',
    ])
    readiness = { upstream: 'ok', store: 'unreachable', mcp: { desk: 'ok' } }
    expect(await scrape()).toEqual([
      'turnstate_mcp_server_up{server="desk"} 1',
      'turnstate_store_up 0',
    ])
  })
})

describe('a key for the metrics', () => {
  test('is not asked of this machine', async () => {
    const { url, port } = await guardedApp()
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    expect((await fetch(`http://localhost:${port}/metrics`)).status).toBe(200)
  })

  // Injected: a test that listens on loopback only has no other address to come from.
  test.each([
    ['127.0.0.1', 200],
    ['127.3.2.1', 200],
    ['::1', 200],
    ['::ffff:127.0.0.1', 200],
    ['203.0.113.7', 401],
    ['::ffff:203.0.113.7', 401],
    ['::ffff:10.127.0.1', 401],
    ['10.0.0.1', 401],
    ['2001:db8::1', 401],
    ['::2', 401],
  ])('of the address %s: %i without one', async (remoteAddress, status) => {
    const { server } = await guardedApp()
    const headers = { host: 'localhost' }
    const response = await server.inject({ path: '/metrics', remoteAddress, headers })
    expect(response.statusCode).toBe(status)
  })

  test.each([
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-for', ''],
    ['x-forwarded-host', 'voice.example'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-server', 'voice.example'],
    ['x-forwarded-anything', ''],
    ['x-real-ip', '127.0.0.1'],
    ['x-client-ip', '127.0.0.1'],
    ['true-client-ip', '127.0.0.1'],
    ['cf-connecting-ip', '127.0.0.1'],
    ['forwarded', 'for=127.0.0.1'],
    ['via', '1.1 proxy'],
    ['origin', 'https://page.example'],
    ['referer', 'https://page.example/'],
    ['sec-fetch-site', 'cross-site'],
    ['sec-fetch-site', 'same-origin'],
  ])('is asked of what a proxy or a page sends: %s: %s', async (name, value) => {
    const { url } = await guardedApp()
    const response = await fetch(`${url}/metrics`, { headers: { [name]: value } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null },
    })
  })

  test.each([
    ['HTTP/1.1', 'localhost:8080', 200],
    ['HTTP/1.1', '[::1]:8080', 200],
    ['HTTP/1.1', 'voice.example', 401],
    ['HTTP/1.1', 'localhost.voice.example', 401],
    ['HTTP/1.1', '127.0.0.1.voice.example', 401],
    ['HTTP/1.0', '127.0.0.1:8080', 401],
  ])('is asked by the host that is meant: %s to %s is %i', async (version, host, status) => {
    const { port } = await guardedApp()
    const caller = await rawHttp(port)
    caller.socket.write(`GET /metrics ${version}\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    expect(await caller.closed()).toContain(`HTTP/1.1 ${status} `)
  })

  test('is not asked of somebody who types the address into a browser', async () => {
    const { url } = await guardedApp()
    const headers = { 'sec-fetch-site': 'none' }
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200)
  })

  test.each([
    [
      'another host beside that of this machine',
      '/metrics',
      'host: localhost\r\nhost: voice.example',
    ],
    ['two hosts of this machine', '/metrics', 'host: localhost\r\nhost: localhost'],
    ['the address as one asks a proxy', 'http://localhost/metrics', 'host: localhost'],
    ['another address as one asks a proxy', 'http://voice.example/metrics', 'host: localhost'],
  ])('is asked of a request with %s', async (_, target, headers) => {
    const { port } = await guardedApp()
    const caller = await rawHttp(port)
    const head = `GET ${target} HTTP/1.1\r\n${headers}\r\nconnection: close\r\n\r\n`
    caller.socket.write(head)
    expect(await caller.closed()).toContain('HTTP/1.1 401 ')
  })

  test('opens them from anywhere, in each place where a key may stand', async () => {
    const { url } = await guardedApp()
    const statusOf = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(url + path, { headers: { ...PROXIED, ...headers } })).status
    expect(await statusOf('/metrics', { authorization: `Bearer ${SECRET}` })).toBe(200)
    expect(await statusOf('/metrics', { 'x-api-key': SECRET })).toBe(200)
    expect(await statusOf(`/k/${SECRET}/metrics`)).toBe(200)
    expect(await statusOf('/metrics', { 'x-api-key': 'secret-of-nobody' })).toBe(401)
    expect(await statusOf('/k/secret-of-nobody/metrics')).toBe(401)
  })

  test('is asked of nobody where there are none', async () => {
    const { url } = await appWith({ keys: [] })
    expect((await fetch(`${url}/metrics`, { headers: PROXIED })).status).toBe(200)
  })
})

describe('a turn is counted', () => {
  test.each([
    ['as a stream', true],
    ['as one body', false],
  ])('once, by its facts and its end, %s', async (_, stream) => {
    const metrics = createMetrics()
    const engine = fakeEngine({ facts: { kind: 'revised' }, end: { finishReason: 'tool_calls' } })
    const { url } = await appWith({ engine, metrics })
    await (await post(url + CHAT, { ...BODY, stream })).text()
    expect(await turnsOf(metrics)).toEqual([
      'turnstate_turns_total{kind="revised",source="generated",finish="tool_calls"} 1',
    ])
    expect(await linesOf(metrics, 'turnstate_turn_seconds_count')).toEqual([
      'turnstate_turn_seconds_count 1',
    ])
  })

  test('as superseded when another request took its place', async () => {
    const metrics = createMetrics()
    const { url } = await appWith({ engine: fakeEngine({ end: { isSuperseded: true } }), metrics })
    await post(url + CHAT, BODY)
    expect(await turnsOf(metrics)).toEqual([
      'turnstate_turns_total{kind="new",source="generated",finish="superseded"} 1',
    ])
  })

  test.each([
    [new TurnstateError('upstream_timeout', 'Too late'), 'upstream_timeout'],
    [new Error('A mistake with words of a caller in it'), 'internal'],
  ])('by the code of what ended it: %s', async (error, finish) => {
    const metrics = createMetrics()
    const engine = fakeEngine({ run: () => Promise.reject(error) })
    const { url } = await appWith({ engine, metrics })
    await post(url + CHAT, { ...BODY, stream: true })
    expect(await turnsOf(metrics)).toEqual([
      `turnstate_turns_total{kind="new",source="generated",finish="${finish}"} 1`,
    ])
  })

  test.each([
    ['a stream', true],
    ['one body', false],
  ])('when its caller hangs up on %s', async (_, stream) => {
    const metrics = createMetrics()
    const held = heldTurn([{ type: 'text-delta', text: 'Hello' }])
    const app = await appWith({ engine: held.engine, metrics })
    const caller = await rawHttp(app.port)
    caller.socket.write(postText(CHAT, { ...BODY, stream }))
    await held.started
    caller.socket.destroy()
    await held.aborted
    await app.close(10_000)
    expect(await turnsOf(metrics)).toEqual([
      'turnstate_turns_total{kind="new",source="generated",finish="caller_gone"} 1',
    ])
    expect(await linesOf(metrics, 'turnstate_first_token_seconds_count')).toEqual([
      'turnstate_first_token_seconds_count 1',
    ])
  })

  test('not at all when the request was refused before there was one', async () => {
    const metrics = createMetrics()
    const { url } = await appWith({ metrics, keys: [{ name: 'a', secret: SECRET }] })
    expect((await post(url + CHAT, BODY)).status).toBe(401)
    expect((await post(url + CHAT, '{', { 'x-api-key': SECRET })).status).toBe(400)
    expect(await turnsOf(metrics)).toEqual([])
  })
})

describe('the first token', () => {
  const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })
  const call: TurnEvent = {
    type: 'tool-call',
    call: { id: 'call_1', name: 'end_call', arguments: '{}' },
  }

  test.each<[number, string, readonly TurnEvent[]]>([
    [1, 'words, however many', [{ type: 'keep-alive' }, text('Hello'), text(' there.')]],
    [1, 'words after a space', [text(' '), text('Hello')]],
    [0, 'the space of a turn that says nothing', [text(' ')]],
    [0, 'calls only', [call]],
    [0, 'nothing', []],
  ])('is timed %i times for %s', async (count, _, events) => {
    const metrics = createMetrics()
    const { url } = await appWith({ engine: fakeEngine({ events }), metrics })
    await (await post(url + CHAT, { ...BODY, stream: true })).text()
    expect(await linesOf(metrics, 'turnstate_first_token_seconds_count')).toEqual([
      `turnstate_first_token_seconds_count ${count}`,
    ])
    expect(await turnsOf(metrics)).toHaveLength(1)
  })
})
