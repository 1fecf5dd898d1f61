import type { Scenario } from './scenario.ts'
import { createStage, type StageOptions } from './stage.ts'
import type { Fault } from './oracle.ts'

/** Enough to keep the whole short, and few enough not to be a load test. */
const AT_ONCE = 6
/** No scenario may take longer, whatever the server does. */
const SCENARIO_LIMIT_MS = 60_000

export interface Outcome {
  readonly scenario: Scenario
  readonly verdict: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped. */
  readonly reason: string | null
  readonly faults: readonly Fault[]
  readonly firstOutputMs: number | null
  readonly requests: number
}

interface PlayOptions extends StageOptions {
  readonly onOutcome: (outcome: Outcome) => void
}

/** Plays scenarios, several at the same time; their conversations have nothing to do with one another. */
export async function playAll(
  scenarios: readonly Scenario[],
  options: PlayOptions,
): Promise<readonly Outcome[]> {
  const waiting = [...scenarios].sort((one, other) => (other.lastsMs ?? 0) - (one.lastsMs ?? 0))
  const outcomes = new Map<Scenario, Outcome>()
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (options.signal.aborted) return
      const outcome = await playOne(next, options)
      outcomes.set(next, outcome)
      options.onOutcome(outcome)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return scenarios.flatMap((scenario) => outcomes.get(scenario) ?? [])
}

async function playOne(scenario: Scenario, options: PlayOptions): Promise<Outcome> {
  const limit = new AbortController()
  // Unlike that of AbortSignal.timeout, this timer keeps the process alive until the scenario is over.
  const timer = setTimeout(() => limit.abort(), SCENARIO_LIMIT_MS)
  const stage = createStage({
    ...options,
    cascadeTimeoutMs: scenario.cascadeTimeoutMs ?? options.cascadeTimeoutMs,
    signal: AbortSignal.any([options.signal, limit.signal]),
  })
  if (scenario.needs === 'script' && !options.followsScript) {
    stage.skip('the server’s model does not follow the trigger phrases')
  }
  if (!stage.isOver()) await scenario.play(stage)
  clearTimeout(timer)
  if (limit.signal.aborted)
    stage.fault('the scenario took over a minute', 'the call would have ended')
  const reason = stage.faults.length > 0 ? null : stage.skipped()
  return {
    scenario,
    verdict: stage.faults.length > 0 ? 'failed' : reason === null ? 'passed' : 'skipped',
    reason,
    faults: stage.faults,
    firstOutputMs: stage.firstOutputMs(),
    requests: stage.requests(),
  }
}
