import type { JournalTurn } from '../../conversation/journal.ts'
import type { Log } from '../../observability/log.ts'
import type { SharedStore } from '../../store/shared-store.ts'
import { untilAborted } from '../../until-aborted.ts'
import type { Journals } from './journals.ts'
import { goesOnHere, type LocalJournal } from './local-journal.ts'
import { supersededField } from './record-fields.ts'
import { isAway, unlessAway } from './store-away.ts'
import { updateRecord } from './update-record.ts'
import { waitFor } from '../wait-for.ts'
import { createParts, type SharedJournalLimits } from './shared-parts.ts'

const LIMITS: SharedJournalLimits = {
  maxConversations: 10_000,
  maxCharacters: 50_000_000,
  saveSoonMs: 300,
  lookEveryMs: 1000,
  awaitedForMs: 2500,
}

interface SharedJournalsOptions {
  readonly store: SharedStore
  /** Milliseconds after the last request until a conversation is forgotten. */
  readonly retainMs: number
  readonly log: Log
  readonly limits?: Partial<SharedJournalLimits>
}

/** The journals that several instances share: each has a copy, and the record in the store decides. */
export function createSharedJournals(options: SharedJournalsOptions): Journals {
  const { store, log } = options
  const limits = { ...LIMITS, ...options.limits }
  const { locals, saver, record, watch, refresh, onSuperseded } = createParts({
    ...options,
    limits,
  })

  return {
    remembers: true,
    async peek(id) {
      const local = locals.open(id)
      return (await refresh(local)) ? local.journal : null
    },
    async update(id, decide) {
      const decided = await locals
        .inQueue(id, async (local) => {
          if (!store.isUp()) return null
          const result = await updateRecord(record, local, decide)
          if (goesOnHere(local, store.instance)) watch.start(local)
          return { result }
        })
        .catch((error: unknown) => {
          if (isAway(error)) return null
          throw error
        })
      return decided ? decided.result : decide(null)
    },
    keep: saver.save,
    keepSoon: saver.saveSoon,
    async changed(id, signal) {
      signal.throwIfAborted()
      const local = locals.open(id)
      const until = performance.now() + limits.lookEveryMs
      const wait = () =>
        waitFor({ limitMs: until - performance.now(), signal, subscribe: wakeOf(local) })
      watch.start(local)
      if (!local.isStale) await wait()
      const isRefreshed = await untilAborted(refresh(local), signal)
      // Whoever waits asks again: not at once while there is nobody to answer.
      if (!isRefreshed) await wait()
    },
    isUp: () => store.isUp(),
    barOf: (id, turn) => ({ record: id, field: supersededField(turn) }),
    onSuperseded,
    awaitElsewhere(id, turn) {
      void unlessAway(store, log, () => store.mark(awaitedMark(id, turn), limits.awaitedForMs))
    },
    async isAwaited(id, turn) {
      return (await unlessAway(store, log, () => store.isMarked(awaitedMark(id, turn)))) ?? false
    },
  }
}

function awaitedMark(id: string, turn: JournalTurn): string {
  return `awaited:${turn.id}:${id}`
}

/** Wakes one who waits when another instance has written the journal. */
function wakeOf({ waiters }: LocalJournal) {
  return (wake: () => void) => {
    waiters.add(wake)
    return () => void waiters.delete(wake)
  }
}
