import type { ConnectionPool } from './connection-pool.ts'
import { isConnectionLost } from './connection.ts'
import type { Exchange, ResponseSink, WireRequest } from './connection.ts'

export interface RequestSink extends ResponseSink {
  /** No connection came to stand; instead of `onError`. */
  readonly onUnreachable: (error: unknown) => void
}

/**
 * Sends a request on a connection of the pool. If that had stood idle and turns out dead before any
 * head of a response, once more on a new one; limits of time are the caller's and go on.
 */
export function sendRequest(
  pool: ConnectionPool,
  request: WireRequest,
  sink: RequestSink,
): Exchange {
  let exchange: Exchange | undefined
  let stopWaiting: () => void

  function attempt(mustBeFresh: boolean): void {
    let hasHead = false
    stopWaiting = pool.take(
      (lease) => {
        if (lease instanceof Error) {
          sink.onUnreachable(lease)
          return
        }
        exchange = lease.connection.start(request, {
          onHead(head) {
            hasHead = true
            pool.answered()
            sink.onHead(head)
          },
          onData: sink.onData,
          onEnd: sink.onEnd,
          onError(error) {
            if (hasHead || lease.isFresh || !isConnectionLost(error)) sink.onError(error)
            else attempt(true)
          },
        })
      },
      { mustBeFresh },
    )
  }

  attempt(false)
  return {
    pause: () => exchange?.pause(),
    resume: () => exchange?.resume(),
    abort() {
      stopWaiting()
      exchange?.abort()
    },
  }
}
