import type { CompletionListener } from './upstream.ts'

interface TextDeliveryOptions {
  readonly onText: CompletionListener['onText']
  /** Called while the listener cannot take more, and once it can again. */
  readonly pause: () => void
  readonly resume: () => void
  /** The listener threw or its promise rejected. */
  readonly onError: (error: unknown) => void
}

export interface TextDelivery {
  add(text: string): void
  /** Calls back once all text was taken; at once if it was. */
  whenTaken(callback: () => void): void
  isWaiting(): boolean
  stop(): void
}

/**
 * Hands text on, one call per socket read: the HTTP chunks of one read arrive one by one in the same
 * tick, and the microtask runs behind the last of them. Each call is a write to the caller's socket.
 */
export function createTextDelivery(options: TextDeliveryOptions): TextDelivery {
  let pending = ''
  let isScheduled = false
  let isWaiting = false
  let isStopped = false
  let callback: (() => void) | undefined

  function fail(error: unknown): void {
    if (!isStopped) options.onError(error)
  }

  function deliver(): void {
    isScheduled = false
    if (isStopped || isWaiting) return
    const text = pending
    pending = ''
    if (text !== '') {
      let taken: unknown
      try {
        taken = options.onText(text)
      } catch (error) {
        fail(error)
        return
      }
      if (taken instanceof Promise) {
        waitFor(taken)
        return
      }
    }
    callback?.()
  }

  function waitFor(taken: Promise<unknown>): void {
    isWaiting = true
    options.pause()
    taken.then(() => {
      isWaiting = false
      if (isStopped) return
      options.resume()
      deliver()
    }, fail)
  }

  return {
    add: (text) => {
      pending += text
      if (isScheduled || isWaiting) return
      isScheduled = true
      queueMicrotask(deliver)
    },
    whenTaken: (done) => {
      callback = done
      deliver()
    },
    isWaiting: () => isWaiting,
    stop: () => {
      isStopped = true
    },
  }
}
