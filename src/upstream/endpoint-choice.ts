import type { Endpoint } from './upstream.ts'

/** Which endpoint one completion asks next; none that failed in it is asked again. */
export interface EndpointChoice {
  /** To be asked at once; undefined if nobody is left who did not say to come back later. */
  next(): Endpoint | undefined
  /** For a second request beside the one to `asked`: another that admits it, else the same one. */
  beside(asked: Endpoint): Endpoint | undefined
  exclude(endpoint: Endpoint): void
}

/** Goes by the order of `endpoints`. */
export function createEndpointChoice(endpoints: readonly Endpoint[]): EndpointChoice {
  const failed = new Set<Endpoint>()
  const isLeft = (endpoint: Endpoint): boolean => !failed.has(endpoint)
  const admits = (endpoint: Endpoint): boolean => isLeft(endpoint) && endpoint.admits()
  return {
    next: () =>
      endpoints.find(admits) ??
      // A caller waits: better one that is likely to fail than none.
      endpoints.find((endpoint) => isLeft(endpoint) && !endpoint.isToldToWait()),
    beside: (asked) =>
      endpoints.find((endpoint) => endpoint !== asked && admits(endpoint)) ??
      (admits(asked) ? asked : undefined),
    exclude: (endpoint) => void failed.add(endpoint),
  }
}
