import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { connectionLost } from './connection.ts'
import type {
  Connection,
  ConnectionListener,
  Exchange,
  ResponseHead,
  ResponseSink,
  WireRequest,
} from './connection.ts'

/** One lost connection should not end more turns than this. */
export const MAX_STREAMS = 100
/** A connection that needs longer for a ping serves no more turns. */
const LONGEST_PING_MS = 1000

/*
 * Node's own client, not undici's (7.30): that one closes the socket at a GOAWAY, which servers send
 * all day to renew connections, and so cuts the answers that are still running on it.
 */

interface Http2Listener extends ConnectionListener {
  /** The other side has said how many streams it takes. */
  readonly onReady: () => void
}

/** HTTP/2 on a socket that is open already; ready once the other side's settings have come. */
export function createHttp2Connection(
  socket: Socket,
  origin: string,
  { onReady, onFree, onGone }: Http2Listener,
): Connection {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { enablePush: false },
  })
  let running = 0
  let isGone = false
  let isPinging = false

  function gone(): void {
    if (isGone) return
    isGone = true
    onGone()
    if (running === 0) close(connectionLost())
  }

  function close(error: Error): void {
    session.destroy(error)
    socket.destroy()
    gone()
  }

  /** A request that is given up may have been on a dead connection, which TCP finds out after minutes. */
  function ping(): void {
    if (isPinging || isGone || session.destroyed) return
    const timer = setTimeout(gone, LONGEST_PING_MS)
    timer.unref()
    isPinging = session.ping(() => {
      isPinging = false
      clearTimeout(timer)
    })
  }

  session.unref()
  session.once('remoteSettings', onReady)
  session.on('goaway', gone)
  session.on('close', gone)
  // What it means for a request comes on its stream.
  session.on('error', gone)

  return {
    socket,
    room: () => (isGone || session.closed ? 0 : maxStreams(session) - running),
    start(request, sink) {
      if (running++ === 0) session.ref()
      return startOn(session, request, {
        ...sink,
        onAborted: ping,
        onClosed() {
          if (--running === 0 && !session.destroyed) session.unref()
          if (!isGone) onFree()
          else if (running === 0) close(connectionLost())
        },
      })
    },
    close,
  }
}

function maxStreams({ remoteSettings }: ClientHttp2Session): number {
  return Math.min(remoteSettings.maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS)
}

type IncomingHeaders = ResponseHead['headers'] & { readonly ':status'?: number }

interface StreamSink extends ResponseSink {
  readonly onAborted: () => void
  /** After all else, an abort too. */
  readonly onClosed: () => void
}

function startOn(session: ClientHttp2Session, request: WireRequest, sink: StreamSink): Exchange {
  const stream = streamFor(session, request)
  if (stream instanceof Error) {
    queueMicrotask(() => {
      sink.onError(stream)
      sink.onClosed()
    })
    return { pause: () => undefined, resume: () => undefined, abort: () => undefined }
  }
  const end = listen(stream, session, sink)
  stream.cork()
  for (const piece of request.body) stream.write(piece)
  stream.end()
  stream.uncork()
  return {
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    abort() {
      end()
      stream.off('data', sink.onData)
      stream.close(constants.NGHTTP2_CANCEL)
      sink.onAborted()
    },
  }
}

/** An error where the session went away in this very moment, or a configured header is none of HTTP/2. */
function streamFor(
  session: ClientHttp2Session,
  { headers, path }: WireRequest,
): ClientHttp2Stream | Error {
  try {
    return session.request({ ...headers, ':method': 'POST', ':path': path })
  } catch (error) {
    return error instanceof Error ? error : connectionLost()
  }
}

/** Calls the sink; the returned function says that it wants no more. */
function listen(
  stream: ClientHttp2Stream,
  session: ClientHttp2Session,
  sink: StreamSink,
): () => void {
  let isOver = false
  let hasHead = false
  let failure: Error | undefined
  stream.on('response', (fields) => {
    const { ':status': status = 0, ...headers } = fields as IncomingHeaders // Node types their keys as any text too
    hasHead = true
    // An end is a frame of its own: a connection that breaks cannot look like it.
    if (!isOver) sink.onHead({ status, headers, isFramed: true })
  })
  stream.on('data', sink.onData)
  stream.on('end', () => {
    // Node ends the readable side of a stream that was reset, too.
    const isReset = stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted
    if (isOver || isReset || !hasHead) return
    isOver = true
    sink.onEnd()
  })
  stream.on('error', (error: Error) => (failure = error))
  stream.once('close', () => {
    if (!isOver) sink.onError(closedError(stream, session, failure))
    isOver = true
    sink.onClosed()
  })
  return () => {
    isOver = true
  }
}

function closedError(
  { rstCode }: ClientHttp2Stream,
  { closed }: ClientHttp2Session,
  failure: Error | undefined,
): Error {
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return connectionLost()
  return failure ?? (closed ? connectionLost() : new Error('The stream was reset'))
}
