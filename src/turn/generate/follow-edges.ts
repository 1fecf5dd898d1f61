import { followOpenEdges, resultEdge, toTransition } from '../../flow/edges.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { canTransition, takeTransition, type LiveTurn } from './live-turn.ts'

/** The turn entered a state that has something to say, which must be heard before it goes on. */
export function hasToSay({ journalled, position, settings }: LiveTurn): boolean {
  const entered = journalled.changes.some((change) => change.type === 'transition')
  return entered && settings.flow.states[position.state]?.say !== undefined
}

/** The edge that the result opens, then the edges that follow from the new values. */
export function followResult(turn: LiveTurn, tool: string, outcome: ToolOutcome): void {
  // A second call of the step must not lead on before the caller heard what the first led to.
  if (hasToSay(turn)) return
  const { flow } = turn.settings
  const { exchange } = turn.prepared.facts
  const from = turn.position.state
  const edge = resultEdge(flow, from, { tool, status: outcome.status })
  if (edge && canTransition(turn)) {
    takeTransition(turn, toTransition(from, edge, exchange))
    if (flow.states[turn.position.state]?.say) return
  }
  followEdges(turn)
}

/** The edges that are open where the turn stands now. */
export function followEdges(turn: LiveTurn): void {
  const { flow, limits } = turn.settings
  const taken = followOpenEdges(flow, turn.position, {
    factsAt: turn.prepared.factsAt,
    enteredAfter: turn.prepared.facts.exchange,
    budget: limits.max_transitions_per_turn - turn.transitions,
  })
  for (const transition of taken) takeTransition(turn, transition)
}
