import type { RawData, WebSocket } from 'ws'
import type { Log } from '../../observability/log.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'

/** A platform's connection: JSON objects in text frames, both ways. */
export interface VoiceSocket {
  /** Sends a frame. The promise pauses the source until the platform has read on. */
  send(frame: object): void | Promise<void>
  /** Resolves when all that was sent has left, or the connection is over. */
  flushed(): Promise<void>
  /** Ends the connection with a code and a reason of at most 123 bytes that the platform may read. */
  close(code: number, reason: string): void
  /** Ends it without a word: the platform sees 1006. */
  drop(): void
  /** Aborted when the connection is over, however it ends. */
  readonly gone: AbortSignal
}

/** What a front end makes of a connection. What it throws ends the connection with 1011. */
export interface SocketPeer {
  onFrame(frame: JsonObject): void
  /** The server stops: end what is being said, then the connection, never with 1000. */
  onDrain(): void
  /** Which conversation it is, once known; for the log. */
  conversation(): string | null
}

export interface SocketTimes {
  /** A connection on which no frame came by then is closed. */
  readonly firstFrameMs: number
  /** Between two pings of the protocol; who answers neither of two is gone. */
  readonly heartbeatMs: number
  /** Who reads nothing for so long is taken to be gone. */
  readonly drainMs: number
}

interface Options {
  readonly log: Log
  readonly platform: string
  readonly times: SocketTimes
  readonly accept: (socket: VoiceSocket) => SocketPeer
}

/** The documented codes; 1009 (a frame that is too large) is sent by the protocol layer. */
export const CLOSE_CODES = {
  /** What came is no JSON object in a text frame, or a field of it has a wrong type. */
  invalidFrame: 1007,
  /** Nothing came in time, or what came was not allowed. */
  policy: 1008,
  internal: 1011,
  stopping: 1012,
} as const

/** Unsent bytes from which on a source is asked to pause. */
const HIGH_WATER_BYTES = 64 * 1024
/** The protocol takes 123 bytes. */
const MAX_REASON_BYTES = 123

/** Reads and writes a connection; every way that it can end is one log line. Returns how to stop it. */
export function openVoiceSocket(ws: WebSocket, { log, platform, times, accept }: Options) {
  const gone = new AbortController()
  const openedAt = performance.now()
  const counts = { received: 0, sent: 0 }
  let ending: string | undefined
  let heardSince = true

  function close(code: number, reason: string): void {
    if (gone.signal.aborted) return
    ending ??= reason
    ws.close(code, cutToBytes(reason, MAX_REASON_BYTES))
    over()
    // Who does not answer the closing handshake is cut off.
    const limit = setTimeout(() => ws.terminate(), times.drainMs)
    ws.once('close', () => clearTimeout(limit))
  }

  function drop(): void {
    ending ??= 'dropped'
    ws.terminate()
    over()
  }

  function over(): void {
    clearTimeout(firstFrame)
    clearInterval(heartbeat)
    gone.abort()
  }

  const socket: VoiceSocket = {
    gone: gone.signal,
    close,
    drop,
    send(frame) {
      if (gone.signal.aborted) return
      counts.sent += 1
      const text = JSON.stringify(frame)
      if (ws.bufferedAmount >= HIGH_WATER_BYTES) return written((done) => ws.send(text, done))
      ws.send(text)
      return
    },
    flushed: () =>
      gone.signal.aborted || ws.bufferedAmount === 0
        ? Promise.resolve()
        : written((done) => ws.ping(undefined, undefined, done)),
  }

  /** Resolves once the bytes have left; a connection that takes none is dropped. */
  function written(write: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(limit)
        gone.signal.removeEventListener('abort', settle)
        resolve()
      }
      const limit = setTimeout(() => {
        ending ??= 'reads nothing'
        drop()
      }, times.drainMs)
      gone.signal.addEventListener('abort', settle)
      write(settle)
    })
  }

  const firstFrame = setTimeout(
    () => close(CLOSE_CODES.policy, 'no frame came in time'),
    times.firstFrameMs,
  )
  const heartbeat = setInterval(() => {
    if (!heardSince) {
      ending ??= 'answers no ping'
      drop()
      return
    }
    heardSince = false
    ws.ping()
  }, times.heartbeatMs)

  ws.on('pong', () => (heardSince = true))
  ws.on('error', (error) => (ending ??= error.message))
  ws.on('close', (code) => {
    over()
    const seconds = Math.round((performance.now() - openedAt) / 1000)
    const conversation = peer?.conversation() ?? null
    const reason = ending ?? 'closed by the platform'
    log.info({ platform, conversation, code, reason, seconds, ...counts }, 'socket closed')
  })

  function receive(data: RawData, isBinary: boolean): void {
    if (gone.signal.aborted) return
    heardSince = true
    counts.received += 1
    clearTimeout(firstFrame)
    const frame = isBinary ? undefined : parseFrame(data)
    if (!frame) close(CLOSE_CODES.invalidFrame, 'frames must be JSON objects in text')
    else guarded(() => peer?.onFrame(frame))
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (err) {
      log.error({ platform, err }, 'a frame broke its handler')
      close(CLOSE_CODES.internal, 'the server made a mistake')
    }
  }

  let peer: SocketPeer | undefined
  ws.on('message', receive)
  guarded(() => (peer = accept(socket)))
  return { socket, drain: () => guarded(() => peer?.onDrain()) }
}

function parseFrame(data: RawData): JsonObject | undefined {
  try {
    // Text frames come in one buffer.
    const frame: unknown = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '')
    return isJsonObject(frame) ? frame : undefined
  } catch {
    return undefined
  }
}

function cutToBytes(text: string, bytes: number): string {
  return Buffer.byteLength(text) <= bytes ? text : Buffer.from(text).subarray(0, bytes).toString()
}
