interface RetryLoop {
  /** Tries in a while, unless nothing is left to do. */
  arm(): void
  /** Tries now. Never rejects. */
  tryNow(): Promise<void>
  close(): void
}

interface RetryLoopOptions {
  readonly everyMs: number
  /** One try at all that is left. Must not reject. */
  readonly attempt: () => Promise<void>
  readonly isDone: () => boolean
}

/** Tries again and again until nothing is left; one try at a time. */
export function createRetryLoop({ everyMs, attempt, isDone }: RetryLoopOptions): RetryLoop {
  let timer: NodeJS.Timeout | undefined
  let isTrying = false
  let isClosed = false

  async function tryNow(): Promise<void> {
    if (isTrying || isClosed) return
    isTrying = true
    await attempt()
    isTrying = false
    arm()
  }

  function arm(): void {
    clearTimeout(timer)
    if (isClosed || isTrying || isDone()) return
    timer = setTimeout(() => void tryNow(), everyMs)
    // What is left must not keep a server from ending.
    timer.unref()
  }

  return {
    arm,
    tryNow,
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
