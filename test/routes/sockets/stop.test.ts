import { describe, expect, test, vi } from 'vitest'
import type { SocketPeer, VoiceSocket } from '../../../src/routes/sockets/voice-socket.ts'
import { createGate } from '../../support/gate.ts'
import { rawLine } from '../../support/raw-line.ts'
import { rawHttp } from '../../support/raw-http.ts'
import { socketServer } from '../../support/socket-server.ts'
import { dialLine } from '../../support/voice-line.ts'

const LONG = 60_000

describe('a server that stops', () => {
  test('ends each connection as soon as nothing is said on it, and then itself', async () => {
    const talk = createGate()
    const server = await socketServer({ accept: leavesAfter(talk.released) })
    const [idle, busy] = [await dialLine(server.url), await dialLine(server.url)]
    busy.send({ talk: true })
    await busy.next((frame) => frame.begun === true)
    const stopped = server.close(LONG)
    expect(await idle.closed).toEqual({ code: 1012, reason: 'the server stops' })
    expect(busy.socket.readyState).toBe(busy.socket.OPEN)
    talk.release()
    expect(await busy.closed).toEqual({ code: 1012, reason: 'the server stops' })
    expect(busy.frames).toContainEqual({ last: true })
    await stopped
    await expect(rawHttp(server.port)).rejects.toThrow('ECONNREFUSED')
  })

  test('does not wait longer than its limit, and tells nobody that the call is over', async () => {
    const server = await socketServer({ accept: leavesAfter(new Promise(() => undefined)) })
    const line = await dialLine(server.url)
    line.send({ talk: true })
    await line.next((frame) => frame.begun === true)
    await server.close(20)
    expect((await line.closed).code).toBe(1006)
    expect(server.lines.at(-1)?.values).toMatchObject({ reason: 'the server stopped' })
  })

  test('does not wait for one that does not answer the end', async () => {
    const server = await socketServer({ times: { closeMs: 30 } })
    const raw = await rawLine(server.port)
    await server.close(LONG)
    expect(await raw.closeCode()).toBe(1012)
  })

  test('waits for what is said although the connection is over', async () => {
    const work = createGate()
    const server = await socketServer()
    void server.gate.pass(null, () => work.released)
    const stopped = vi.fn()
    const stop = server.close(LONG).then(stopped)
    const line = rawHttp(server.port)
    // A round trip: it had the time to stop.
    await line
    expect(stopped).not.toHaveBeenCalled()
    work.release()
    await stop
    expect(stopped).toHaveBeenCalled()
  })

  test('can be stopped twice', async () => {
    const server = await socketServer()
    const line = await dialLine(server.url)
    server.drain()
    await Promise.all([server.close(LONG), server.close(LONG)])
    expect((await line.closed).code).toBe(1012)
  })

  test('with hundreds of connections ends all of them', async () => {
    const server = await socketServer({ maxSockets: 300 })
    const lines = await Promise.all(Array.from({ length: 300 }, () => dialLine(server.url)))
    await Promise.all(
      lines.map(async (line, number) => {
        line.send({ number })
        await line.next((frame) => frame.number === number)
      }),
    )
    await expect(dialLine(server.url)).rejects.toThrow('Unexpected server response: 503')
    expect(await server.metrics.text()).toContain('turnstate_sockets{platform="test"} 300')
    await server.close(LONG)
    const codes = await Promise.all(lines.map(async ({ closed }) => (await closed).code))
    expect(new Set(codes)).toEqual(new Set([1012]))
    expect(await server.metrics.text()).toContain('turnstate_sockets{platform="test"} 0')
  })
})

/** Talks on demand; when the server stops it leaves once it has talked. */
function leavesAfter(end: Promise<unknown>): (socket: VoiceSocket) => Partial<SocketPeer> {
  return (socket) => {
    let talking: Promise<unknown> | undefined
    const leave = () => socket.close(1012, 'the server stops')
    return {
      onFrame() {
        void socket.send({ begun: true })
        talking = end.then(() => socket.send({ last: true }))
      },
      onDrain() {
        if (talking) void talking.then(leave)
        else leave()
      },
    }
  }
}
