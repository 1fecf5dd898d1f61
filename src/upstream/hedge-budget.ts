/** What may be spent on second requests, so that a slow upstream is not asked twice as often. */
export interface HedgeBudget {
  /** A completion began. */
  earn(): void
  hasOne(): boolean
  spend(): void
}

/** Saved-up second requests; more at once would load an upstream in its worst moment. */
const CAPACITY = 5
/** What adding up fractions may lose. */
const ROUNDING = 1e-9

/** Each completion earns `maxShare` of a second request; the first one may be made at once. */
export function createHedgeBudget(maxShare: number): HedgeBudget {
  let tokens = maxShare > 0 ? 1 : 0
  return {
    earn: () => {
      tokens = Math.min(CAPACITY, tokens + maxShare)
    },
    hasOne: () => tokens >= 1 - ROUNDING,
    spend: () => {
      tokens = Math.max(0, tokens - 1)
    },
  }
}
