import type { RawData, WebSocket } from 'ws'
import type { Log } from '../../observability/log.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { watchSignsOfLife } from './signs-of-life.ts'

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
  /** Between two pings of the protocol; from whom nothing comes between two of them is gone. */
  readonly heartbeatMs: number
  /** Who reads nothing for so long is taken to be gone. */
  readonly drainMs: number
  /** The closing handshake may take so long. */
  readonly closeMs: number
}

interface Options {
  readonly log: Log
  readonly platform: string
  readonly times: SocketTimes
  readonly accept: (socket: VoiceSocket) => SocketPeer
}

/** The documented codes; 1002 and 1009 (a frame that is too large) are sent by the protocol layer. */
export const CLOSE_CODES = {
  /** What came is no JSON object in a text frame, or a field of it has a wrong type. */
  invalidFrame: 1007,
  /** Nothing came in time, or what came was not allowed. */
  policy: 1008,
  internal: 1011,
  stopping: 1012,
} as const

/** The protocol takes 123 bytes. */
const MAX_REASON_BYTES = 123
/** The protocol's own code for a connection that ended without a word. */
const BROKEN = 1006
const CLOSED_BY_PLATFORM = 'closed by the platform'

export interface OpenVoiceSocket {
  drain(): void
  drop(): void
}

/** Reads and writes a connection; every way that it can end is one log line. */
export function openVoiceSocket(
  ws: WebSocket,
  { log, platform, times, accept }: Options,
): OpenVoiceSocket {
  const ending = createEnding(ws)
  const { gone, close, drop } = ending
  const outbox = createOutbox(ws, {
    gone,
    stalledMs: times.drainMs,
    onStalled: () => drop('reads nothing'),
    onClosing: () => ending.over(CLOSED_BY_PLATFORM),
  })
  const life = watchSignsOfLife(ws, {
    ...times,
    onNoFrame: () => close(CLOSE_CODES.policy, 'no frame came in time'),
    onSilent: () => drop('answers no ping'),
  })
  gone.addEventListener('abort', life.end, { once: true })
  let received = 0

  function guarded<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (err) {
      log.error({ platform, err }, 'a front end broke')
      close(CLOSE_CODES.internal, 'the server made a mistake')
      return undefined
    }
  }

  const peer = guarded(() => accept(toVoiceSocket(outbox, ending)))
  ws.on('message', (data, isBinary) => {
    if (gone.aborted) return
    received += 1
    life.frameCame()
    const frame = isBinary ? undefined : parseFrame(data)
    if (frame) guarded(() => peer?.onFrame(frame))
    else close(CLOSE_CODES.invalidFrame, 'frames must be JSON objects in text')
  })
  ws.once('close', (code) => {
    ending.over(code === BROKEN ? 'the connection broke' : CLOSED_BY_PLATFORM)
    const conversation = guarded(() => peer?.conversation()) ?? null
    const counts = { received, sent: outbox.framesSent() }
    log.info({ platform, conversation, code, ...ending.told(), ...counts }, 'socket closed')
  })
  return { drain: () => guarded(() => peer?.onDrain()), drop: () => drop('the server stopped') }
}

function toVoiceSocket({ send, flushed }: Outbox, { close, drop, gone }: Ending): VoiceSocket {
  return { send, flushed, close, drop: () => drop('dropped'), gone }
}

type Ending = ReturnType<typeof createEnding>

/** The end of a connection: it comes once, and the first reason is the one that is told. */
function createEnding(ws: WebSocket) {
  const gone = new AbortController()
  const openedAt = performance.now()
  let ending: string | undefined

  function over(reason: string): void {
    ending ??= reason
    gone.abort()
  }

  function close(code: number, reason: string): void {
    if (gone.signal.aborted) return
    ws.close(code, cutToBytes(reason, MAX_REASON_BYTES))
    over(reason)
  }

  function drop(reason: string): void {
    over(reason)
    ws.terminate()
  }

  function told() {
    const seconds = Math.round((performance.now() - openedAt) / 1000)
    return { reason: ending, seconds }
  }

  // The protocol layer closes by itself.
  ws.on('error', (error) => over(error.message))
  return { gone: gone.signal, close, drop, over, told }
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

/** Without the first bytes of a character that has no room. */
function cutToBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true })
}
