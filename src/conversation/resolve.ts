import { classify } from './classify.ts'
import { coordinate, type Coordination } from './coordinate.ts'
import { isLive, wasAnswered, type Journal, type JournalTurn } from './journal.ts'
import type { Confidence, Heard, Kind } from './kinds.ts'
import { walkFromReply } from './lost-head.ts'
import { matchContinuation, matchTurn } from './match-turn.ts'
import type { ShownTurn, TurnMatch } from './turn-match.ts'
import type { Effort } from './match-words.ts'
import { tailKeyOf } from './tail-key.ts'
import type { AnsweredBlock, UserBlock, View } from './view.ts'
import { mergeSpeech, walk } from './walk.ts'

/** Where a history stands in its journal, and what the request asks for. */
export interface Resolution extends Coordination {
  readonly kind: Kind
  readonly exchange: number
  /** The turn that a new one stands under; null is the root. */
  readonly node: JournalTurn | null
  /** The user speech to answer; null for an opening, a silence and a follow-up. */
  readonly open: UserBlock | null
  /** Shown turns, in the order of the history, the opening included. */
  readonly path: readonly ShownTurn[]
  /** The same as a set, and with the turns above a head of the history that was cut. */
  readonly onPath: ReadonlySet<JournalTurn>
  /** Answered blocks of which nothing but fillers was heard. */
  readonly unheard: ReadonlySet<AnsweredBlock>
  /** The turn that the state follows from; null when there is none and the history alone must tell. */
  readonly followed: { readonly turn: JournalTurn; readonly heard: Heard } | null
  readonly heard: Heard
  readonly confidence: Confidence
  readonly discarded: readonly JournalTurn[]
  /** Turns that are over and that this history does not go on from, whether they said something or not. */
  readonly abandoned: readonly JournalTurn[]
  readonly rollback: boolean
  /** The turn that this request asks for again. */
  readonly retryOf: JournalTurn | null
  /** See `tailKeyOf`. */
  readonly tailKey: string
}

interface ResolveOptions {
  /** Milliseconds of a clock; only differences count. */
  readonly now: number
  /** False when nothing is remembered: the confidence is low whatever matches. */
  readonly hasJournal: boolean
  /** The marker tool, which is no platform call. */
  readonly stateTool: string
  /** The platform says that nothing newer was said. */
  readonly isNewest?: boolean
}

/** About a tenth of a second; a hundred exchanges with three turns each need a hundredth of it. */
const MAX_EFFORT = 1_000_000

/** Decides everything about a request from its view and the journal. Pure. */
export function resolve(journal: Journal, view: View, options: ResolveOptions): Resolution {
  const effort = { left: MAX_EFFORT }
  const greeting = matchGreeting(journal, view, effort)
  const cut = greeting ? null : walkFromReply(journal, view, effort)
  const walked = cut ?? walk(journal, view, effort)
  const openingPath = greeting?.shown ?? []
  const answeredExchange = (walked.node?.exchange ?? 0) + walked.blocksAfter
  const open =
    walked.carried.length > 0 || view.open
      ? mergeSpeech(walked.carried, view.open ?? { messages: [], text: '' })
      : null
  // Exchange 1 stands under the root; only what goes on with the greeting itself stands on an opening.
  const greeted = open || view.answered.length > 0 ? null : (openingPath.at(-1)?.turn ?? null)
  const node = walked.node ?? greeted
  const path = [...openingPath, ...walked.path]
  const last = path.at(-1)
  const tailKey = tailKeyOf(view, last?.message ?? null)
  const verdict = classify({ journal, view, open, node, answeredExchange, tailKey, ...options })
  const onPath = new Set(path.map(({ turn }) => turn))
  // Where the head of the history was cut, the turns above its first one are on the path as well.
  for (let at = walked.path[0]?.turn.parent; at; at = at.parent) onPath.add(at)
  const { endsInMarker } = view
  const { now, isNewest = false } = options
  const { answer, superseded } = coordinate(
    { journal, shown: onPath, tailKey, endsInMarker, now, isNewest },
    verdict,
  )
  const asksAgain = new Set(verdict.asksAgain)
  if (answer.type === 'join' || answer.type === 'replay') asksAgain.add(answer.turn)
  const offPath = journal.turns.filter((turn) => !onPath.has(turn))
  const discarded = offPath.filter((turn) => wasAnswered(turn) && !asksAgain.has(turn))
  const followed = verdict.parent ?? last?.turn ?? null
  // A follow-up can go on from a turn that the history does not show: its call was delivered.
  const followedHeard = last && followed === last.turn ? last.heard : 'full'
  return {
    kind: verdict.kind,
    exchange: verdict.exchange,
    node: verdict.parent,
    open: verdict.answersSpeech ? open : null,
    path,
    onPath,
    unheard: walked.unheard,
    followed: followed && { turn: followed, heard: followedHeard },
    heard: last?.heard ?? 'unknown',
    confidence:
      !options.hasJournal || walked.hasForeign ? 'low' : walked.exact ? 'exact' : 'partial',
    discarded,
    abandoned: offPath.filter(
      (turn) =>
        (!isLive(turn) || superseded.includes(turn)) &&
        !(verdict.kind === 'follow_up' && asksAgain.has(turn)),
    ),
    rollback: discarded.length > 0 && (verdict.kind === 'revised' || verdict.kind === 'withdrawn'),
    retryOf: verdict.retryOf,
    tailKey,
    answer,
    superseded,
  }
}

/** The one with its own call, then the longest, then the newest. */
function isBetterGreeting(match: TurnMatch, than: TurnMatch): boolean {
  return match.byId === than.byId ? match.words >= than.words : match.byId
}

/** The opening that the greeting shows, and the silences after it. */
function matchGreeting(journal: Journal, view: View, effort: Effort): TurnMatch | null {
  const messages = view.greeting
  let best: TurnMatch | null = null
  for (const turn of journal.children) {
    if (turn.kind !== 'opening') continue
    const cursor = { messages, index: 0, offset: 0 }
    const match = matchTurn(turn, cursor, { sameUserText: true, effort })
    if (match && !match.fillersOnly && (!best || isBetterGreeting(match, best))) best = match
  }
  if (best) return best
  // A greeting of the platform's own can be followed by a silence that was answered here.
  const children = journal.children.filter((child) => child.exchange === 0)
  for (let index = 1; index < messages.length && children.length > 0; index++) {
    const match = matchContinuation({ children }, { messages, index, offset: 0 }, effort)
    if (match) return match
  }
  return null
}
