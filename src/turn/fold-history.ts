import { foldVisible, type Moment, type VisibleFold } from '../conversation/fold-visible.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import type { Resolution } from '../conversation/resolve.ts'
import { openState, type SealedState } from '../conversation/state-token.ts'
import type { View } from '../conversation/view.ts'
import type { Facts } from '../flow/condition.ts'
import { initialPosition, type Position } from '../flow/position.ts'
import type { TurnSettings } from './settings.ts'

interface FoldContext {
  readonly settings: TurnSettings
  readonly resolution: Resolution
  /** The token that the client gave back, whatever it is. */
  readonly token: unknown
  /** Whose conversation a token must be of. */
  readonly identity: string
  readonly factsAt: (position: Position, moment: Moment) => Facts
}

/**
 * The state after what was heard: by the journal, or by the sealed token where that knows more, then
 * by what the rest of the history shows.
 */
export function foldHistory(view: View, context: FoldContext): VisibleFold {
  const { settings, resolution, factsAt } = context
  const { flow, limits } = settings
  const last = resolution.path.at(-1)
  const sealed = openState(context.token, settings.token, { identity: context.identity, view })
  const byToken = sealed && sealed.exchange > blocksShown(view, resolution) ? sealed : null
  const known = byToken?.position ?? resolution.position
  const position = known && Object.hasOwn(flow.states, known.state) ? known : initialPosition(flow)
  return foldVisible(view, position, {
    flow,
    after: byToken ? lastKnown(view, byToken) : (last?.message ?? null),
    firstExchange: resolution.exchange - view.answered.length + (view.open ? 0 : 1),
    wasCut: resolution.wasCut,
    factsAt,
    maxTransitions: limits.max_transitions_per_turn,
  })
}

/** Up to which block the journal knows the history; -1 if it knows nothing of it. */
function blocksShown(view: View, { path }: Resolution): number {
  const last = path.at(-1)
  return last ? view.answered.findLastIndex((block) => block.answer.includes(last.message)) + 1 : -1
}

/**
 * What the token knows of the history: the results that stood in its exchange when it was sealed, or
 * all before that exchange when there were none.
 */
function lastKnown(view: View, { exchange, results }: SealedState): ConversationMessage | null {
  const blocks = [view.greeting, ...view.answered.map((block) => block.answer)]
  if (results === 0) return blocks.slice(0, exchange).flat().at(-1) ?? null
  const shown = (blocks[exchange] ?? []).filter((message) => message.role === 'tool')
  return shown[results - 1] ?? blocks[exchange]?.at(-1) ?? null
}
