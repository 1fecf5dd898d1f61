import type { ConversationKey } from '../conversation/conversation-key.ts'
import { foldVisible } from '../conversation/fold-visible.ts'
import {
  createJournal,
  isContinuation,
  wasAnswered,
  type Journal,
  type JournalTurn,
} from '../conversation/journal.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import { resolve, type Resolution } from '../conversation/resolve.ts'
import { openState } from '../conversation/state-token.ts'
import { toView, type View } from '../conversation/view.ts'
import type { Facts } from '../flow/condition.ts'
import { enter, followOpenEdges } from '../flow/edges.ts'
import { initialPosition, type Position } from '../flow/position.ts'
import { formatNow, type Scope } from './scope.ts'
import type { TurnSettings } from './settings.ts'
import type { TurnFacts } from './turn.ts'
import type { TurnRequest } from './turn-request.ts'

/** All that is decided before anything is generated. */
export interface PreparedTurn {
  readonly request: TurnRequest
  readonly view: View
  readonly resolution: Resolution
  readonly journal: Journal
  readonly facts: TurnFacts
  /** Where generation begins. */
  readonly start: Position
  /** It begins with the `say` of its state. */
  readonly saysOnEntry: boolean
  /** Transitions that were taken already and count towards the turn's limit. */
  readonly transitions: number
  /** Silences that were answered since the caller last spoke. */
  readonly silences: number
  readonly scope: Scope
  /** What conditions see at a position of this turn. */
  readonly factsAt: (position: Position) => Facts
}

interface PrepareContext {
  readonly settings: TurnSettings
  /** The conversation's journal; null when nothing is remembered of it. */
  readonly journal: Journal | null
  readonly key: ConversationKey | null
  readonly now: number
  readonly date: Date
}

/** Derives where the conversation stands. Reads the journal and changes nothing. */
export function prepareTurn(
  request: TurnRequest,
  view: View,
  { settings, journal: known, key, now, date }: PrepareContext,
): PreparedTurn {
  const { flow } = settings
  const journal = known ?? createJournal()
  const resolution = resolve(journal, view, {
    now,
    hasJournal: known !== null,
    stateTool: settings.view.stateTool,
  })
  const { kind, exchange, retryOf } = resolution
  const lastUserText = (resolution.open ?? view.open)?.text ?? view.answered.at(-1)?.user.text ?? ''
  const factsAt = ({ variables, enteredAfter }: Position): Facts => ({
    variables,
    extra: request.extra,
    exchange,
    turnsInState: Math.max(0, exchange - enteredAfter),
    kind,
    lastUserText,
  })
  const folded = fold(request, view, { settings, resolution, key, factsAt })
  const opensWithSay = kind === 'opening' && flow.states[folded.state]?.say !== undefined
  const taken =
    retryOf || opensWithSay
      ? []
      : followOpenEdges(flow, folded, {
          factsAt,
          enteredAfter: resolution.open ? exchange - 1 : exchange,
          wasCut: resolution.heard === 'partial',
          budget: settings.limits.max_transitions_per_turn,
        })
  const start = retryOf?.start ?? taken.reduce(enter, folded)
  return {
    request,
    view,
    resolution,
    journal,
    start,
    transitions: taken.length,
    saysOnEntry:
      retryOf?.saysOnEntry ??
      (opensWithSay || (taken.length > 0 && flow.states[start.state]?.say !== undefined)),
    silences: known ? answeredSilences(known, resolution) : silencesInHistory(view),
    scope: { extra: request.extra, now: () => formatNow(date, settings.timezone) },
    factsAt,
    facts: {
      conversation: key?.key ?? null,
      keySource: key?.source ?? 'none',
      exchange,
      state: start.state,
      kind,
      heard: resolution.heard,
      confidence: key ? resolution.confidence : 'low',
    },
  }
}

/** The canonical view of a request's messages, as this server sees them. */
export function viewOf(request: TurnRequest, settings: TurnSettings): View {
  return toView(request.messages, settings.view)
}

interface FoldContext {
  readonly settings: TurnSettings
  readonly resolution: Resolution
  readonly key: ConversationKey | null
  readonly factsAt: (position: Position) => Facts
}

/**
 * The state after what was heard: by the journal, or by the sealed token where that knows more, then
 * by what the rest of the history shows.
 */
function fold(
  request: TurnRequest,
  view: View,
  { settings, resolution, key, factsAt }: FoldContext,
): Position {
  const token = openState(request.extra.turnstate_token, settings.token, {
    conversation: conversationId(request.caller, key),
    view,
  })
  const last = resolution.path.at(-1)
  const byToken = token && token.exchange > (last?.turn.exchange ?? -1) ? token : null
  const position = byToken?.position ?? resolution.position ?? initialPosition(settings.flow)
  const isKnownState = Object.hasOwn(settings.flow.states, position.state)
  return foldVisible(view, isKnownState ? position : initialPosition(settings.flow), {
    flow: settings.flow,
    wasCut: resolution.heard === 'partial',
    after: byToken ? lastOfExchange(view, byToken.exchange) : (last?.message ?? null),
    factsAt,
    maxTransitions: settings.limits.max_transitions_per_turn,
  })
}

function lastOfExchange(view: View, exchange: number): ConversationMessage | null {
  const messages = exchange === 0 ? view.greeting : view.answered[exchange - 1]?.answer
  return messages?.at(-1) ?? null
}

/** The auth key is part of the identity: two callers' conversations never meet. */
export function conversationId(caller: string, key: ConversationKey | null): string | null {
  return key ? JSON.stringify([caller, key.key]) : null
}

/** The turn that a continuation adds to; null when it stands under the root. */
function mainTurn(turn: JournalTurn | null): JournalTurn | null {
  let main = turn
  while (main && isContinuation(main)) main = main.parent
  return main
}

function answeredSilences(journal: Journal, { node, exchange }: Resolution): number {
  const main = mainTurn(node)
  return journal.turns.filter(
    (turn) =>
      turn.kind === 'silence' &&
      turn.exchange === exchange &&
      wasAnswered(turn) &&
      mainTurn(turn) === main,
  ).length
}

/** Without a journal: replies after the first one since the caller last spoke. */
function silencesInHistory(view: View): number {
  const messages = view.answered.at(-1)?.answer ?? view.greeting
  const lastResult = messages.findLastIndex((message) => message.role === 'tool')
  const replies = messages
    .slice(lastResult + 1)
    .filter((message) => message.role === 'assistant' && message.text !== '')
  return Math.max(0, replies.length - 1)
}
