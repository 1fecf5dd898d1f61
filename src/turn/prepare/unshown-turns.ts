import type { JournalTurn } from '../../conversation/journal.ts'
import type { MessageCall } from '../../conversation/message.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import type { PreparedTurn } from './prepare-turn.ts'

/**
 * The turns, oldest first, that a follow-up goes on from although the history does not show them:
 * some platforms keep no tool messages.
 */
export function unshownTurns({ kind, node, path }: Resolution): readonly JournalTurn[] {
  const shown = new Set(path.map(({ turn }) => turn))
  const unshown: JournalTurn[] = []
  let turn = kind === 'follow_up' ? node : null
  while (turn && !shown.has(turn)) {
    unshown.unshift(turn)
    // Above the turn that began the exchange, all is shown or was never said.
    turn = turn.kind === 'follow_up' ? turn.parent : null
  }
  return unshown
}

/** Platform calls that went out for this very exchange and left no trace in the history. */
export function issuedCalls(
  { resolution, journal }: PreparedTurn,
  stateTool: string,
): readonly MessageCall[] {
  const openings = resolution.kind === 'opening' ? journal.children : []
  const delivered = openings.filter((turn) => turn.kind === 'opening' && turn.sent.isWhole)
  return [...unshownTurns(resolution), ...delivered]
    .flatMap((turn) => turn.platformCalls)
    .filter((call) => call.name !== stateTool)
}
