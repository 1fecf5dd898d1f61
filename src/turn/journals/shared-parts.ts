import type { JournalTurn } from '../../conversation/journal.ts'
import type { Log } from '../../observability/log.ts'
import type { SharedStore } from '../../store/shared-store.ts'
import { goesOnHere, type LocalJournal } from './local-journal.ts'
import { createLocalJournals, type LocalJournals } from './local-journals.ts'
import { createSaver, type Saver } from './saver.ts'
import { createSharedRecord, type SharedRecord } from './shared-record.ts'
import { storeAway, unlessAway } from './store-away.ts'
import { createWatch, type Watch } from './watch.ts'

export interface SharedJournalLimits {
  /** Conversations of which this instance keeps a copy; the oldest idle ones go first. */
  readonly maxConversations: number
  /** Of the texts in all copies together. */
  readonly maxCharacters: number
  readonly saveSoonMs: number
  /** What is waited for, or could not be saved, is looked at again so often. */
  readonly lookEveryMs: number
  /** For so long somebody who waits for a turn is believed to go on waiting. */
  readonly awaitedForMs: number
}

interface PartsOptions {
  readonly store: SharedStore
  readonly retainMs: number
  readonly log: Log
  readonly limits: SharedJournalLimits
}

interface Parts {
  readonly locals: LocalJournals
  readonly saver: Saver
  readonly record: SharedRecord
  readonly watch: Watch
  /** Brings a journal in line with its record. False: that is not possible now. Never rejects. */
  readonly refresh: (local: LocalJournal) => Promise<boolean>
  readonly onSuperseded: (listener: (turn: JournalTurn) => void) => void
}

/** What shared journals are made of, each part knowing those that it needs. */
export function createParts({ store, retainMs, log, limits }: PartsOptions): Parts {
  const listeners: ((turn: JournalTurn) => void)[] = []
  /** Refreshes that have not begun yet: whoever asks meanwhile is served by them too. */
  const refreshes = new Map<LocalJournal, Promise<boolean>>()
  // What may stand in the record of a decision that was taken back is looked at, or others wait for it.
  const goesOn = (local: LocalJournal) =>
    local.isInDoubt ||
    goesOnHere(local, store.instance) ||
    local.journal.turns.some(saver.isUnsaved)

  const locals = createLocalJournals({ ...limits, retainMs, goesOn })
  const saver = createSaver({
    save: (id, turn, begin) =>
      locals.inQueue(id, async (local) => {
        begin()
        if (!local.journal.turns.includes(turn)) return
        if (!store.isUp()) throw storeAway()
        await record.save(local, turn)
      }),
    retainMs,
    saveSoonMs: limits.saveSoonMs,
    log,
    onUnsaved: () => watch.start(null),
  })
  const record = createSharedRecord({
    store,
    retainMs,
    log,
    isUnsaved: saver.isUnsaved,
    onSuperseded: (turn) => {
      for (const listener of listeners) listener(turn)
    },
    onUntold: ({ id }, turn) => saver.saveSoon(id, turn),
    onDoubt(local) {
      local.isInDoubt = true
      watch.start(local)
    },
  })

  function refresh(local: LocalJournal): Promise<boolean> {
    const refreshed =
      refreshes.get(local) ??
      locals.inQueue(local.id, async (current) => {
        refreshes.delete(local)
        const done = await unlessAway(store, log, async () => {
          await record.refresh(current)
          return true
        })
        return done ?? false
      })
    refreshes.set(local, refreshed)
    return refreshed
  }

  const watch = createWatch({ refresh, goesOn, also: saver.retry, everyMs: limits.lookEveryMs })
  store.onRecordChange((id) => {
    const local = watch.get(id) ?? locals.peek(id)
    if (local) watch.onChange(local)
  })
  const onSuperseded = (listener: (turn: JournalTurn) => void) => void listeners.push(listener)
  return { locals, saver, record, watch, refresh, onSuperseded }
}
