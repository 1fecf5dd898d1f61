interface Life {
  readonly livedMs: number
  /** How long it was waited before this life; null for the first one. */
  readonly delayMs: number | null
}

/** Who lived for so long died of something else than its start. */
const HEALTHY_MS = 60_000
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

/** How long to wait before a worker that died is replaced: longer each time it dies soon again. */
export function restartDelay({ livedMs, delayMs }: Life): number {
  if (delayMs === null || livedMs >= HEALTHY_MS) return 0
  return Math.min(Math.max(FIRST_WAIT_MS, delayMs * 2), LONGEST_WAIT_MS)
}
