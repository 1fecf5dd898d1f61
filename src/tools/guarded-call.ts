import type { Log } from '../observability/log.ts'
import { createBreaker, type Breaker, type Health } from './breaker.ts'
import { unsentOutcome } from './tool-outcome.ts'
import type { ToolOutcome } from './tool-runner.ts'

const DOWN = 'this service is down just now; go on without it, or try again later'

/** A call that is over, and what it showed of the other side. */
export interface EndedRun {
  readonly outcome: ToolOutcome
  readonly health: Health
}

/** Runs a tool's call unless its service is known to be down. */
type GuardedCall = (tool: string, call: () => Promise<EndedRun>) => Promise<ToolOutcome>

/** One breaker for each tool, by its name. */
export function createGuardedCall({
  log,
  now,
}: {
  readonly log: Log
  readonly now: () => number
}): GuardedCall {
  const breakers = new Map<string, Breaker>()
  const breakerOf = (tool: string): Breaker => {
    const onChange = (breaker: 'open' | 'closed'): void =>
      log.warn({ tool, breaker }, 'tool breaker changed')
    const breaker = breakers.get(tool) ?? createBreaker({ now, onChange })
    breakers.set(tool, breaker)
    return breaker
  }
  return async (tool, call) => {
    const report = breakerOf(tool).begin()
    if (report === null) return unsentOutcome(DOWN)
    let health: Health = 'unclear'
    try {
      const ended = await call()
      health = ended.health
      return ended.outcome
    } finally {
      report(health)
    }
  }
}
