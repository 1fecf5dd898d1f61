/** Longer times would count as none at all. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What comes of a promise, or null once so many milliseconds are over; the promise goes on. */
export async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_TIMER_MS), null)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}
