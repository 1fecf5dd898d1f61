export interface WarmthTimes {
  /** An idle connection is renewed then: many servers close it after 60 s, some without a word. */
  readonly renewAfterMs: number
  /** No turn for so long: one connection is enough. */
  readonly quietAfterMs: number
  /** A connection that was closed sooner, unused, was not wanted by the other side. */
  readonly soonMs: number
  readonly firstDelayMs: number
  readonly longestDelayMs: number
}

export const WARMTH_TIMES: WarmthTimes = {
  renewAfterMs: 50_000,
  quietAfterMs: 10 * 60_000,
  soonMs: 5000,
  firstDelayMs: 1000,
  longestDelayMs: 60_000,
}

interface WarmthOptions {
  readonly connections: number
  readonly times: WarmthTimes
  /** In milliseconds. */
  readonly now: () => number
}

export interface Warmth {
  /** A turn has come. */
  used(): void
  /** How many connections should stand ready. */
  target(): number
  /** Nothing is opened in advance before that. */
  opensFrom(): number
  /** Connecting failed, or the other side closed an unused connection at that age. */
  lost(ageMs: number): void
  /** A request was answered. */
  answered(): void
}

/** How many connections to keep open in advance, and how eagerly. Pure but for the clock. */
export function createWarmth({ connections, times, now }: WarmthOptions): Warmth {
  let usedAt = now()
  let delayMs = 0
  let opensFrom = 0
  return {
    used: () => {
      usedAt = now()
    },
    target: () => (now() - usedAt < times.quietAfterMs ? connections : Math.min(connections, 1)),
    opensFrom: () => opensFrom,
    lost(ageMs) {
      if (ageMs >= times.soonMs) {
        delayMs = 0
        return
      }
      // Several that fail together are one failure.
      if (now() < opensFrom) return
      delayMs = Math.min(Math.max(delayMs * 2, times.firstDelayMs), times.longestDelayMs)
      opensFrom = now() + delayMs
    },
    answered: () => {
      delayMs = 0
      opensFrom = 0
    },
  }
}
