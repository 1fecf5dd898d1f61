import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'

export type Frame = Readonly<Record<string, unknown>>

/** A platform's side of a connection, closed when the test is over. */
export interface VoiceLine {
  /** All frames so far, in order. */
  readonly frames: readonly Frame[]
  /** The first frame from `from` on (default: of all) that fits; rejects after 5 s, or when the connection ends. */
  readonly next: (fits: (frame: Frame) => boolean, from?: number) => Promise<Frame>
  readonly send: (frame: object | string | Buffer) => void
  /** Resolves when the connection is over. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly socket: WebSocket
}

interface LineOptions extends ClientOptions {
  readonly protocols?: readonly string[]
}

const LIMIT_MS = 5000

/** Dials a WebSocket path; rejects when the upgrade is refused (`Unexpected server response: 401`). */
export async function dialLine(url: string, options: LineOptions = {}): Promise<VoiceLine> {
  const { protocols = [], ...clientOptions } = options
  const socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], clientOptions)
  const frames: Frame[] = []
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  let isOver = false
  // Listens before the first frame can come.
  socket.on('message', (data) => {
    frames.push(JSON.parse((data as Buffer).toString()) as Frame) // text frames come in one buffer; objects by the protocol
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      isOver = true
      resolve({ code, reason: reason.toString() })
      wake()
    })
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return {
    frames,
    socket,
    closed,
    send: (frame) =>
      socket.send(
        typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame),
      ),
    next: (fits, from = 0) =>
      new Promise((resolve, reject) => {
        const settle = () => {
          clearTimeout(limit)
          waiting.delete(look)
        }
        const look = () => {
          const frame = frames.slice(from).find(fits)
          if (!frame && !isOver) return
          settle()
          if (frame) resolve(frame)
          else reject(new Error(`the connection is over: ${JSON.stringify(frames)}`))
        }
        const limit = setTimeout(() => {
          settle()
          reject(new Error(`no such frame came: ${JSON.stringify(frames)}`))
        }, LIMIT_MS)
        waiting.add(look)
        look()
      }),
  }
}
