import type { ToolOutcome } from '../tools/tool-runner.ts'
import { charactersOf } from './characters-of.ts'

/** As long as a caller may be retried or revised; after that the world may have moved on. */
export const READ_RETAIN_MS = 15_000
/** Of all conversations together; the oldest go first. */
const MAX_READS = 2000
/** Of all outcomes together: some 10 MB at most. */
const MAX_CHARACTERS = 5_000_000

/** What reads said a moment ago, so that a repeated turn does not ask again. */
export interface ReadMemory {
  /** The outcome of the same read if it is fresh; `id` is the ledger's `idOf` its key. */
  find(id: string): ToolOutcome | undefined
  /** Only what went well is remembered: anything else is worth another try. */
  remember(id: string, outcome: ToolOutcome): void
}

interface Remembered {
  readonly outcome: ToolOutcome
  readonly characters: number
  readonly at: number
}

/** `now`: milliseconds of a clock; only differences count. */
export function createReadMemory({ now }: { readonly now: () => number }): ReadMemory {
  // In the order in which they were remembered: the first one is the oldest.
  const reads = new Map<string, Remembered>()
  let characters = 0

  const isFresh = (read: Remembered) => now() - read.at < READ_RETAIN_MS

  function forget(id: string): void {
    characters -= reads.get(id)?.characters ?? 0
    reads.delete(id)
  }

  function evict(): void {
    for (const [id, read] of reads) {
      if (reads.size <= MAX_READS && characters <= MAX_CHARACTERS && isFresh(read)) return
      forget(id)
    }
  }

  return {
    find(id) {
      const read = reads.get(id)
      return read && isFresh(read) ? read.outcome : undefined
    },
    remember(id, outcome) {
      forget(id)
      if (outcome.status === 'ok') {
        const size = charactersOf(outcome)
        reads.set(id, { outcome, characters: size, at: now() })
        characters += size
      }
      evict()
    },
  }
}
