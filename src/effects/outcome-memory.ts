import { createMemoryStore } from '../store/memory-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { charactersOf } from './characters-of.ts'

/** Of one conversation; the oldest go first. */
const MAX_OUTCOMES = 500
/** Of all outcomes together: some 60 MB at most. */
const MAX_CHARACTERS = 30_000_000

export interface OutcomeMemoryOptions {
  /** Milliseconds after a conversation's outcomes were last asked for until they are forgotten. */
  readonly retainMs: number
  /** The oldest idle ones go first. */
  readonly maxConversations: number
  /** Milliseconds of a clock; only differences count. */
  readonly now: () => number
}

/** What came of the effects of all conversations, within bounds. */
export interface OutcomeMemory {
  find(conversation: string, id: string): ToolOutcome | undefined
  remember(conversation: string, id: string, outcome: ToolOutcome): void
  keep(conversation: string): void
}

interface Finished {
  readonly outcome: ToolOutcome
  readonly characters: number
}

export function createOutcomeMemory(options: OutcomeMemoryOptions): OutcomeMemory {
  const conversations = createMemoryStore<Map<string, Finished>>({
    create: () => new Map(),
    retainMs: options.retainMs,
    maxEntries: options.maxConversations,
    weightOf: (outcomes) => [...outcomes.values()].reduce((sum, kept) => sum + kept.characters, 0),
    maxWeight: MAX_CHARACTERS,
    now: options.now,
  })
  return {
    find(conversation, id) {
      const finished = conversations.peek(conversation)?.get(id)
      if (finished) conversations.open(conversation)
      return finished?.outcome
    },
    remember(conversation, id, outcome) {
      const outcomes = conversations.open(conversation)
      // What is noted anew counts as the newest.
      outcomes.delete(id)
      outcomes.set(id, { outcome, characters: charactersOf(outcome) })
      for (const oldest of outcomes.keys()) {
        if (outcomes.size <= MAX_OUTCOMES) break
        outcomes.delete(oldest)
      }
      conversations.weigh(conversation)
    },
    keep(conversation) {
      if (conversations.peek(conversation)) conversations.open(conversation)
    },
  }
}
