import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { rawLine, toFrame } from '../../support/raw-line.ts'
import { socketServer } from '../../support/socket-server.ts'
import { dialLine } from '../../support/voice-line.ts'

describe('frames', () => {
  test('are JSON objects in text, one by one or in fragments', async () => {
    const { port, url } = await socketServer()
    const line = await dialLine(url)
    line.send({ count: 1 })
    await line.next((frame) => frame.count === 1)
    const raw = await rawLine(port)
    raw.frame(1, '{"word', { isLast: false })
    raw.frame(9, 'between')
    raw.frame(0, '":"né', { isLast: false })
    raw.frame(0, 'e"}')
    await raw.until('{"word":"née"}')
  })

  test.each([
    ['that are no JSON', 'hello'],
    ['that are empty', ''],
    ['that are arrays', '[{}]'],
    ['that are numbers', '1'],
    ['that are null', 'null'],
    ['that are binary', Buffer.from('{}')],
  ])('%s end the connection with 1007', async (_, frame) => {
    const line = await dialLine((await socketServer()).url)
    line.send(frame)
    expect(await line.closed).toEqual({
      code: 1007,
      reason: 'frames must be JSON objects in text',
    })
    expect(line.frames).toEqual([])
  })

  test.each([
    ['too large', 1009, [toFrame(1, JSON.stringify({ text: 'x'.repeat(2000) }))]],
    [
      'too large in fragments',
      1009,
      [toFrame(1, 'x'.repeat(600), { isLast: false }), toFrame(0, 'x'.repeat(600))],
    ],
    ['said to be too large', 1009, [Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0])]],
    ['not UTF-8', 1007, [toFrame(1, Buffer.from([0x7b, 0xc3, 0x28, 0x7d]))]],
    ['marked by reserved bits', 1002, [toFrame(1, '{}', { isReserved: true })]],
    ['not masked', 1002, [toFrame(1, '{}', { isMasked: false })]],
    ['of an unknown kind', 1002, [toFrame(5, '{}')]],
    ['a continuation of nothing', 1002, [toFrame(0, '{}')]],
    ['a ping in fragments', 1002, [toFrame(9, '', { isLast: false })]],
    ['endless fragments', 1008, endlessFragments()],
  ])('that are %s end the connection with %d', async (_, code, frames) => {
    const server = await socketServer({ maxFrameBytes: 1024 })
    const raw = await rawLine(server.port)
    raw.socket.write(Buffer.concat(frames))
    expect(await raw.closeCode()).toBe(code)
    raw.socket.destroy()
    await vi.waitFor(() => expect(socketLines(server)).toHaveLength(1))
  })

  test('behind the end are not read', async () => {
    const onFrame = vi.fn()
    const server = await socketServer({ accept: () => ({ onFrame }) })
    const raw = await rawLine(server.port)
    raw.socket.write(
      Buffer.concat([toFrame(1, '{}'), toFrame(1, 'no JSON'), toFrame(1, '{"late":1}')]),
    )
    expect(await raw.closeCode()).toBe(1007)
    expect(onFrame.mock.calls).toEqual([[{}]])
  })
})

describe('a connection', () => {
  test('on which no frame comes in time is closed with 1008, although it answers pings', async () => {
    const { url } = await socketServer({ times: { firstFrameMs: 60, heartbeatMs: 10 } })
    const line = await dialLine(url)
    expect(await line.closed).toEqual({ code: 1008, reason: 'no frame came in time' })
  })

  test('on which a frame came stays', async () => {
    const { url } = await socketServer({ times: { firstFrameMs: 100, heartbeatMs: 20 } })
    const line = await dialLine(url)
    line.send({ count: 1 })
    for (let pings = 0; pings < 10; pings++) await once(line.socket, 'ping')
    line.send({ count: 2 })
    await line.next((frame) => frame.count === 2)
  })

  test('that answers no ping is dropped', async () => {
    const server = await socketServer({ times: { heartbeatMs: 20 } })
    const raw = await rawLine(server.port)
    raw.frame(1, '{}')
    await raw.closed()
    await vi.waitFor(() =>
      expect(socketLines(server)).toMatchObject([{ code: 1006, reason: 'answers no ping' }]),
    )
  })

  test('is over within its limit when the other side does not answer the end', async () => {
    const server = await socketServer({ times: { closeMs: 30 } })
    const raw = await rawLine(server.port)
    raw.frame(1, 'no JSON')
    await raw.closed()
    await vi.waitFor(() =>
      expect(socketLines(server)).toMatchObject([
        { code: 1006, reason: 'frames must be JSON objects in text' },
      ]),
    )
    expect(await server.connections()).toBe(0)
  })

  test('on which a front end breaks is closed with 1011, and others live on', async () => {
    const server = await socketServer({
      accept: (socket) => ({
        onFrame(frame) {
          if (frame.breaks) throw new Error('a mistake')
          void socket.send(frame)
        },
      }),
    })
    const [one, other] = [await dialLine(server.url), await dialLine(server.url)]
    one.send({ breaks: true })
    expect(await one.closed).toEqual({ code: 1011, reason: 'the server made a mistake' })
    expect(server.lines).toContainEqual({
      level: 'error',
      values: { platform: 'test', err: new Error('a mistake') },
      message: 'a front end broke',
    })
    other.send({ count: 1 })
    await other.next((frame) => frame.count === 1)
  })

  test.each(['accept', 'onDrain', 'conversation'] as const)(
    'ends properly when the front end breaks in %s',
    async (place) => {
      const fail = () => {
        throw new Error('a mistake')
      }
      const server = await socketServer({
        accept: place === 'accept' ? fail : () => ({ [place]: fail }),
      })
      const line = await dialLine(server.url)
      if (place !== 'accept') server.drain()
      expect((await line.closed).code).toBe(place === 'conversation' ? 1012 : 1011)
      await vi.waitFor(() => expect(socketLines(server)).toMatchObject([{ platform: 'test' }]))
    },
  )

  test('is told in one line of the log when it is over, and counted while it is open', async () => {
    const server = await socketServer()
    const line = await dialLine(server.url)
    line.send({ count: 1 })
    line.send({ count: 2 })
    await line.next((frame) => frame.count === 2)
    expect(await server.metrics.text()).toContain('turnstate_sockets{platform="test"} 1')
    line.socket.close(4001, 'I am the caller')
    await line.closed
    await vi.waitFor(() =>
      expect(socketLines(server)).toEqual([
        {
          platform: 'test',
          conversation: 'call-1',
          code: 4001,
          reason: 'closed by the platform',
          seconds: expect.any(Number) as number, // an asymmetric matcher
          received: 2,
          sent: 2,
        },
      ]),
    )
    expect(await server.metrics.text()).toContain('turnstate_sockets{platform="test"} 0')
  })

  test('that breaks is over', async () => {
    const gone = vi.fn()
    const server = await socketServer({
      accept: (socket) => {
        socket.gone.addEventListener('abort', gone)
        return {}
      },
    })
    const line = await dialLine(server.url)
    line.socket.terminate()
    await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce())
    await vi.waitFor(() =>
      expect(socketLines(server)).toMatchObject([{ code: 1006, reason: 'the connection broke' }]),
    )
  })

  test.each([
    ['a long text', 'x'.repeat(200), 'x'.repeat(123)],
    ['a character at the limit', `${'x'.repeat(122)}é`, 'x'.repeat(122)],
    ['many of them', '😀'.repeat(40), '😀'.repeat(30)],
  ])('gives as much of its reason as there is room for: %s', async (_, reason, told) => {
    const { url } = await socketServer({
      accept: (socket) => ({ onFrame: () => socket.close(1008, reason) }),
    })
    const line = await dialLine(url)
    line.send({})
    expect(await line.closed).toEqual({ code: 1008, reason: told })
  })

  test('that is closed or dropped by its front end takes nothing more', async () => {
    const { url, lines } = await socketServer({
      accept: (socket) => ({
        onFrame(frame) {
          void socket.send({ last: true })
          if (frame.drops) socket.drop()
          else socket.close(1008, 'enough')
          void socket.send({ late: true })
          socket.close(1011, 'again')
        },
      }),
    })
    const closed = await dialLine(url)
    closed.send({})
    expect(await closed.closed).toEqual({ code: 1008, reason: 'enough' })
    expect(closed.frames).toEqual([{ last: true }])
    const dropped = await dialLine(url)
    dropped.send({ drops: true })
    expect((await dropped.closed).code).toBe(1006)
    expect(dropped.frames).not.toContainEqual({ late: true })
    await vi.waitFor(() =>
      expect(lines.map(({ values }) => values.reason)).toEqual(['enough', 'dropped']),
    )
  })
})

type Server = Awaited<ReturnType<typeof socketServer>>

function socketLines({ lines }: Server) {
  return lines.filter(({ message }) => message === 'socket closed').map(({ values }) => values)
}

/** 20 000 pieces of one message: few bytes, but each is kept. */
function endlessFragments(): readonly Buffer[] {
  return [
    toFrame(1, '{', { isLast: false }),
    ...Array.from({ length: 20_000 }, () => toFrame(0, '', { isLast: false })),
  ]
}
