import { enter } from '../flow/edges.ts'
import type { Position } from '../flow/position.ts'
import type { JournalTurn } from './journal.ts'
import type { Heard } from './kinds.ts'

/**
 * Where the conversation stands after the turn, given what was heard of it: an edge that asks for
 * the whole turn does not count after a part, and neither does what followed from it.
 */
export function positionAfter(turn: JournalTurn, heard: Heard): Position {
  let position = turn.start
  let isHalted = false
  for (const change of turn.changes) {
    if (change.type === 'assignment') {
      position = { ...position, variables: { ...position.variables, ...change.values } }
      continue
    }
    const { transition } = change
    if (transition.requireFull && heard !== 'full') isHalted = true
    if (!isHalted && transition.from === position.state) position = enter(position, transition)
  }
  return position
}
