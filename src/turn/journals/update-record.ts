import { setTimeout as delay } from 'node:timers/promises'
import type { Journal } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import { decideForNow } from './decide-for-now.ts'
import type { LocalJournal } from './local-journal.ts'
import { changeOf } from './record-change.ts'
import { MAX_TRIES, type SharedRecord } from './shared-record.ts'

/** A caller has hung up by then. */
const TRY_FOR_MS = 5000
/** Instances that got in each other's way wait for a random time of at most so long. */
const MAX_PAUSE_MS = 20

/**
 * Decides on a shared journal and writes what was decided; again if another instance was faster.
 * Rejects with `store_unavailable`, and then nothing is decided here: whether the record holds it
 * shows when it is read again.
 */
export async function updateRecord<Result>(
  record: SharedRecord,
  local: LocalJournal,
  decide: (journal: Journal) => Result,
): Promise<Result> {
  const giveUpAt = performance.now() + TRY_FOR_MS
  for (let tries = 1; tries <= MAX_TRIES && performance.now() < giveUpAt; tries++) {
    await record.refresh(local)
    const { result, takeBack } = decideForNow(local.journal, decide)
    const change = changeOf(local)
    if (change.isEmpty) {
      await record.touch(local)
      return result
    }
    const isWritten = await record.write(local, change).catch((error: unknown) => {
      takeBack()
      throw error
    })
    if (isWritten) return result
    takeBack()
    if (tries > 1) await delay(Math.random() * MAX_PAUSE_MS)
  }
  throw new TurnstateError('overloaded', 'Too many requests for this conversation at once.')
}
