import type { LocalJournal } from './local-journal.ts'

interface WatchDependencies {
  /** Brings a journal up to date; never rejects. */
  readonly refresh: (local: LocalJournal) => Promise<unknown>
  /** Something of this instance goes on in it. */
  readonly goesOn: (local: LocalJournal) => boolean
  /** Something else that is to be done once a second; false: nothing is. */
  readonly also: () => boolean
  readonly everyMs: number
}

/** Looks after the journals in which something of this instance goes on, or is waited for. */
export interface Watch {
  /** Begins to look after a journal, if there is reason to; a journal of null is only a reason to look around. */
  start(local: LocalJournal | null): void
  /** Another instance has written the record. */
  onChange(local: LocalJournal): void
  get(id: string): LocalJournal | undefined
}

export function createWatch({ refresh, goesOn, also, everyMs }: WatchDependencies): Watch {
  const watched = new Map<string, LocalJournal>()
  let timer: NodeJS.Timeout | null = null

  // Messages can get lost, so that nobody relies on them alone.
  function look(): void {
    timer = null
    for (const [id, local] of watched) {
      if (goesOn(local)) void refresh(local)
      else if (local.waiters.size === 0) watched.delete(id)
    }
    if (also() || watched.size > 0) lookLater()
  }

  function lookLater(): void {
    timer ??= setTimeout(look, everyMs).unref()
  }

  return {
    start(local) {
      if (local) watched.set(local.id, local)
      lookLater()
    },
    onChange(local) {
      local.isStale = true
      for (const wake of local.waiters) wake()
      if (goesOn(local)) void refresh(local)
    },
    get: (id) => watched.get(id),
  }
}
