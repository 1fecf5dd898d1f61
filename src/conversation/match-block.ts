import { isContinuation, replyText, type JournalTurn } from './journal.ts'
import { matchTurn } from './match-turn.ts'
import type { TurnMatch } from './turn-match.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage } from './message.ts'

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

/** Beyond that, and far longer than the reply, a text is none of ours: it would only fill the memory. */
const MAX_FOREIGN_CHARACTERS = 1000

// A history comes back with every request of its conversation, its cut replies cut in the same place.
const knownMatches = new WeakMap<JournalTurn, KnownMatch>()
// Where the history's head was changed, its first block is held against every turn, each time anew:
// that must not push out what the turns' own blocks showed.
const knownMisses = new WeakMap<JournalTurn, KnownMatch>()

/** Holds a whole block against a turn: nearly always what is known from the request before. */
export function matchBlockOf(
  turn: JournalTurn,
  messages: readonly ConversationMessage[],
  options: MatchOptions,
): TurnMatch | null {
  const [message] = messages
  const compared = () => matchTurn(turn, { messages, index: 0, offset: 0 }, options)
  if (!message || messages.length > 1 || message.calls || message.interrupted) return compared()
  const { sameUserText } = options
  const reply = replyText(turn)
  for (const known of [knownMatches.get(turn), knownMisses.get(turn)]) {
    if (
      known?.text === message.text &&
      known.sameUserText === sameUserText &&
      known.replyLength === reply.length &&
      known.status === turn.status &&
      known.children === turn.children.length
    ) {
      return known.match && withMessage(known.match, message)
    }
  }
  const match = compared()
  // With continuations the verdict also rests on other turns; without effort left it is none.
  const isKept = message.text.length <= 2 * reply.length + MAX_FOREIGN_CHARACTERS
  if (isKept && options.effort.left > 0 && !turn.children.some(isContinuation)) {
    const known = match ? knownMatches : knownMisses
    known.set(turn, {
      // The turn's own text where it is the same: nothing is kept twice.
      text: message.text === reply ? reply : message.text,
      sameUserText,
      replyLength: reply.length,
      status: turn.status,
      children: turn.children.length,
      // Not the message: behind it stands the whole body of its request.
      match: match && withMessage(match, NO_MESSAGE),
    })
  }
  return match
}

const NO_MESSAGE: ConversationMessage = { role: 'assistant', text: '' }

function withMessage(match: TurnMatch, message: ConversationMessage): TurnMatch {
  return { ...match, shown: match.shown.map(({ turn, heard }) => ({ turn, heard, message })) }
}
