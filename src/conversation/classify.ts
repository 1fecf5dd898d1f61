import { childrenOf, isContinuation, isLive, type Journal, type JournalTurn } from './journal.ts'
import { SKIP_TURN, type Kind } from './kinds.ts'
import type { UserBlock, View } from './view.ts'
import { answersLongerText, sameUserText } from './user-key.ts'

/** A shorter transcript that arrives within this time of the longer one is a straggler. */
const LATE_WITHIN_MS = 3000

interface Situation {
  readonly journal: Journal
  readonly view: View
  /** The user speech that waits for an answer. */
  readonly open: UserBlock | null
  /** The resolved node; together with the exchange it is the place of the request. */
  readonly node: JournalTurn | null
  /** Number of the last answered exchange; 0 if there is none. */
  readonly answeredExchange: number
  readonly tailKey: string
  readonly now: number
  readonly stateTool: string
  /** The platform says that nothing newer was said: less speech is no straggler. */
  readonly isNewest?: boolean
}

export interface Verdict {
  readonly kind: Kind
  readonly exchange: number
  readonly parent: JournalTurn | null
  readonly answersSpeech: boolean
  /** The turn that answers, or answered, this very speech. */
  readonly retryOf: JournalTurn | null
  /** Turns that this request still waits for; they are not discarded. */
  readonly asksAgain: ReadonlySet<JournalTurn>
}

/** What the request is. The kinds are tried in the order of `KINDS`. */
export function classify(situation: Situation): Verdict {
  const { open, view, node, answeredExchange } = situation
  const here = (kind: Kind): Verdict => ({
    kind,
    exchange: answeredExchange,
    parent: node,
    answersSpeech: false,
    retryOf: null,
    asksAgain: new Set(),
  })
  if (!open && view.tail === 'nobody') {
    const openings = situation.journal.children.filter((turn) => turn.kind === 'opening')
    return { ...here('opening'), asksAgain: new Set(openings) }
  }
  // The report on a marker says nothing about the conversation.
  if (view.endsInMarker)
    return { ...here('follow_up'), exchange: answeredExchange + (open ? 1 : 0) }
  const unchanged = deliveredCallAtPlace(situation)
  if (unchanged) {
    return {
      ...here('follow_up'),
      exchange: unchanged.exchange,
      parent: unchanged,
      asksAgain: new Set([...withAncestors(unchanged), ...longerAtPlace(situation)]),
    }
  }
  if (isToolResultTail(situation)) return here('follow_up')
  return open ? classifySpeech(situation, open) : here('silence')
}

function classifySpeech(situation: Situation, open: UserBlock): Verdict {
  const place = turnsAtPlace(situation)
  const attempts = place.filter((turn) => sameUserText(turn, open))
  const same = attempts.findLast(isLive) ?? attempts.at(-1)
  const longer = situation.isNewest ? undefined : longerAtPlace(situation).at(-1)
  const speech = (kind: Kind, again: readonly JournalTurn[] = []): Verdict => ({
    kind,
    exchange: situation.answeredExchange + 1,
    parent: situation.node,
    answersSpeech: true,
    retryOf: (again.length > 0 && same) || null,
    asksAgain: new Set(again),
  })
  if (same && (isLive(same) || !longer)) return speech('retry', [same])
  if (longer && (same || situation.now - longer.startedAt < LATE_WITHIN_MS)) {
    return speech('late', same ? [longer, same] : [longer])
  }
  if (wasShownBelow(situation)) return speech('withdrawn')
  return speech(place.length > 0 ? 'revised' : 'new')
}

/** Other attempts to answer the exchange that is open now. */
function turnsAtPlace({ journal, node, answeredExchange }: Situation): readonly JournalTurn[] {
  return childrenOf(journal, node).filter(
    (turn) =>
      turn.exchange === answeredExchange + 1 && !isContinuation(turn) && turn.kind !== 'opening',
  )
}

/** Running turns that answer more than what is open: the rest of it was said in the meantime. */
function longerAtPlace(situation: Situation): readonly JournalTurn[] {
  const { open } = situation
  if (!open) return []
  return turnsAtPlace(situation).filter((turn) => isLive(turn) && answersLongerText(turn, open))
}

/** A history went on from here once, also by way of a silence or of words that were not ours. */
function wasShownBelow({ journal, node, answeredExchange }: Situation): boolean {
  const below = [...childrenOf(journal, node)]
  for (let turn = below.pop(); turn; turn = below.pop()) {
    if (turn.shown && turn.exchange > answeredExchange) return true
    for (const child of turn.children) below.push(child)
  }
  return false
}

/** The tail is a platform tool's result, unless it is that of a skipped silence. */
function isToolResultTail({ view, node }: Situation): boolean {
  if (view.tail !== 'tool' || view.endsInSilence) return false
  return node ? !(node.kind === 'silence' && skipsOnly(node)) : !isSkippedSilence(view)
}

/** Without a journal: nothing but skipped turns since the last words, which were ours. */
function isSkippedSilence({ answered, greeting }: View): boolean {
  const messages = answered.at(-1)?.answer ?? greeting
  const lastText = messages.findLastIndex((message) => message.role === 'assistant' && message.text)
  const calls = messages.slice(lastText + 1).flatMap((message) => message.calls ?? [])
  const isOurs = lastText >= 0 && !messages[lastText]?.calls && calls.length > 0
  return isOurs && calls.every((call) => call.name === SKIP_TURN)
}

function skipsOnly(turn: JournalTurn): boolean {
  return turn.platformCalls.every((call) => call.name === SKIP_TURN)
}

/**
 * The same history again after a platform call that was delivered: some platforms keep no tool
 * messages. The last such turn at this place; null if there is none.
 */
function deliveredCallAtPlace(situation: Situation): JournalTurn | null {
  const { open, tailKey, stateTool } = situation
  const first = open
    ? turnsAtPlace(situation).findLast((turn) => sameUserText(turn, open))
    : continuationsAtPlace(situation).findLast((turn) => turn.tailKey === tailKey)
  if (!first || !deliveredCall(first, stateTool)) return null
  let last = first
  for (;;) {
    const next = last.children.findLast(
      (turn) => turn.kind === 'follow_up' && turn.tailKey === tailKey,
    )
    if (!next || !deliveredCall(next, stateTool)) return last
    last = next
  }
}

/** Other attempts to go on here without new speech; a skipped silence asks for nothing more. */
function continuationsAtPlace(situation: Situation): readonly JournalTurn[] {
  const kind = isToolResultTail(situation) ? 'follow_up' : 'silence'
  return childrenOf(situation.journal, situation.node).filter(
    (turn) =>
      turn.kind === kind &&
      turn.exchange === situation.answeredExchange &&
      !(kind === 'silence' && skipsOnly(turn)),
  )
}

function deliveredCall(turn: JournalTurn, stateTool: string): boolean {
  return (
    turn.status === 'finished' &&
    turn.sent.isWhole &&
    turn.platformCalls.some((call) => call.name !== stateTool)
  )
}

function withAncestors(turn: JournalTurn): readonly JournalTurn[] {
  return turn.kind === 'follow_up' && turn.parent ? [turn, ...withAncestors(turn.parent)] : [turn]
}
