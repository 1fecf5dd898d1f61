import type { ToolOutcome } from '../tools/tool-runner.ts'
import { attempt } from './attempt.ts'
import { effectIdOf } from './effect-id.ts'
import type { Effect, Ledger } from './ledger.ts'
import { createOutcomeMemory, type OutcomeMemoryOptions } from './outcome-memory.ts'
import { stillRunning } from './unknown-outcome.ts'
import { within } from './within.ts'

interface MemoryLedgerOptions extends OutcomeMemoryOptions {
  /** For the names of the wishes; the same secret gives the same names. */
  readonly secret: string
}

interface Place {
  readonly conversation: string
  readonly id: string
  /** What came of an earlier try. */
  readonly known: ToolOutcome | undefined
}

/** Remembers the effects of all conversations, in this process. */
export function createMemoryLedger({ secret, ...bounds }: MemoryLedgerOptions): Ledger {
  // What runs stands apart, so that nothing can push it out.
  const running = new Map<string, Promise<ToolOutcome>>()
  const outcomes = createOutcomeMemory(bounds)

  async function begin({ conversation, id, known }: Place, effect: Effect): Promise<ToolOutcome> {
    const outcome = await attempt(effect, id)
    running.delete(id)
    if (outcome.sent !== false) {
      outcomes.remember(conversation, id, outcome)
      return outcome
    }
    // A second try that never left says nothing of the first one, which may have been done.
    return known ?? outcome
  }

  return {
    idOf: (key) => effectIdOf(secret, key),
    async run(key, effect) {
      const id = effectIdOf(secret, key)
      const joined = running.get(id)
      if (joined) return (await within(joined, effect.waitMs)) ?? stillRunning()
      const known = outcomes.find(key.conversation, id)
      if (known && !(known.status === 'unknown' && effect.isIdempotent)) return known
      if (effect.isBarred?.() === true) return known ?? 'barred'
      const begun = begin({ conversation: key.conversation, id, known }, effect)
      running.set(id, begun)
      return begun
    },
    async outcomeOf(key, waitMs) {
      const id = effectIdOf(secret, key)
      const joined = running.get(id)
      if (joined) return (await within(joined, waitMs)) ?? 'running'
      return outcomes.find(key.conversation, id) ?? null
    },
    keep: (conversation) => outcomes.keep(conversation),
    close: () => undefined,
  }
}
