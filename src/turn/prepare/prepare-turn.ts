import type { ConversationKey } from '../../conversation/conversation-key.ts'
import type { Moment } from '../../conversation/fold-visible.ts'
import { createJournal, type Journal, type JournalTurn } from '../../conversation/journal.ts'
import { resolve, type Resolution } from '../../conversation/resolve.ts'
import type { View } from '../../conversation/view.ts'
import { assignedByName } from '../../flow/assign.ts'
import type { Facts } from '../../flow/condition.ts'
import type { Flow } from '../../flow/definition.ts'
import { enter, followOpenEdges } from '../../flow/edges.ts'
import { initialPosition, type Position } from '../../flow/position.ts'
import { silencesInHistory, silencesInJournal } from './count-silences.ts'
import { foldHistory } from './fold-history.ts'
import { formatNow, type Scope } from '../generate/scope.ts'
import type { TurnSettings } from '../settings.ts'
import type { TurnFacts } from '../turn.ts'
import type { KeptRequest } from '../turn-request.ts'
import { untoldEffects, type UntoldEffect } from './untold-effects.ts'

/** All that is decided before anything is generated. */
export interface PreparedTurn {
  readonly request: KeptRequest
  /** Of the conversation, its caller included. */
  readonly identity: string
  readonly view: View
  readonly resolution: Resolution
  readonly journal: Journal
  /** Later requests will find this one's turn. */
  readonly isRemembered: boolean
  /** What was done and never told the caller. */
  readonly untold: readonly UntoldEffect[]
  readonly facts: TurnFacts
  /** Where generation begins. */
  readonly start: Position
  /** What the request itself carries of it, sealed; else the flow's beginning. */
  readonly carried: Position
  /** Why sealed states of the request were not believed. */
  readonly rejectedSeals: readonly string[]
  /** It begins with the `say` of its state. */
  readonly saysOnEntry: boolean
  /** Transitions that were taken already and count towards the turn's limit. */
  readonly transitions: number
  /** Silences that were answered since the caller last spoke. */
  readonly silences: number
  readonly scope: Scope
  /** What conditions see at a position of this turn. */
  readonly factsAt: (position: Position) => Facts
  /** The same after what was still under way when the request came has ended. */
  readonly anew: () => Omit<PreparedTurn, 'anew'>
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
  request: KeptRequest,
  view: View,
  context: PrepareContext,
): PreparedTurn {
  const { settings, journal, now } = context
  const resolution = resolve(journal ?? createJournal(), view, {
    now,
    hasJournal: journal !== null,
    stateTool: settings.view.stateTool,
    isNewest: request.isNewest ?? false,
  })
  return toPrepared({ request, view, resolution, context }, attemptBefore(resolution))
}

interface Resolved {
  readonly request: KeptRequest
  readonly view: View
  readonly resolution: Resolution
  readonly context: PrepareContext
}

/** Begins as the earlier attempt did, or where the fold over the history leads to. */
function toPrepared(resolved: Resolved, again: JournalTurn | null): PreparedTurn {
  const { request, view, resolution, context } = resolved
  const { settings, journal: known, key, date } = context
  const { flow } = settings
  const { kind, exchange, followed } = resolution
  const factsAt = createFacts(request, view, resolution)
  const identity = identityOf(request.caller, key?.key ?? null)
  const fold = foldHistory(view, {
    settings,
    resolution,
    token: request.extra.turnstate_token,
    identity,
    factsAt,
  })
  const { isSayDue } = fold
  const folded = withGiven(flow, fold.position, request)
  const hasToSay = isSayDue || (kind === 'opening' && flow.states[folded.state]?.say !== undefined)
  const taken =
    again || hasToSay
      ? []
      : followOpenEdges(flow, folded, {
          factsAt,
          enteredAfter: resolution.open ? exchange - 1 : exchange,
          wasCut: followed?.heard === 'partial',
          budget: settings.limits.max_transitions_per_turn,
        })
  const start = again?.start ?? taken.reduce(enter, folded)
  return {
    request,
    identity,
    view,
    resolution,
    journal: known ?? createJournal(),
    isRemembered: known !== null,
    untold: untoldEffects(resolution),
    start,
    carried: fold.carried ?? initialPosition(flow),
    rejectedSeals: fold.rejectedSeals,
    transitions: again?.transitionsBefore ?? taken.length,
    saysOnEntry:
      again?.saysOnEntry ??
      (hasToSay || (taken.length > 0 && flow.states[start.state]?.say !== undefined)),
    silences: known ? silencesInJournal(known, resolution) : silencesInHistory(view),
    scope: { extra: request.extra, now: () => formatNow(date, settings.timezone) },
    factsAt,
    facts: toTurnFacts(resolution, key, start),
    anew: () => toPrepared(resolved, null),
  }
}

/** What the platform knows stands under what the conversation has set, and what it notices now above. */
function withGiven(flow: Flow, position: Position, request: KeptRequest): Position {
  const { variables, observed } = request
  if (!variables && !observed) return position
  const before = initialPosition(flow).variables
  const unset = Object.entries(assignedByName(flow, variables ?? {})).filter(
    ([name]) => position.variables[name] === before[name],
  )
  const seen = assignedByName(flow, observed ?? {})
  return {
    ...position,
    variables: { ...position.variables, ...Object.fromEntries(unset), ...seen },
  }
}

/** The same where attempts that were still counted on have come to nothing. */
export function withAbandoned(prepared: PreparedTurn, turns: readonly JournalTurn[]): PreparedTurn {
  const { anew } = prepared
  return { ...left(prepared, turns), anew: () => left(anew(), turns) }
}

function left<Prepared extends Pick<PreparedTurn, 'resolution' | 'untold'>>(
  prepared: Prepared,
  turns: readonly JournalTurn[],
): Prepared {
  const abandoned = [...prepared.resolution.abandoned, ...turns]
  const resolution = { ...prepared.resolution, abandoned }
  return { ...prepared, resolution, untold: untoldEffects(resolution) }
}

/** The turn at this place that begins, or began, as this one does. */
function attemptBefore({ answer, retryOf }: Resolution): JournalTurn | null {
  return answer.type === 'join' || answer.type === 'replay' ? answer.turn : retryOf
}

function toTurnFacts(
  { kind, exchange, heard, confidence }: Resolution,
  key: ConversationKey | null,
  start: Position,
): TurnFacts {
  return {
    conversation: key?.key ?? null,
    keySource: key?.source ?? 'none',
    exchange,
    state: start.state,
    kind,
    heard,
    confidence: key ? confidence : 'low',
  }
}

/** What conditions see, now or at an earlier moment of the history. */
function createFacts({ extra }: KeptRequest, view: View, { open, kind, exchange }: Resolution) {
  const lastUserText = (open ?? view.open)?.text ?? view.answered.at(-1)?.user.text ?? ''
  const present: Moment = { exchange, lastUserText }
  return (position: Position, moment: Moment = present): Facts => ({
    variables: position.variables,
    extra,
    exchange: moment.exchange,
    turnsInState: Math.max(0, moment.exchange - position.enteredAfter),
    kind: moment === present ? kind : 'new',
    lastUserText: moment.lastUserText,
  })
}

/** Under which name a conversation is remembered; null when nothing is remembered of it. */
export function journalId(caller: string, key: ConversationKey | null): string | null {
  return key && identityOf(caller, key.key)
}

/** The auth key is part of the identity: two callers' conversations never meet. */
function identityOf(caller: string, key: string | null): string {
  return JSON.stringify([caller, key])
}
