import type { FastifyReply } from 'fastify'
import { onceGone } from '../once-gone.ts'

/** The caller's socket as a stream of server-sent events. Nothing is sent before the first `write`. */
export interface EventStream {
  isOpen(): boolean
  /** One piece, written at once. The promise pauses the source until the caller has read on. */
  write(text: string): void | Promise<void>
  /** Resolves when the last bytes have left, or the caller has. */
  end(text: string): Promise<void>
}

interface Options {
  readonly reply: FastifyReply
  /** A caller that reads nothing for so long is taken to be gone. */
  readonly drainTimeoutMs: number
}

export function createEventStream({ reply, drainTimeoutMs }: Options): EventStream {
  const response = reply.raw
  let opened = false
  let drained: Promise<void> | undefined

  function open(): void {
    if (opened) return
    opened = true
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value)
    }
    // A write that crosses with a hang-up ends in an error that says nothing more than `close`.
    response.on('error', () => undefined)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // Proxies that buffer would hold back speech.
      'x-accel-buffering': 'no',
    })
  }

  function until(event: 'drain' | 'finish'): Promise<void> {
    return new Promise((resolve) => {
      let forget: () => void = () => undefined
      const settle = () => {
        clearTimeout(limit)
        response.off(event, settle)
        forget()
        resolve()
      }
      // Its connection, not the answer: one that waits behind another one has none of its own yet.
      const limit = setTimeout(() => response.req.socket.destroy(), drainTimeoutMs)
      response.once(event, settle)
      forget = onceGone(response, settle)
    })
  }

  return {
    isOpen: () => opened,
    write(text) {
      open()
      if (response.destroyed || response.write(text)) return
      // One wait for all who write meanwhile: each would listen to the socket by itself.
      drained ??= until('drain').finally(() => {
        drained = undefined
      })
      return drained
    },
    async end(text) {
      open()
      if (response.destroyed) return
      response.end(text)
      await until('finish')
    },
  }
}
