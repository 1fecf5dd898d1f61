import type { WebSocket } from 'ws'

/** What leaves on a connection. */
export interface Outbox {
  /** The promise pauses the source until all has left. */
  readonly send: (frame: object) => void | Promise<void>
  /** Resolves when all has left, or the connection is over. */
  readonly flushed: () => Promise<void>
  readonly framesSent: () => number
}

interface Options {
  readonly gone: AbortSignal
  /** While something waits to leave, some of it must do so at least this often. */
  readonly stalledMs: number
  readonly onStalled: () => void
  /** The platform has said its goodbye, and takes nothing more. */
  readonly onClosing: () => void
}

type Write = (left: () => void) => void

/** Unsent bytes from which on a source is asked to pause. */
const HIGH_WATER_BYTES = 64 * 1024
/** Only sources that do not pause when asked come to more. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

export function createOutbox(ws: WebSocket, options: Options): Outbox {
  const { gone, stalledMs, onStalled, onClosing } = options
  let framesSent = 0
  const waiting = new Set<() => void>()
  let limit: NodeJS.Timeout | undefined

  function left(write: Write): Promise<void> {
    limit ??= setTimeout(onStalled, stalledMs)
    return new Promise((resolve) => {
      const settle = () => {
        if (!waiting.delete(settle)) return
        clearTimeout(limit)
        limit = waiting.size > 0 ? setTimeout(onStalled, stalledMs) : undefined
        resolve()
      }
      waiting.add(settle)
      write(settle)
    })
  }

  // Nobody is there any more to take it.
  const settleAll = () => {
    for (const settle of waiting) settle()
  }
  gone.addEventListener('abort', settleAll, { once: true })

  return {
    framesSent: () => framesSent,
    send(frame) {
      if (gone.aborted) return undefined
      if (ws.readyState !== ws.OPEN) {
        onClosing()
        return undefined
      }
      if (ws.bufferedAmount > MAX_UNSENT_BYTES) {
        onStalled()
        return undefined
      }
      const text = JSON.stringify(frame)
      framesSent += 1
      if (ws.bufferedAmount >= HIGH_WATER_BYTES) return left((done) => ws.send(text, done))
      ws.send(text)
      return undefined
    },
    flushed: () =>
      gone.aborted || ws.bufferedAmount === 0
        ? Promise.resolve()
        : left((done) => ws.ping(undefined, undefined, done)),
  }
}
