import { undoKey, wishOf } from '../effect-keys.ts'
import { MAX_OUTCOME_WAIT_MS } from '../outcome-wait.ts'
import { noteUndo } from '../undo/due-undos.ts'
import type { LiveTurn } from './live-turn.ts'
import type { ServerCall } from './server-call.ts'

/** What is being undone was wished for again: it must be gone before it is done anew. */
export async function awaitUndo(turn: LiveTurn, { call }: ServerCall): Promise<void> {
  const { undos, ledger, prepared, log } = turn
  const { identity, journal, untold } = prepared
  const wish = wishOf(call)
  await undos.ended(identity, wish)
  const undoing = untold.filter(({ undo }) => undo?.status === 'running')
  for (const effect of undoing.filter((other) => wishOf(other) === wish)) {
    const undone = ledger.outcomeOf(undoKey(identity, effect), MAX_OUTCOME_WAIT_MS)
    const outcome = await undone.catch((err: unknown) => {
      log.warn({ err }, 'what another instance undoes is not known')
      return null
    })
    if (outcome !== null && outcome !== 'running') noteUndo(journal, effect, outcome.status)
  }
}
