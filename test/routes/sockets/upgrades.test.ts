import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { curl } from '../../support/curl.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { upgradeText } from '../../support/raw-line.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }
const H2C = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'
const WEBSOCKET =
  'connection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

describe('a request that offers an upgrade which nobody takes', () => {
  test.each([
    ['h2c', H2C],
    ['websocket', WEBSOCKET],
  ])('is answered as the plain request that it is, again and again (%s)', async (_, offer) => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    for (let count = 1; count <= 3; count++) {
      caller.socket.write(postText(CHAT, BODY, offer))
      await hasAnswers(caller, count)
    }
    expect(caller.received()).not.toContain('HTTP/1.1 101')
    expect(caller.received().match(/connection: keep-alive/gi)).toHaveLength(3)
  })

  test('leaves nothing behind on its connection', async () => {
    const app = await listeningApp()
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const accepted = once(app.server.server, 'connection') as Promise<[Socket]> // by the event's definition
    const caller = await rawHttp(app.port)
    const [socket] = await accepted
    const listeners = () =>
      socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)
    const counts: number[] = []
    for (let count = 1; count <= 30; count++) {
      caller.socket.write(`GET /healthz HTTP/1.1\r\nhost: a\r\n${H2C}\r\n`)
      await hasAnswers(caller, count)
      counts.push(listeners())
    }
    expect(new Set(counts.slice(1)).size).toBe(1)
    expect(warnings).toEqual([])
  })

  test.each([
    ['h2c', H2C],
    ['websocket', WEBSOCKET],
  ])('may send its body in several packets (%s)', async (_, offer) => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    const bytes = Buffer.from(postText(CHAT, BODY, offer))
    for (const [from, to] of [
      [0, 30],
      [30, bytes.length - 20],
      [bytes.length - 20, bytes.length],
    ] as const) {
      caller.socket.write(bytes.subarray(from, to))
      await written(caller.socket)
    }
    await hasAnswers(caller, 1)
    expect(caller.received()).toMatch(/^HTTP\/1\.1 200 .*Hello there\./s)
  })

  test('may send its body in chunks, and other requests may come behind it', async () => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    const text = JSON.stringify(BODY)
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\n${H2C}transfer-encoding: chunked\r\n\r\n`
    caller.socket.write(`${head}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`)
    await hasAnswers(caller, 1)
    caller.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
    await hasAnswers(caller, 2)
    expect(caller.received()).toContain('{"status":"ok"}')
  })

  test('waits for the answer to the request before it', async () => {
    const held = heldTurn()
    const { port } = await listeningApp({ engine: held.engine })
    const caller = await rawHttp(port)
    caller.socket.write(postText(CHAT, BODY) + `GET /healthz HTTP/1.1\r\nhost: a\r\n${H2C}\r\n`)
    await held.started
    expect(caller.received()).toBe('')
    held.release()
    await hasAnswers(caller, 2)
    expect(caller.received()).toMatch(/At last\..*\{"status":"ok"\}/s)
  })

  test('is closed behind when it asks for that', async () => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    caller.socket.write(
      'GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close, upgrade\r\nupgrade: h2c\r\n\r\n',
    )
    expect(await caller.closed()).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}/s)
  })

  test('is answered on one connection when curl offers HTTP/2', async () => {
    const { url } = await listeningApp()
    const form = ['-w', ' %{http_version} %{num_connects}\n', '--http2']
    const body = ['--json', JSON.stringify(BODY)]
    const said = await curl(...form, ...body, url + CHAT, '--next', '-sS', ...form, ...body, url)
    expect(said.trim().split('\n')).toEqual([
      expect.stringMatching(/Hello there\..* 1\.1 1$/),
      expect.stringMatching(/Hello there\..* 1\.1 0$/),
    ])
  })

  test.each(['/llm-websocket', '/llm-websocket/?key=a', '/v1/models', '/'])(
    'is none for a socket on %s, where there is none',
    async (path) => {
      const { port } = await listeningApp()
      const caller = await rawHttp(port)
      caller.socket.write(upgradeText({ path }))
      await hasAnswers(caller, 1)
      caller.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
      const answers = await caller.closed()
      expect(answers).toMatch(/^HTTP\/1\.1 (200|404) .*\{"status":"ok"\}/s)
      expect(answers).not.toContain('HTTP/1.1 101')
    },
  )

  test('does not open a tunnel either', async () => {
    const { port } = await listeningApp()
    const caller = await rawHttp(port)
    caller.socket.write('CONNECT example.org:443 HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await caller.closed()).toBe('')
  })
})

/** Waits until so many answers have come, whole. */
async function hasAnswers(caller: Awaited<ReturnType<typeof rawHttp>>, count: number) {
  const isThere = () => {
    const answers = caller.received().split('HTTP/1.1 ').slice(1)
    return answers.length >= count && answers.every(isWhole)
  }
  while (!isThere()) await once(caller.socket, 'data')
}

function isWhole(answer: string): boolean {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  return length !== undefined && Buffer.byteLength(body) >= Number(length)
}

/** Lets the bytes leave in a packet of their own. */
function written(socket: Socket): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, socket.writableLength > 0 ? 20 : 10))
}
