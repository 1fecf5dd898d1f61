import type { JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { SharedStore } from '../../store/shared-store.ts'
import type { LocalJournal } from './local-journal.ts'
import { changeOf, type JournalChange } from './record-change.ts'
import { NEXT_FIELD } from './record-fields.ts'
import { abandon } from './recorded-turn.ts'
import { takeOver } from './take-over.ts'

interface Dependencies {
  readonly store: SharedStore
  readonly retainMs: number
  readonly log: Log
  readonly isUnsaved: (turn: JournalTurn) => boolean
  readonly onSuperseded: (turn: JournalTurn) => void
  /** The record says that a turn runs here which was given up, or has lost one that runs. */
  readonly onUntold: (local: LocalJournal, turn: JournalTurn) => void
  /** What was written may have arrived or not: it is to be read again, soon. */
  readonly onDoubt: (local: LocalJournal) => void
}

/** A journal's record in the shared store. To be used in the journal's own queue only. */
export interface SharedRecord {
  /** Brings the local journal in line with the record. Rejects with `store_unavailable`. */
  refresh(local: LocalJournal): Promise<void>
  /** False: another instance has written since the last refresh. Rejects with `store_unavailable`. */
  write(local: LocalJournal, change: JournalChange): Promise<boolean>
  /** Writes what a turn says by now. Rejects with `store_unavailable`. */
  save(local: LocalJournal, turn: JournalTurn): Promise<void>
  /** Nothing has changed, but the conversation goes on: its record stays for another while, if that can be seen to. */
  touch(local: LocalJournal): Promise<void>
}

/** Of one change, when other instances are always faster. */
export const MAX_TRIES = 20
/** Not for each request: the record is kept this much shorter at most. */
const TOUCH_EVERY_MS = 60_000
/** A revision that no record has. */
const UNKNOWN = -1

export function createSharedRecord(dependencies: Dependencies): SharedRecord {
  const { store, retainMs, log } = dependencies
  const { instance } = store

  async function read(local: LocalJournal): Promise<void> {
    const record = await store.readRecord(local.id, local.revision ?? UNKNOWN)
    local.isInDoubt = false
    if (record === 'unchanged') return
    const news = takeOver(local, record, { instance, isUnsaved: dependencies.isUnsaved })
    for (const turn of news.unreadable) log.warn({ turn }, 'a turn in the store cannot be read')
    for (const turn of news.orphans) abandon(turn, store.now())
    for (const turn of [...news.orphans, ...news.lost]) dependencies.onUntold(local, turn)
    for (const turn of news.superseded) dependencies.onSuperseded(turn)
  }

  async function refresh(local: LocalJournal): Promise<void> {
    local.isStale = false
    try {
      await read(local)
      if (await abandonOfDead(local, store)) await read(local)
    } catch (error) {
      local.isStale = true
      throw error
    }
  }

  async function write(local: LocalJournal, change: JournalChange): Promise<boolean> {
    if (local.revision === null) return false
    const { set, add, remove } = change
    const ifRevision = local.revision
    // Until the answer is there nobody knows what the record holds.
    local.revision = null
    const written = store.writeRecord(local.id, { set, add, remove, ifRevision, retainMs })
    const revision = await written.catch((error: unknown) => {
      dependencies.onDoubt(local)
      throw error
    })
    if (revision === 'conflict') return false
    change.commit(revision)
    local.writtenAt = performance.now()
    return true
  }

  return {
    refresh,
    write,
    async save(local, turn) {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        if (local.revision === null) await refresh(local)
        if (!local.journal.turns.includes(turn)) return
        // Of the turns of others only what all may change is written.
        const change = changeOf(local, turn.owner === instance ? turn : null)
        if (change.isEmpty || (await write(local, change))) return
      }
      throw new TurnstateError('overloaded', 'Other instances are always faster.')
    },
    async touch(local) {
      const isDue = performance.now() - local.writtenAt > Math.min(TOUCH_EVERY_MS, retainMs / 4)
      if (!isDue || local.kept.size === 0) return
      const set = { [NEXT_FIELD]: String(local.keptNextId) }
      await write(local, { ...changeOf(local), set }).catch(() => undefined)
    },
  }
}

/**
 * Ends the turns of instances that are gone. True if one that was taken for dead is back: what it
 * wrote must be read again.
 */
async function abandonOfDead(local: LocalJournal, store: SharedStore): Promise<boolean> {
  const running = [...local.kept].filter(
    ([, { turn, saysRunning }]) => saysRunning && turn.owner !== store.instance,
  )
  const owners = [...new Set(running.map(([, { turn }]) => turn.owner))]
  const answers = await Promise.all(owners.map((owner) => store.isAlive(owner)))
  const alive = new Set(owners.filter((_, index) => answers[index]))
  let isBack = false
  for (const [id, kept] of running) {
    if (!alive.has(kept.turn.owner)) {
      abandon(kept.turn, store.now())
    } else if (kept.turn.status !== 'running') {
      kept.turn.superseded = kept.facts.superseded
      local.kept.set(id, { ...kept, digest: '' })
      local.revision = null
      isBack = true
    }
  }
  return isBack
}
