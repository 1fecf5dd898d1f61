import { childrenOf, isLive, isUnderWay, type Journal, type JournalTurn } from './journal.ts'
import type { Verdict } from './classify.ts'

/** How a request gets its answer. */
type Answer =
  | { readonly type: 'generate' }
  /** From a turn that still runs: its text so far at once, then as it comes. */
  | { readonly type: 'join'; readonly turn: JournalTurn }
  /** From a finished turn, word for word. */
  | { readonly type: 'replay'; readonly turn: JournalTurn }
  /** With next to nothing: the platform only reports that it took note of a marker. */
  | { readonly type: 'quiet' }

export interface Coordination {
  readonly answer: Answer
  /** Turns under way that end now: nobody waits for what they would still say or do. */
  readonly superseded: readonly JournalTurn[]
}

/** A finished answer is given again for so long, and so often: then the platform wants another one. */
const REPLAY_WITHIN_MS = 15_000
const MAX_REPLAYS = 3

interface Situation {
  readonly journal: Journal
  /** The turns that the history shows. */
  readonly shown: ReadonlySet<JournalTurn>
  readonly tailKey: string
  /** The tail is a report on a marker. */
  readonly endsInMarker: boolean
  readonly now: number
  /** The platform says that nothing newer was said. */
  readonly isNewest: boolean
}

/** What is done about a request, given what it is: one model call for each turn, the newest wins. Pure. */
export function coordinate(situation: Situation, verdict: Verdict): Coordination {
  const answer = toAnswer(situation, verdict)
  const running = situation.journal.turns.filter(isUnderWay)
  return {
    answer,
    superseded: running.filter(
      // What the caller spoke over ends, whatever the request is.
      (turn) =>
        situation.shown.has(turn) ||
        (situation.isNewest ? !isFollowed(turn, answer) : yields(turn, verdict, answer.type)),
    ),
  }
}

function isFollowed(turn: JournalTurn, answer: Answer): boolean {
  return (answer.type === 'join' || answer.type === 'replay') && answer.turn === turn
}

function toAnswer(situation: Situation, verdict: Verdict): Answer {
  if (situation.endsInMarker) return { type: 'quiet' }
  const turn = repeated(situation, verdict)
  if (turn && isLive(turn)) return { type: 'join', turn }
  if (turn && verdict.kind !== 'silence' && canBeReplayed(turn, situation.now)) {
    return { type: 'replay', turn }
  }
  return { type: 'generate' }
}

/** The turn that answers, or answered, the very same request. */
function repeated(
  { journal, tailKey }: Situation,
  { kind, parent, exchange, retryOf }: Verdict,
): JournalTurn | null {
  if (kind === 'retry') return retryOf
  // Half a sentence has no effects, be it for the second time: no call goes out with it.
  if (kind === 'late') return retryOf?.platformCalls.length === 0 ? retryOf : null
  if (kind !== 'opening' && kind !== 'follow_up' && kind !== 'silence') return null
  const same = childrenOf(journal, parent).filter(
    (turn) => turn.kind === kind && turn.exchange === exchange && turn.tailKey === tailKey,
  )
  return same.find(isLive) ?? same.at(-1) ?? null
}

function canBeReplayed(turn: JournalTurn, now: number): boolean {
  return (
    turn.status === 'finished' &&
    // What the caller spoke over is not said again.
    turn.heardText === null &&
    now - turn.endedAt < REPLAY_WITHIN_MS &&
    turn.replays < MAX_REPLAYS
  )
}

/** Whether a running turn ends because another text, or the same one again, is what counts now. */
function yields(
  turn: JournalTurn,
  { kind, exchange, parent, asksAgain }: Verdict,
  answer: Answer['type'],
): boolean {
  if (answer === 'join' || answer === 'quiet') return false
  switch (kind) {
    // Half a sentence, a silence and an opening say nothing against what the caller said elsewhere.
    case 'late':
    case 'silence':
    case 'opening':
      return false
    case 'follow_up':
      return answer === 'generate' && turn.exchange === exchange && !asksAgain.has(turn)
    case 'retry':
      return answer === 'generate' || (turn.parent === parent && turn.exchange === exchange)
    case 'withdrawn':
    case 'revised':
    case 'new':
      return true
  }
}
