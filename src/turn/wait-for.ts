interface Wait {
  /** Milliseconds. */
  readonly limitMs: number
  readonly signal: AbortSignal
  /** Is given what ends the wait early; returns what takes that back. */
  readonly subscribe?: (wake: () => void) => () => void
}

/** Resolves when woken, at the latest at the limit; rejects with the signal's reason. */
export function waitFor({ limitMs, signal, subscribe }: Wait): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      unsubscribe?.()
      settle()
    }
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
    const leave = () => end(() => reject(signal.reason))
    const timer = setTimeout(() => end(resolve), limitMs)
    const unsubscribe = subscribe?.(() => end(resolve))
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
  })
}
