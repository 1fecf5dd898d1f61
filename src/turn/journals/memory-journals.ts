import { createJournal, type Journal } from '../../conversation/journal.ts'
import type { MemoryStore } from '../../store/memory-store.ts'
import type { Journals } from './journals.ts'
import { waitFor } from '../wait-for.ts'

/** At the latest then, one who waits for a change looks for himself. */
const CHANGED_WITHIN_MS = 1000

/** What no other instance has a part in. */
const ALONE = {
  isUp: () => true,
  changed: (_id, signal) => waitFor({ limitMs: CHANGED_WITHIN_MS, signal }),
  barOf: () => null,
  onSuperseded: () => undefined,
  awaitElsewhere: () => undefined,
  isAwaited: () => Promise.resolve(false),
} satisfies Partial<Journals>

/** The journals of this process alone; `decide` is called before `update` returns its promise. */
export function createMemoryJournals(store: MemoryStore<Journal>): Journals {
  return {
    ...ALONE,
    remembers: true,
    peek: (id) => Promise.resolve(store.peek(id) ?? createJournal()),
    async update(id, decide) {
      const result = decide(store.open(id))
      store.weigh(id)
      return result
    },
    keep(id) {
      store.weigh(id)
      return Promise.resolve(true)
    },
    keepSoon: () => undefined,
  }
}

/** Nothing is remembered between requests. */
export function createNoJournals(): Journals {
  return {
    ...ALONE,
    remembers: false,
    peek: () => Promise.resolve(null),
    update: async (_id, decide) => decide(null),
    keep: () => Promise.resolve(true),
    keepSoon: () => undefined,
  }
}
