import type { ControlledUpstream } from './controlled-upstream.ts'
import { playAll, type Outcome } from './play.ts'
import { probe } from './probe.ts'
import type { Scenario } from './scenario.ts'
import type { Target } from './target.ts'

export interface RehearsalOptions {
  readonly target: Target
  readonly scenarios: readonly Scenario[]
  readonly cascadeTimeoutMs: number
  readonly strict: boolean
  /** Null: nobody counts model calls and tool runs. */
  readonly upstream: ControlledUpstream | null
  readonly signal: AbortSignal
  readonly onOutcome: (outcome: Outcome) => void
}

export type Rehearsal =
  | { readonly ok: false; readonly message: string }
  | { readonly ok: true; readonly outcomes: readonly Outcome[]; readonly notes: readonly string[] }

const NO_SCRIPT =
  'the server’s model does not follow the trigger phrases, so its words were not checked'
const NOT_COUNTED = 'model calls and tool runs were not counted'

/** Looks at a server with one harmless turn, then plays the scenarios at it. */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { upstream } = options
  const seen = await probe(options)
  if (seen.type === 'unreachable') {
    return {
      ok: false,
      message: 'The server cannot be reached. Is it running, and is the URL right?',
    }
  }
  if (seen.type === 'refused') {
    const hint = options.target.key === undefined ? 'Give its key with --key.' : 'Is the key right?'
    return { ok: false, message: `The server refused the request (${seen.status}). ${hint}` }
  }
  const { followsScript, isControlled } = seen
  const outcomes = await playAll(options.scenarios, {
    ...options,
    upstream: isControlled ? upstream : null,
    followsScript,
  })
  const notes = [
    ...(followsScript ? [] : [NO_SCRIPT]),
    ...(upstream ? [] : [`${NOT_COUNTED}: there is no controlled upstream (--upstream-port)`]),
    ...(upstream && !isControlled
      ? [`${NOT_COUNTED}: the server’s model is not the controlled upstream`]
      : []),
  ]
  return { ok: true, outcomes, notes }
}
