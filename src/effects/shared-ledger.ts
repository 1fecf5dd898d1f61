import type { Log } from '../observability/log.ts'
import type { SharedStore } from '../store/shared-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { effectIdOf } from './effect-id.ts'
import { createLeftovers } from './leftovers.ts'
import type { Ledger } from './ledger.ts'
import { createOutcomeMemory } from './outcome-memory.ts'
import { createRunningEffects, type RunningEffects } from './running-effects.ts'
import { takeEffect, whatIsKnown, whenEnded, type ClaimContext } from './take-effect.ts'
import { stillRunning } from './unknown-outcome.ts'

/** A claim cannot be kept for another while, and must outlive every retry. */
const MIN_RETAIN_MS = 10 * 60 * 1000
/** Whose outcomes are remembered here as well; the oldest idle ones go first. */
const MAX_CONVERSATIONS = 10_000

interface SharedLedgerOptions {
  readonly store: SharedStore
  /** For the names of the wishes: the same in all instances. */
  readonly secret: string
  /** Milliseconds for which outcomes are known, but ten minutes at least. */
  readonly retainMs: number
  readonly log: Log
}

/** Remembers the effects of all instances that share a store. */
export function createSharedLedger({
  store,
  secret,
  log,
  ...options
}: SharedLedgerOptions): Ledger {
  const retainMs = Math.max(options.retainMs, MIN_RETAIN_MS)
  const closing = new AbortController()
  const running = createRunningEffects()
  const leftovers = createLeftovers({ store, retainMs, isRunning: running.has, log })
  const outcomes = createOutcomeMemory({
    retainMs,
    maxConversations: MAX_CONVERSATIONS,
    now: () => performance.now(),
  })
  const context: ClaimContext = { store, leftovers, outcomes, retainMs, signal: closing.signal }

  /** What was begun here is not called undone because the store is away. */
  function knownHere(conversation: string, id: string, error: unknown): ToolOutcome {
    const known = outcomes.find(conversation, id)
    if (!known) throw error
    return known
  }

  return {
    idOf: (key) => effectIdOf(secret, key),
    async run(key, effect) {
      const id = effectIdOf(secret, key)
      const { conversation } = key
      const until = performance.now() + effect.waitMs
      try {
        for (;;) {
          // Nothing may come between the question whether it runs here and its beginning.
          const answer = running.has(id)
            ? await running.joined(id, until)
            : await running.lead(id, () => takeEffect(context, { id, conversation, effect, until }))
          if (answer !== null) return answer === 'running' ? stillRunning() : answer
        }
      } catch (error) {
        return knownHere(conversation, id, error)
      }
    },
    async outcomeOf(key, waitMs) {
      const id = effectIdOf(secret, key)
      const until = performance.now() + waitMs
      const known = outcomes.find(key.conversation, id)
      // Another instance may have tried again what is unknown.
      if (known && known.status !== 'unknown') return known
      try {
        return (await outcomeOf(context, { id, until, joined: running.joined })) ?? known ?? null
      } catch (error) {
        return knownHere(key.conversation, id, error)
      }
    },
    // Each claim is kept for its own time.
    keep: (conversation) => outcomes.keep(conversation),
    close() {
      closing.abort()
      leftovers.close()
    },
  }
}

interface Question {
  readonly id: string
  readonly until: number
  readonly joined: RunningEffects['joined']
}

async function outcomeOf(
  { store, leftovers, signal }: ClaimContext,
  { id, until, joined }: Question,
): Promise<ToolOutcome | 'running' | null> {
  let seen: string | undefined
  for (;;) {
    const here = (await joined(id, until)) ?? leftovers.outcomeOf(id)
    if (here !== undefined) return here
    const untouched = leftovers.untouchedOf(id)
    const state = await whenEnded(store, id, { until, signal })
    if (state === null || state === 'running') return state
    if (state.state === 'running' && !untouched && seen !== state.version) {
      // An effect may have begun here, and even ended, since we asked: look twice.
      seen = state.version
      continue
    }
    return whatIsKnown(state, untouched) ?? null
  }
}
