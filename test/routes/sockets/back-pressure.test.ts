import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import type { VoiceSocket } from '../../../src/routes/sockets/voice-socket.ts'
import { rawLine, toFrame } from '../../support/raw-line.ts'
import { socketServer } from '../../support/socket-server.ts'
import { dialLine } from '../../support/voice-line.ts'

const LARGE = { text: 'x'.repeat(200_000) }

describe('a platform that reads nothing', () => {
  test('pauses what is said to it, is dropped, and others go on', async () => {
    const server = await talkingServer({ drainMs: 200 })
    const deaf = await dialLine(server.url)
    const other = await dialLine(server.url)
    deaf.socket.pause()
    deaf.send({ talk: 10_000 })
    await vi.waitFor(() => expect(server.talks).toHaveLength(1))
    other.send({ echo: true })
    await other.next((frame) => frame.echo === true)
    await server.talks[0]
    await vi.waitFor(() => expect(server.lines).toHaveLength(1))
    const [line] = server.lines
    expect(line?.values).toMatchObject({ reason: 'reads nothing', code: 1006 })
    // Some megabytes stand in the system's own buffers.
    expect(line?.values.sent).toBeLessThan(200)
    other.send({ echo: 2 })
    await other.next((frame) => frame.echo === 2)
  })

  test('is dropped at once when what is said to it does not pause either', async () => {
    const server = await socketServer({
      accept: (socket) => ({
        onFrame() {
          for (let count = 0; count < 1000; count++) void socket.send(LARGE)
        },
      }),
    })
    const line = await dialLine(server.url)
    line.socket.pause()
    line.send({})
    await vi.waitFor(() =>
      expect(server.lines.at(-1)?.values).toMatchObject({ reason: 'reads nothing' }),
    )
    expect(server.lines.at(-1)?.values.sent).toBeLessThan(100)
  })

  test('and floods the server with pings is dropped', async () => {
    const server = await socketServer()
    const raw = await rawLine(server.port)
    raw.socket.pause()
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => toFrame(9, 'x'.repeat(125))))
    const over = new Promise((resolve) => raw.socket.once('close', resolve))
    const flood = () => {
      while (!raw.socket.destroyed && raw.socket.write(pings));
    }
    raw.socket.on('drain', flood)
    flood()
    await over
    await vi.waitFor(() =>
      expect(server.lines).toMatchObject([{ message: 'socket closed', values: { code: 1006 } }]),
    )
  })
})

describe('a platform that reads slowly', () => {
  test('gets everything, and what is said to it waits', async () => {
    const server = await talkingServer({ drainMs: 2000 })
    const line = await dialLine(server.url)
    line.socket.pause()
    line.send({ talk: 100 })
    for (let rounds = 0; rounds < 20; rounds++) {
      line.socket.resume()
      await once(line.socket, 'message')
      line.socket.pause()
    }
    line.socket.resume()
    await line.next((frame) => frame.done === true)
    expect(line.frames).toHaveLength(101)
    expect(server.waits()).toBeGreaterThan(0)
  })

  test('is waited for before the end of what was said counts as sent', async () => {
    const { server, line, socket, left } = await fullConnection()
    const flushed = vi.fn()
    const whole = socket.flushed().then(flushed)
    const other = await dialLine(server.url)
    other.send({})
    await other.next((frame) => frame.there === true)
    expect(flushed).not.toHaveBeenCalled()
    line.socket.resume()
    await Promise.all([left, whole])
    expect(flushed).toHaveBeenCalledOnce()
  })

  test('does not hold up what was to be said when the connection ends', async () => {
    const { server, line, socket, left } = await fullConnection()
    const flushed = socket.flushed()
    socket.close(1008, 'enough')
    await Promise.all([left, flushed, socket.flushed()])
    // The other side has not answered the end yet.
    expect(server.lines).toEqual([])
    line.socket.resume()
    expect(await line.closed).toEqual({ code: 1008, reason: 'enough' })
  })
})

/** A connection to a platform that has stopped reading, and what was said last waits. */
async function fullConnection() {
  const sockets: VoiceSocket[] = []
  const server = await socketServer({
    accept: (socket) => {
      sockets.push(socket)
      return { onFrame: () => void socket.send({ there: true }) }
    },
  })
  const line = await dialLine(server.url)
  line.send({})
  await line.next((frame) => frame.there === true)
  line.socket.pause()
  const [socket] = sockets
  if (!socket) throw new Error('there is no connection')
  for (;;) {
    const left = socket.send(LARGE)
    // What the system takes leaves at once.
    if (left && !(await isSettled(left))) return { server, line, socket, left }
  }
}

async function isSettled(left: Promise<void>): Promise<boolean> {
  const no = new Promise<false>((resolve) => setTimeout(resolve, 20, false))
  return Promise.race([left.then(() => true), no])
}

/** Says so many large frames on demand, and waits when it is asked to. */
async function talkingServer(times: { readonly drainMs: number }) {
  const talks: Promise<void>[] = []
  let waits = 0
  async function talk(socket: VoiceSocket, count: number): Promise<void> {
    for (let said = 0; said < count && !socket.gone.aborted; said++) {
      const left = socket.send(LARGE)
      if (!left) continue
      waits += 1
      await left
    }
    await socket.flushed()
    await socket.send({ done: true })
  }
  const server = await socketServer({
    times,
    accept: (socket) => ({
      onFrame(frame) {
        if (typeof frame.talk === 'number') talks.push(talk(socket, frame.talk))
        else void socket.send(frame)
      },
    }),
  })
  return { ...server, talks, waits: () => waits }
}
