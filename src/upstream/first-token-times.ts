const WEIGHT = 0.2
const REMEMBERED = 200
const ENOUGH = 20

export interface FirstTokenTimes {
  /** The moving average with the new value in it. */
  readonly add: (ms: number) => number
  /** A request ended without a token after so long: its time would have been longer. */
  readonly addUnfinished: (ms: number) => void
  /** Undefined while fewer than 20 are known. */
  readonly p95Ms: () => number | undefined
}

/**
 * The latest times to the first token. An unfinished request counts only from the current p95 on: it
 * belongs to the slow ones for certain, and without it hedging, which aborts just those, would make
 * the p95 sink and hedge ever more. Below the p95 it says nothing of where its time would have been.
 */
export function createFirstTokenTimes(): FirstTokenTimes {
  const ring: number[] = []
  let next = 0
  let average: number | undefined
  let p95: number | undefined

  function remember(ms: number): void {
    ring[next] = ms
    next = (next + 1) % REMEMBERED
    p95 = undefined
  }

  function p95Ms(): number | undefined {
    if (ring.length < ENOUGH) return undefined
    p95 ??= ring.toSorted((one, other) => one - other)[Math.ceil(ring.length * 0.95) - 1]
    return p95
  }

  return {
    add(ms) {
      remember(ms)
      average = average === undefined ? ms : average + WEIGHT * (ms - average)
      return average
    },
    addUnfinished(ms) {
      const limit = p95Ms()
      if (limit !== undefined && ms >= limit) remember(ms)
    },
    p95Ms,
  }
}
