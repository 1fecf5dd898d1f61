const KEPT_SAMPLES = 10

interface Sample {
  /** Local times at which Redis was asked and had answered. */
  readonly askedAt: number
  readonly answeredAt: number
  readonly serverMs: number
}

/** Redis's clock as it is known from here. */
export interface ServerClock {
  add(sample: Sample): void
  /** It may be another server's: the next sample alone counts. */
  renew(): void
  /** Its time at a local time; null before the first sample. */
  at(localMs: number): number | null
}

/** The quickest of the last answers tells it best: its error is half its round trip at most. */
export function createServerClock(): ServerClock {
  let samples: readonly { readonly roundTripMs: number; readonly offset: number }[] = []
  let offset: number | null = null
  return {
    add({ askedAt, answeredAt, serverMs }) {
      const roundTripMs = answeredAt - askedAt
      const added = { roundTripMs, offset: serverMs - (askedAt + roundTripMs / 2) }
      samples = [...samples, added].slice(-KEPT_SAMPLES)
      offset = samples.reduce((best, one) =>
        one.roundTripMs < best.roundTripMs ? one : best,
      ).offset
    },
    renew: () => void (samples = []),
    at: (localMs) => (offset === null ? null : localMs + offset),
  }
}
