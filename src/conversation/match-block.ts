import { replyText, type JournalTurn } from './journal.ts'
import { matchTurn, MIN_PROOF_WORDS, type TurnMatch } from './match-turn.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage } from './message.ts'
import { replyWords } from './turn-words.ts'

interface MatchOptions {
  readonly sameUserText: boolean
  readonly effort: Effort
}

/** What an earlier request's block of one message showed of a turn. */
interface KnownMatch {
  readonly text: string
  readonly sameUserText: boolean
  /** All that the verdict rests on besides. */
  readonly replyLength: number
  readonly status: JournalTurn['status']
  readonly children: number
  readonly match: TurnMatch | null
}

// A history comes back with every request of its conversation, its cut replies cut in the same place.
const knownMatches = new WeakMap<JournalTurn, KnownMatch>()

/** Holds a whole block against a turn: nearly always the very reply, or what is known already. */
export function matchBlockOf(
  turn: JournalTurn,
  messages: readonly ConversationMessage[],
  options: MatchOptions,
): TurnMatch | null {
  const [message] = messages
  const whole = () => matchTurn(turn, { messages, index: 0, offset: 0 }, options)
  if (!message || messages.length > 1 || message.calls) return whole()
  const { sameUserText } = options
  const reply = replyText(turn)
  if (message.text === reply && turn.platformCalls.length === 0) {
    return matchReply(turn, message, sameUserText)
  }
  const known = knownMatches.get(turn)
  if (
    known?.text === message.text &&
    known.sameUserText === sameUserText &&
    known.replyLength === reply.length &&
    known.status === turn.status &&
    known.children === turn.children.length
  ) {
    return known.match && withMessage(known.match, message)
  }
  const match = whole()
  // With a continuation in it the verdict also rests on other turns; cut short it is none.
  const isComplete = options.effort.left > 0
  if (isComplete && (turn.children.length === 0 || match?.shown.length === 1)) {
    const { status, children } = turn
    const replyLength = reply.length
    knownMatches.set(turn, {
      text: message.text,
      sameUserText,
      replyLength,
      status,
      children: children.length,
      match,
    })
  }
  return match
}

function withMessage(match: TurnMatch, message: ConversationMessage): TurnMatch {
  return { ...match, shown: match.shown.map(({ turn, heard }) => ({ turn, heard, message })) }
}

/** The very text that was sent: no words need to be compared. */
function matchReply(
  turn: JournalTurn,
  message: ConversationMessage,
  sameUserText: boolean,
): TurnMatch | null {
  if (turn.pieces.length === 0) return null
  const words = replyWords(turn).words.length
  if (words < MIN_PROOF_WORDS && !sameUserText) return null
  const isFull = turn.status === 'finished'
  return {
    shown: [{ turn, heard: isFull ? 'full' : 'partial', message }],
    words,
    byCall: false,
    literal: true,
    exact: isFull,
    fillersOnly: !turn.pieces.some((piece) => piece.type === 'answer'),
  }
}
