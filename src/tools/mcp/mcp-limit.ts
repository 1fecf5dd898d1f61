/** A signal that aborts with the parent, or with a `TimeoutError` after so long, until it is cleared. */
export function createLimit(
  limitMs: number,
  parent: AbortSignal,
): { readonly signal: AbortSignal; readonly clear: () => void } {
  const limit = new AbortController()
  const cancel = (): void => limit.abort(parent.reason)
  const timer = setTimeout(() => {
    limit.abort(new DOMException('The time is over', 'TimeoutError'))
  }, limitMs)
  parent.addEventListener('abort', cancel, { once: true })
  if (parent.aborted) cancel()
  return {
    signal: limit.signal,
    clear() {
      clearTimeout(timer)
      parent.removeEventListener('abort', cancel)
    },
  }
}
