const FAILURES_IN_A_ROW = 3
const MEMORY_MS = 30_000

interface EndpointHealth {
  recordSuccess(): void
  recordFailure(): void
  /** False while the last three requests failed and the last one less than 30 s ago. */
  isUsable(): boolean
}

/** Remembers how an endpoint's last requests went. `now` is in milliseconds. */
export function createEndpointHealth(now: () => number): EndpointHealth {
  let failures = 0
  let lastFailureAt = 0
  return {
    recordSuccess: () => {
      failures = 0
    },
    recordFailure: () => {
      failures++
      lastFailureAt = now()
    },
    isUsable: () => failures < FAILURES_IN_A_ROW || now() - lastFailureAt >= MEMORY_MS,
  }
}
