import { once } from 'node:events'
import { createSecureServer, createServer } from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Certificate } from './certificate.ts'
import { toEvents } from './upstream-server.ts'

interface Http2UpstreamOptions {
  /** Absent: clear text, prior knowledge. */
  readonly tls?: Certificate
  readonly maxConcurrentStreams?: number
  readonly onStream: (stream: ServerHttp2Stream, number: number) => void
}

export interface Http2Upstream {
  readonly url: string
  readonly sessions: readonly ServerHttp2Session[]
  readonly streams: readonly ServerHttp2Stream[]
  /** The number of the stream's session, from 0; both from 0. */
  sessionOf(stream: number): number
  /** Cuts all connections. */
  cut(): void
  /** The most that ran at the same time in one session. */
  mostAtOnce(): number
  close(): Promise<void>
}

/** A language model endpoint over HTTP/2; each stream is given on once its request is whole. */
export async function startHttp2Upstream({
  tls,
  maxConcurrentStreams = 200,
  onStream,
}: Http2UpstreamOptions): Promise<Http2Upstream> {
  const sessions: ServerHttp2Session[] = []
  const sessionNumbers: number[] = []
  const sockets: Socket[] = []
  const streams: ServerHttp2Stream[] = []
  const settings = { maxConcurrentStreams }
  const server = tls ? createSecureServer({ ...tls, settings }) : createServer({ settings })
  const running = new Map<ServerHttp2Session, number>()
  let most = 0

  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.on('session', (session) => {
    sessions.push(session)
    running.set(session, 0)
    session.on('error', () => undefined)
    session.on('stream', (stream) => {
      streams.push(stream)
      sessionNumbers.push(sessions.indexOf(session))
      const number = streams.length
      const count = (running.get(session) ?? 0) + 1
      running.set(session, count)
      most = Math.max(most, count)
      stream.on('error', () => undefined)
      stream.once('close', () => running.set(session, (running.get(session) ?? 0) - 1))
      stream.resume().once('end', () => {
        if (!stream.destroyed) onStream(stream, number)
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/v1`,
    sessions,
    streams,
    sessionOf: (stream) => sessionNumbers[stream] ?? -1,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    mostAtOnce: () => most,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The beginning of an answer, which is left open. */
export function beginAnswer(stream: ServerHttp2Stream, say: string): void {
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
  for (const event of toEvents({ say }, false)) stream.write(event)
}

/** A whole answer. */
export function answer(stream: ServerHttp2Stream, say: string): void {
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
  for (const event of toEvents({ say })) stream.write(event)
  stream.end()
}

export function endAnswer(stream: ServerHttp2Stream, say: string): void {
  for (const event of toEvents({ say })) stream.write(event)
  stream.end()
}
