import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { heldTurn } from '../support/held-turn.ts'
import { listeningApp, post } from '../support/listening-app.ts'
import { postText, rawHttp } from '../support/raw-http.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }

function small(limits: { max_body_bytes?: number; max_concurrent_turns?: number }) {
  return {
    limits: { max_body_bytes: 4096, max_concurrent_turns: 100, max_sockets: 100, ...limits },
  }
}

describe('overload', () => {
  test('refuses a turn too many with 503 and retry-after, and takes one when there is room', async () => {
    const held = heldTurn()
    const { url } = await listeningApp({
      engine: held.engine,
      ...small({ max_concurrent_turns: 1 }),
    })
    const first = post(url + CHAT, BODY)
    await held.started
    const second = await post(url + CHAT, BODY)
    expect(second.status).toBe(503)
    expect(second.headers.get('retry-after')).toBe('1')
    expect(await second.json()).toMatchObject({
      error: { type: 'server_error', code: 'overloaded' },
    })
    held.release()
    expect((await first).status).toBe(200)
    expect((await post(url + CHAT, BODY)).status).toBe(200)
  })

  test('gives the place of a caller who hung up to the next one', async () => {
    const held = heldTurn()
    const { url, port } = await listeningApp({
      engine: held.engine,
      ...small({ max_concurrent_turns: 1 }),
    })
    const caller = await rawHttp(port)
    caller.socket.write(postText(CHAT, { ...BODY, stream: true }))
    await held.started
    caller.socket.destroy()
    await held.aborted
    await setImmediate()
    held.release()
    expect((await post(url + CHAT, BODY)).status).toBe(200)
  })

  test('does not count refused requests', async () => {
    const { url } = await listeningApp(small({ max_concurrent_turns: 1 }))
    for (let index = 0; index < 5; index++) expect((await post(url + CHAT, '{')).status).toBe(400)
    expect((await post(url + CHAT, BODY)).status).toBe(200)
  })
})

describe('a stop', () => {
  test('refuses new turns with 503 and lets a running one end whole', async () => {
    const held = heldTurn()
    const app = await listeningApp({ engine: held.engine })
    const running = post(app.url + CHAT, { ...BODY, stream: true })
    await held.started
    app.drain()
    const refused = await post(app.url + CHAT, BODY)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.json()).toMatchObject({ error: { code: 'draining' } })
    const closed = app.close(10_000)
    held.release()
    expect(await (await running).text()).toMatch(/At last.*\[DONE\]/s)
    await closed
    await expect(fetch(`${app.url}/healthz`)).rejects.toThrow()
  })

  test('waits no longer than it is told, then hangs up', async () => {
    const held = heldTurn()
    const app = await listeningApp({ engine: held.engine })
    const running = post(app.url + CHAT, { ...BODY, stream: true })
    await held.started
    await Promise.all([expect(running).rejects.toThrow(), app.close(1)])
    await held.aborted
  })

  test('is not held up by a connection that never sent a request', async () => {
    const app = await listeningApp()
    const idle = await rawHttp(app.port)
    await app.close(10_000)
    expect(await idle.closed()).toBe('')
  })
})

describe('bodies', () => {
  test('that are too large are answered 413, also when they come without a length', async () => {
    const { url } = await listeningApp(small({ max_body_bytes: 4096 }))
    const text = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] })
    const known = await post(url + CHAT, text)
    expect(known.status).toBe(413)
    expect(await known.json()).toMatchObject({ error: { code: 'body_too_large', param: null } })
    const init: RequestInit = { method: 'POST', body: new Blob([text]).stream(), duplex: 'half' }
    const chunked = await fetch(url + CHAT, init)
    expect(chunked.status).toBe(413)
    expect(await chunked.json()).toMatchObject({ error: { code: 'body_too_large' } })
  })

  test('that do not come in time are answered 408', async () => {
    const { port } = await listeningApp({ timeouts: { requestMs: 40 } })
    const slow = await rawHttp(port)
    slow.socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"mess`)
    const answer = await slow.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('"code":"invalid_request"')
  })

  test('that break off leave the server as it was', async () => {
    const app = await listeningApp()
    const broken = await rawHttp(app.port)
    broken.socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"mess`)
    broken.socket.end()
    await broken.closed()
    expect((await post(app.url + CHAT, BODY)).status).toBe(200)
    expect(app.lines.filter((line) => line.level === 'error')).toEqual([])
  })

  test.each([
    ['', 'The body is empty: send a JSON object'],
    ['\ufeff', 'The body is empty: send a JSON object'],
    ['{', 'The body is not valid JSON'],
    ['{"messages": [}', 'The body is not valid JSON'],
    ['nonsense', 'The body is not valid JSON'],
    ['null', 'The body must be a JSON object'],
    ['[]', 'The body must be a JSON object'],
    ['"text"', 'The body must be a JSON object'],
    ['7', 'The body must be a JSON object'],
  ])('that are %j are answered 400', async (body, message) => {
    const { url } = await listeningApp()
    const response = await post(url + CHAT, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: { message, type: 'invalid_request_error', param: null, code: 'invalid_request' },
    })
  })

  test('that miss are answered 400', async () => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    caller.socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    expect(await caller.closed()).toMatch(/^HTTP\/1\.1 400 .*The body is empty/s)
  })
})

describe('what is no HTTP', () => {
  test.each([
    ['a text', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a bad length', `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n`, 400],
    ['endless headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ['no Host header', 'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['no Host header, no route', 'GET /x HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['an unreadable path', 'GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400],
  ])('(%s) is answered in the form of every error', async (_, bytes, status) => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    caller.socket.write(bytes, 'latin1')
    const answer = await caller.closed()
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { type: 'invalid_request_error' },
    })
    expect(answer).not.toContain('%zz')
  })

  test('but HTTP/1.0, which has no Host header, is answered', async () => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    caller.socket.write('GET /healthz HTTP/1.0\r\n\r\n')
    expect(await caller.closed()).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}/s)
  })

  test('never stands in the middle of an answer', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Hello' }])
    const { port } = await listeningApp({ engine: held.engine })
    const caller = await rawHttp(port)
    caller.socket.write(postText(CHAT, { ...BODY, stream: true }))
    await caller.until('Hello')
    caller.socket.write('garbage\r\n\r\n')
    expect(await caller.closed()).not.toContain('HTTP/1.1 400')
  })
})
