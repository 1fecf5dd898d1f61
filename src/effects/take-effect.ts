import { setTimeout as sleep } from 'node:timers/promises'
import type { Claimed, ClaimState, SharedStore } from '../store/shared-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { attempt } from './attempt.ts'
import type { Effect } from './ledger.ts'
import type { Leftovers } from './leftovers.ts'
import { outcomeFromJson } from './outcome-json.ts'
import type { OutcomeMemory } from './outcome-memory.ts'
import { unknownOutcome } from './unknown-outcome.ts'
import type { Untouched } from './untouched-claims.ts'

const POLL_MS = 100
/** Others may take the same claim over at the same time; one of us gets through at once. */
const MAX_TAKEOVERS = 5

export interface ClaimContext {
  readonly store: SharedStore
  readonly leftovers: Leftovers
  /** What this process did, whatever becomes of the store. */
  readonly outcomes: OutcomeMemory
  readonly retainMs: number
  /** Ends the wait for others. */
  readonly signal: AbortSignal
}

export interface Wish {
  readonly id: string
  readonly conversation: string
  readonly effect: Effect
  /** On the clock of `performance.now()`: how long others are waited for. */
  readonly until: number
}

/** `running`: somebody else does it still. */
export type Taken = ToolOutcome | 'barred' | 'running'

/**
 * Runs an effect if its claim can be taken, else gives what came of it. To be called once at a time
 * for an id in this process, and not while the effect runs here.
 */
export async function takeEffect(context: ClaimContext, wish: Wish): Promise<Taken> {
  const { store, leftovers, outcomes, signal } = context
  const { id, conversation, effect, until } = wish
  await leftovers.whenIdle(id)
  let known = leftovers.outcomeOf(id) ?? outcomes.find(conversation, id)
  let replacing: string | undefined
  for (let takeovers = 0; takeovers <= MAX_TAKEOVERS;) {
    if (known && !isToBeRetried(known, effect)) return known
    const untouched = leftovers.untouchedOf(id)
    const answer = await claim(context, wish, { replacing, known: untouched?.outcome ?? known })
    if (answer.state === 'claimed') return runClaimed(context, wish, { ...answer, known })
    if (answer.state === 'barred') return known ?? 'barred'
    if (isElsewhere(store, answer)) {
      replacing = undefined
      if ((await whenEnded(store, id, { until, signal })) === 'running') return 'running'
    } else {
      known = whatIsKnown(answer, untouched)
      replacing = answer.version
      takeovers += 1
    }
  }
  return known ?? 'running'
}

function isToBeRetried({ status }: ToolOutcome, { isIdempotent, isBarred }: Effect): boolean {
  return status === 'unknown' && isIdempotent && isBarred?.() !== true
}

interface Takeover {
  readonly replacing: string | undefined
  readonly known: ToolOutcome | undefined
}

async function claim(
  { store, leftovers, retainMs }: ClaimContext,
  { id, effect }: Wish,
  { replacing, known }: Takeover,
): Promise<Claimed | ClaimState> {
  try {
    return await store.claim(id, {
      retainMs,
      ...(effect.barredBy && { unless: effect.barredBy }),
      ...(replacing !== undefined && { replacing }),
    })
  } catch (error) {
    // It may have been taken: then it is ours, and nothing was done under it.
    leftovers.suspect(id, known)
    throw error
  }
}

async function runClaimed(
  { leftovers, outcomes }: ClaimContext,
  { id, conversation, effect }: Wish,
  { token, known }: { readonly token: string; readonly known: ToolOutcome | undefined },
): Promise<Taken> {
  leftovers.forget(id)
  const outcome = effect.isBarred?.() === true ? 'barred' : await attempt(effect, id)
  if (outcome !== 'barred' && outcome.sent !== false) {
    outcomes.remember(conversation, id, outcome)
    await leftovers.record(id, token, outcome)
    return outcome
  }
  // A second try that was not made says nothing of the first one, which may have been done.
  if (known) await leftovers.record(id, token, known)
  else await leftovers.giveBack(id, token)
  return known ?? outcome
}

/** What a claim says that does not run elsewhere; undefined: nothing was done under it. */
export function whatIsKnown(
  state: ClaimState,
  untouched: Untouched | undefined,
): ToolOutcome | undefined {
  switch (state.state) {
    case 'finished':
      return outcomeFromJson(state.value)
    case 'barred':
      return undefined
    case 'running':
      return untouched ? untouched.outcome : unknownOutcome()
    case 'abandoned':
      return unknownOutcome()
  }
}

function isElsewhere(store: SharedStore, state: ClaimState): boolean {
  return state.state === 'running' && state.owner !== store.instance
}

interface Patience {
  readonly until: number
  readonly signal: AbortSignal
}

/** How a claim stands once nobody else runs under it; `running` when that takes too long. */
export async function whenEnded(
  store: SharedStore,
  id: string,
  { until, signal }: Patience,
): Promise<ClaimState | null | 'running'> {
  for (;;) {
    const state = await store.readClaim(id)
    if (!state || !isElsewhere(store, state)) return state
    const left = until - performance.now()
    if (left <= 0 || signal.aborted) return 'running'
    await sleep(Math.min(POLL_MS, left), undefined, { signal }).catch(() => undefined)
  }
}
