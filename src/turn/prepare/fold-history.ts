import { foldVisible, type Moment, type VisibleFold } from '../../conversation/fold-visible.ts'
import { positionAfter } from '../../conversation/position-after.ts'
import type { ConversationMessage } from '../../conversation/message.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { openState, type SealedState } from '../../conversation/state-token.ts'
import type { View } from '../../conversation/view.ts'
import type { Facts } from '../../flow/condition.ts'
import { initialPosition, type Position } from '../../flow/position.ts'
import type { TurnSettings } from '../settings.ts'

interface FoldContext {
  readonly settings: TurnSettings
  readonly resolution: Resolution
  /** The token that the client gave back, whatever it is. */
  readonly token: unknown
  /** Whose conversation a token or marker must be of. */
  readonly identity: string
  readonly factsAt: (position: Position, moment: Moment) => Facts
}

interface HistoryFold extends VisibleFold {
  /** The newest sealed position that counts, whether the journal knew better or not. */
  readonly carried: Position | null
  /** Why sealed states were refused, for the log; each reason once. */
  readonly rejectedSeals: readonly string[]
}

/** One is made per change of state: no call has nearly as many, but a hostile history might. */
const MAX_MARKERS_READ = 50

/**
 * The state after what was heard: by the journal, or by the token or a marker where these know more,
 * then by what the rest of the history shows.
 */
export function foldHistory(view: View, context: FoldContext): HistoryFold {
  const { settings, resolution, factsAt } = context
  const { flow, limits } = settings
  const last = resolution.path.at(-1)
  const { sealed: newest, rejectedSeals } = newestSealed(view, context)
  const sealed = newest && newest.exchange > blocksKnown(view, resolution) ? newest : null
  const { followed } = resolution
  const known = sealed?.position ?? (followed && positionAfter(followed.turn, followed.heard))
  const position = known && Object.hasOwn(flow.states, known.state) ? known : initialPosition(flow)
  const fold = foldVisible(view, position, {
    flow,
    after: sealed ? lastKnown(view, sealed) : (last?.message ?? null),
    firstExchange: resolution.exchange - view.answered.length + (view.open ? 0 : 1),
    wasCut: followed?.heard === 'partial',
    factsAt,
    maxTransitions: limits.max_transitions_per_turn,
  })
  return { ...fold, carried: newest?.position ?? null, rejectedSeals }
}

interface NewestSealed {
  readonly sealed: SealedState | null
  readonly rejectedSeals: readonly string[]
}

/** Of the token and the markers, the one that counts and was sealed last. */
function newestSealed(view: View, { settings, token, identity }: FoldContext): NewestSealed {
  const rejected = new Set<string>()
  const read = (text: unknown): SealedState | null => {
    const opened = openState(text, settings.token, { identity, view })
    if (opened.status === 'rejected') rejected.add(opened.reason)
    return opened.status === 'counts' ? opened.sealed : null
  }
  // Clients send an empty one while they have none.
  const byToken = token === undefined || token === null || token === '' ? null : read(token)
  let byMarker: SealedState | null = null
  for (const marker of view.markers.slice(-MAX_MARKERS_READ).toReversed()) {
    byMarker = read(marker)
    if (byMarker) break
  }
  const isMarkerNewer = byMarker && (!byToken || isLater(byMarker, byToken))
  return { sealed: isMarkerNewer ? byMarker : byToken, rejectedSeals: [...rejected] }
}

function isLater(one: SealedState, other: SealedState): boolean {
  const gap = one.exchange - other.exchange || one.results - other.results || one.said - other.said
  return gap > 0
}

/** Up to which block the journal knows the history; -1 if it knows nothing of it. */
function blocksKnown(view: View, { path, node }: Resolution): number {
  const last = path.at(-1)
  // A follow-up can go on from a turn that the history does not show.
  if (node && node !== last?.turn) return view.answered.length
  return last ? view.answered.findLastIndex((block) => block.answer.includes(last.message)) + 1 : -1
}

/**
 * What a sealed state knows of the history: the results that stood in its exchange when it was
 * sealed, or all before that exchange when there were none.
 */
function lastKnown(view: View, { exchange, results }: SealedState): ConversationMessage | null {
  const blocks = [view.greeting, ...view.answered.map((block) => block.answer)]
  if (results === 0) return blocks.slice(0, exchange).flat().at(-1) ?? null
  const shown = (blocks[exchange] ?? []).filter((message) => message.role === 'tool')
  return shown[results - 1] ?? blocks[exchange]?.at(-1) ?? null
}
