interface Options {
  readonly perMinute: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

interface Bucket {
  tokens: number
  at: number
}

/** Takes one of what somebody has left: null, or after how many seconds to come again. */
export type RateLimit = (name: string) => number | null

/** So many at once, and from then on so many per minute; the names are those of keys, hence few. */
export function createRateLimit({ perMinute, now }: Options): RateLimit {
  const buckets = new Map<string, Bucket>()
  const msPerToken = 60_000 / perMinute
  return (name) => {
    const at = now()
    const bucket = buckets.get(name) ?? { tokens: perMinute, at }
    const tokens = Math.min(perMinute, bucket.tokens + (at - bucket.at) / msPerToken)
    const isFree = tokens >= 1
    buckets.set(name, { tokens: isFree ? tokens - 1 : tokens, at })
    return isFree ? null : Math.ceil(((1 - tokens) * msPerToken) / 1000)
  }
}
