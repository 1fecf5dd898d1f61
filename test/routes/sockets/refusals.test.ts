import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { listeningApp } from '../../support/listening-app.ts'
import { rawHttp } from '../../support/raw-http.ts'
import { rawLine, toFrame, upgradeText } from '../../support/raw-line.ts'
import { socketServer } from '../../support/socket-server.ts'
import { dialLine } from '../../support/voice-line.ts'

const KEYS = [{ name: 'clinic', secret: 'the-right-key' }]

/** A refused caller may take its time. */
const LIMIT = { timeout: 10_000 }

describe('a connection with a key', () => {
  test.each([
    ['in the query', '/line/call-1?key=the-right-key', {}],
    ['as a header', '/line/call-1', { authorization: 'Bearer the-right-key' }],
  ])('that is right is made: %s', async (_, path, headers) => {
    const { port } = await socketServer({ keys: KEYS })
    const line = await rawLine(port, { path, headers })
    expect(line.received()).toMatch(/^HTTP\/1\.1 101 /)
  })

  test.each([
    ['in the query', '/line/call-1?key=a-wrong-key', {}],
    ['as a header', '/line/call-1', { authorization: 'Bearer a-wrong-key' }],
    ['not at all', '/line/call-1', {}],
  ])('that is wrong never comes about: %s', async (_, path, headers) => {
    let accepted = 0
    const server = await socketServer({
      keys: KEYS,
      accept: (socket) => {
        accepted += 1
        void socket.send({ hello: true })
        return {}
      },
    })
    const caller = await rawHttp(server.port)
    caller.socket.write(upgradeText({ path, headers }))
    caller.socket.write(toFrame(1, '{"hello":true}'))
    const answer = await caller.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 401 .*connection: close/is)
    expect(bodyOf(answer)).toMatchObject({ error: { code: 'invalid_api_key', param: null } })
    expect(answer).not.toContain('101 Switching')
    expect(accepted).toBe(0)
    expect(server.lines).toContainEqual({
      level: 'warn',
      values: { status: 401, code: 'unauthorized', param: undefined },
      message: 'request refused',
    })
    expect(JSON.stringify(server.lines) + answer).not.toContain('wrong-key')
  })
})

describe('the paths of the platforms', () => {
  test.each([
    '/k/a-wrong-key/llm-websocket/call-1',
    '/llm-websocket/call-1?key=a-wrong-key',
    '/k/a-wrong-key/conversation-relay',
    '/conversation-relay?key=a-wrong-key',
  ])('let nobody in with a wrong key: %s', async (path) => {
    const { port, lines } = await listeningApp({ keys: KEYS })
    const caller = await rawHttp(port)
    caller.socket.write(upgradeText({ path }))
    const answer = await caller.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).not.toContain('101 Switching')
    expect(JSON.stringify(lines) + answer).not.toContain('wrong-key')
  })

  test.each(['/k/the-right-key/llm-websocket/call-1', '/llm-websocket/call-1?key=the-right-key'])(
    'let in who has the right one: %s',
    async (path) => {
      const { port, lines } = await listeningApp({ keys: KEYS })
      const caller = await rawHttp(port)
      caller.socket.write(upgradeText({ path }))
      await caller.until('101 Switching')
      expect(JSON.stringify(lines)).not.toContain('right-key')
    },
  )
})

describe('a connection is refused before it is made', () => {
  test('when the server stops', async () => {
    const server = await socketServer()
    server.drain()
    const caller = await rawHttp(server.port)
    caller.socket.write(upgradeText())
    const answer = await caller.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*retry-after: 5/is)
    expect(bodyOf(answer)).toMatchObject({ error: { code: 'draining' } })
  })

  test('when too many are open, until one of them is over', async () => {
    const server = await socketServer({ maxSockets: 2 })
    const first = await dialLine(server.url)
    await dialLine(server.url)
    const caller = await rawHttp(server.port)
    caller.socket.write(upgradeText())
    const answer = await caller.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*retry-after: 1/is)
    expect(bodyOf(answer)).toMatchObject({ error: { code: 'overloaded' } })
    first.socket.close()
    await first.closed
    await vi.waitFor(() => dialLine(server.url))
  })

  test.each([
    ['key', { 'sec-websocket-key': 'too-short' }, /Sec-WebSocket-Key/],
    ['version', { 'sec-websocket-version': '7' }, /Sec-WebSocket-Version/],
    ['protocol', { 'sec-websocket-protocol': 'a,,b' }, /Sec-WebSocket-Protocol/],
  ])('when its %s is malformed', async (_, headers, message) => {
    const server = await socketServer()
    const caller = await rawHttp(server.port)
    caller.socket.write(upgradeText({ headers }))
    const answer = await caller.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*sec-websocket-version: 13/is)
    expect(bodyOf(answer)).toMatchObject({
      error: { message: expect.stringMatching(message) as string, code: 'invalid_request' }, // an asymmetric matcher
    })
  })

  test.each([
    ['/line/a/b', 404],
    ['/line/%zz', 400],
  ])('when its path is %s, which is none', async (path, status) => {
    const { port } = await socketServer()
    const caller = await rawHttp(port)
    caller.socket.write(upgradeText({ path }))
    const answer = await caller.closed()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(bodyOf(answer)).toHaveProperty('error')
  })

  test('when an earlier request still waits for its answer', async () => {
    const server = await socketServer()
    const caller = await rawHttp(server.port)
    caller.socket.write(`GET /slow HTTP/1.1\r\nhost: a\r\n\r\n${upgradeText()}`)
    expect(await caller.closed()).toBe('')
    await dialLine(server.url)
  })

  test('when it is none: a plain request is told so, and its connection stays', async () => {
    const { port } = await socketServer()
    const caller = await rawHttp(port)
    caller.socket.write('GET /line/call-1 HTTP/1.1\r\nhost: a\r\n\r\n')
    await caller.until('WebSocket connections only')
    caller.socket.write('GET /plain HTTP/1.1\r\nhost: a\r\n\r\n')
    await caller.until('{"plain":true}')
    expect(caller.received()).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('and nothing is left of it, also when the other side does not close', async () => {
    const server = await socketServer({ keys: KEYS })
    for (let count = 0; count < 20; count++) {
      const caller = await rawHttp(server.port)
      caller.socket.write(upgradeText())
      // Its own half stays open.
      caller.socket.allowHalfOpen = true
      await once(caller.socket, 'end')
    }
    await vi.waitFor(async () => expect(await server.connections()).toBe(0), LIMIT)
  })

  test('and a caller that resets the connection breaks nothing', async () => {
    const server = await socketServer({ keys: KEYS })
    for (let count = 0; count < 20; count++) {
      const caller = await rawHttp(server.port)
      caller.socket.write(upgradeText())
      caller.socket.resetAndDestroy()
    }
    await vi.waitFor(async () => expect(await server.connections()).toBe(0), LIMIT)
    const caller = await rawHttp(server.port)
    caller.socket.write(upgradeText({ path: '/line/1?key=the-right-key' }))
    await caller.until('101')
  })
})

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
}
