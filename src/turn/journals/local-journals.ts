import { charactersOf } from '../../conversation/journal.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import { createLocalJournal, type LocalJournal } from './local-journal.ts'

interface Options {
  readonly retainMs: number
  readonly maxConversations: number
  readonly maxCharacters: number
  /** Something of this instance goes on in it. */
  readonly goesOn: (local: LocalJournal) => boolean
}

/** This instance's copies of journals, as many as have room; what goes on stays. */
export interface LocalJournals {
  open(id: string): LocalJournal
  peek(id: string): LocalJournal | undefined
  /** Works on a journal and its record after all that was asked for before. */
  inQueue<Result>(id: string, work: (local: LocalJournal) => Promise<Result>): Promise<Result>
}

export function createLocalJournals(options: Options): LocalJournals {
  const store = createMemoryStore({
    create: createLocalJournal,
    retainMs: options.retainMs,
    maxEntries: options.maxConversations,
    weightOf: ({ journal }) => charactersOf(journal),
    maxWeight: options.maxCharacters,
    isBusy: (local) => !local.queue.isIdle() || local.waiters.size > 0 || options.goesOn(local),
    now: () => performance.now(),
  })

  function open(id: string): LocalJournal {
    const local = store.open(id)
    local.id = id
    return local
  }

  return {
    open,
    peek: (id) => store.peek(id),
    inQueue(id, work) {
      const local = open(id)
      return local.queue.run(() => work(local)).finally(() => store.weigh(id))
    },
  }
}
