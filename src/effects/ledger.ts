import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { badOutcome } from '../tools/tool-outcome.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'

/** Of one conversation; the oldest go first. */
const MAX_OUTCOMES = 500
/** Of all outcomes together: some 60 MB at most. */
const MAX_CHARACTERS = 30_000_000

/** What makes two calls of a tool the same wish: its place in the conversation, never a call's id. */
export interface EffectKey {
  /** The conversation's identity, the caller's auth key included. */
  readonly conversation: string
  readonly exchange: number
  /** Of the same wish at the same place: another one once the caller was told of the one before. */
  readonly generation: number
  readonly tool: string
  /** JSON text; the order of its keys and its white space do not count. */
  readonly arguments: string
}

interface LedgerOptions {
  /** Milliseconds after a conversation's outcomes were last asked for until they are forgotten. */
  readonly retainMs: number
  /** The oldest idle ones go first. */
  readonly maxConversations: number
  /** Milliseconds of a clock; only differences count. */
  readonly now: () => number
}

export interface Ledger {
  /**
   * Runs an effect at most once for its key: who comes second, while it runs or later, gets the same
   * outcome. `start` must end by its own limit; if it rejects, the outcome is `unknown`.
   */
  run(key: EffectKey, start: () => Promise<ToolOutcome>): Promise<ToolOutcome>
  /** The conversation goes on: what it knows of it is kept for another while. */
  keep(conversation: string): void
}

interface Finished {
  readonly outcome: ToolOutcome
  readonly characters: number
}

/** Remembers the effects of all conversations, in this process. */
export function createLedger({ retainMs, maxConversations, now }: LedgerOptions): Ledger {
  // What runs stands apart, so that nothing can push it out.
  const running = new Map<string, Promise<ToolOutcome>>()
  const conversations = createMemoryStore<Map<string, Finished>>({
    create: () => new Map(),
    retainMs,
    maxEntries: maxConversations,
    weightOf: (outcomes) => [...outcomes.values()].reduce((sum, kept) => sum + kept.characters, 0),
    maxWeight: MAX_CHARACTERS,
    now,
  })

  function remember(conversation: string, id: string, outcome: ToolOutcome): void {
    const outcomes = conversations.open(conversation)
    outcomes.set(id, { outcome, characters: charactersOf(outcome) })
    for (const oldest of outcomes.keys()) {
      if (outcomes.size <= MAX_OUTCOMES) break
      outcomes.delete(oldest)
    }
    conversations.weigh(conversation)
  }

  async function begin(
    id: string,
    { conversation }: EffectKey,
    start: () => Promise<ToolOutcome>,
  ): Promise<ToolOutcome> {
    const outcome = await Promise.resolve().then(start).catch(toUnknown)
    remember(conversation, id, outcome)
    running.delete(id)
    return outcome
  }

  return {
    async run(key, start) {
      const id = idOf(key)
      const finished = conversations.peek(key.conversation)?.get(id)
      if (finished) {
        conversations.open(key.conversation)
        return finished.outcome
      }
      const effect = running.get(id) ?? begin(id, key, start)
      running.set(id, effect)
      return effect
    },
    keep(conversation) {
      if (conversations.peek(conversation)) conversations.open(conversation)
    },
  }
}

function idOf({ conversation, exchange, generation, tool, ...wish }: EffectKey): string {
  const place = [conversation, exchange, generation, tool, canonicalJson(wish.arguments)]
  return createHash('sha256').update(JSON.stringify(place)).digest('base64url')
}

function charactersOf({ content, value }: ToolOutcome): number {
  return content.length + (value === undefined ? 0 : JSON.stringify(value).length)
}

/** It was under way when it broke. */
function toUnknown(): ToolOutcome {
  return badOutcome('unknown', 'no result came; it is not known whether this was done')
}
