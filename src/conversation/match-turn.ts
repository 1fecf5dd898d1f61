import type { Heard } from './kinds.ts'
import { isContinuation, replyText, type JournalTurn } from './journal.ts'
import { matchMost, matchPrefix } from './match-words.ts'
import type { ConversationMessage } from './message.ts'
import { toWords } from './words.ts'

/** A turn that a block of the history shows, and where in the block it begins. */
export interface ShownTurn {
  readonly turn: JournalTurn
  readonly heard: Heard
  /** The message from which on the turn is shown. */
  readonly message: ConversationMessage
}

export interface TurnMatch {
  readonly shown: readonly ShownTurn[]
  /** Heard words that the turns account for. */
  readonly words: number
  readonly byCall: boolean
  /** Every turn was shown whole and word for word, and nothing else was. */
  readonly exact: boolean
  /** Only fillers of the turn were heard, so it was not. */
  readonly fillersOnly: boolean
}

/** The messages of a block, with the place up to which they are accounted for. */
export interface Cursor {
  readonly messages: readonly ConversationMessage[]
  readonly index: number
  /** Words of the message at `index` that are accounted for already. */
  readonly offset: number
}

/** Fewer heard words than this prove a reply only together with the same user text. */
const MIN_PROOF_WORDS = 3

interface ReplyWords {
  readonly length: number
  readonly words: readonly string[]
  /** Words before the first one of an answer. */
  readonly fillerWords: number
}

// Replies are compared again with every request of their conversation; they only ever grow.
const replyWordsOf = new WeakMap<JournalTurn, ReplyWords>()
const heardWordsOf = new WeakMap<ConversationMessage, readonly string[]>()

function replyWords(turn: JournalTurn): ReplyWords {
  const length = turn.pieces.reduce((sum, piece) => sum + piece.text.length, 0)
  const known = replyWordsOf.get(turn)
  if (known?.length === length) return known
  const answerAt = turn.pieces.findIndex((piece) => piece.type === 'answer')
  const fillers = turn.pieces.slice(0, answerAt < 0 ? undefined : answerAt)
  const words = toWords(replyText(turn))
  const fillerWords = fillers.reduce((sum, piece) => sum + toWords(piece.text).length, 0)
  const fresh = { length, words, fillerWords }
  replyWordsOf.set(turn, fresh)
  return fresh
}

function heardWords(message: ConversationMessage): readonly string[] {
  const known = heardWordsOf.get(message)
  if (known) return known
  const words = toWords(message.text)
  heardWordsOf.set(message, words)
  return words
}

/** Holds the block, from the cursor on, against a turn and its continuations. Null: no match. */
export function matchTurn(
  turn: JournalTurn,
  cursor: Cursor,
  sameUserText: boolean,
): TurnMatch | null {
  const called = findCall(turn, cursor)
  const text = nextText(cursor)
  if (text) {
    const match = matchText(turn, text, { called, sameUserText })
    if (match) return match
    const rest = matchContinuation(turn, text, sameUserText)
    if (rest) {
      return joinMatches({ turn, heard: 'none', message: called ?? messageAt(text) }, rest, {
        words: 0,
        exact: replyText(turn) === '',
        byCall: called !== null,
      })
    }
  }
  if (!called) return null
  const wordless = replyText(turn).trim() === ''
  const heard = wordless && turn.status === 'finished' ? 'full' : 'partial'
  return {
    shown: [{ turn, heard, message: called }],
    words: 0,
    byCall: true,
    exact: heard === 'full' && !text,
    fillersOnly: false,
  }
}

interface TextContext {
  readonly called: ConversationMessage | null
  readonly sameUserText: boolean
}

/** The turn's own text against the text at the cursor, then its continuations against what follows. */
function matchText(turn: JournalTurn, cursor: Cursor, context: TextContext): TurnMatch | null {
  const message = messageAt(cursor)
  if (cursor.offset === 0 && message.text === replyText(turn))
    return matchWhole(turn, cursor, context)
  const heard = heardWords(message)
  const reply = replyWords(turn)
  if (reply.words.length === 0) return null
  const left = heard.length - cursor.offset
  const isProof = (count: number) =>
    count >= MIN_PROOF_WORDS || context.sameUserText || context.called !== null
  const ends = [...matchPrefix(heard, cursor.offset, reply.words)].sort(
    (a, b) => Number(b.literal) - Number(a.literal) || b.reached - a.reached,
  )
  const end =
    ends.find((match) => match.consumed === left) ?? matchMost(heard, cursor.offset, reply.words)
  if (end && isProof(left)) {
    const whole = end.reached === reply.words.length
    const heardAs = whole && turn.status === 'finished' ? 'full' : 'partial'
    const match = {
      words: left,
      exact: heardAs === 'full' && end.literal && left === reply.words.length,
      byCall: context.called !== null,
    }
    const shown = { turn, heard: heardAs, message } as const
    const fillersOnly = end.reached <= reply.fillerWords && context.called === null
    return withRest(shown, match, { ...cursor, index: cursor.index + 1, offset: 0 }, fillersOnly)
  }
  for (const past of ends) {
    if (past.reached !== reply.words.length || !isProof(past.consumed)) continue
    const rest = matchContinuation(turn, { ...cursor, offset: cursor.offset + past.consumed }, true)
    if (!rest) continue
    const heardAs = turn.status === 'finished' ? 'full' : 'partial'
    return joinMatches({ turn, heard: heardAs, message }, rest, {
      words: past.consumed,
      exact: heardAs === 'full' && past.literal,
      byCall: context.called !== null,
    })
  }
  return null
}

/** The very text that was sent: no words need to be compared. */
function matchWhole(turn: JournalTurn, cursor: Cursor, context: TextContext): TurnMatch | null {
  const { words, fillerWords } = replyWords(turn)
  if (words.length < MIN_PROOF_WORDS && !context.sameUserText && !context.called) return null
  const heard = turn.status === 'finished' ? 'full' : 'partial'
  return withRest(
    { turn, heard, message: messageAt(cursor) },
    { words: words.length, exact: heard === 'full', byCall: context.called !== null },
    { ...cursor, index: cursor.index + 1, offset: 0 },
    words.length <= fillerWords && !context.called,
  )
}

type OwnMatch = Pick<TurnMatch, 'words' | 'exact' | 'byCall'>

/** What follows in the block is held against the turn's continuations; what fits none is foreign. */
function withRest(
  shown: ShownTurn,
  own: OwnMatch,
  cursor: Cursor,
  fillersOnly: boolean,
): TurnMatch {
  const text = nextText(cursor)
  const rest = matchContinuation(shown.turn, cursor, true)
  if (rest) return joinMatches(shown, rest, own)
  return { ...own, shown: [shown], exact: own.exact && !text, fillersOnly }
}

function joinMatches(shown: ShownTurn, rest: TurnMatch, own: OwnMatch): TurnMatch {
  return {
    shown: [shown, ...rest.shown],
    words: own.words + rest.words,
    exact: own.exact && rest.exact,
    byCall: own.byCall || rest.byCall,
    fillersOnly: false,
  }
}

/** The best of a turn's continuations for what is left of the block. */
export function matchContinuation(
  node: Pick<JournalTurn, 'children'>,
  cursor: Cursor,
  sameUserText: boolean,
): TurnMatch | null {
  if (cursor.index >= cursor.messages.length) return null
  let best: TurnMatch | null = null
  for (const child of node.children) {
    if (!isContinuation(child)) continue
    const match = matchTurn(child, cursor, sameUserText)
    if (match && !match.fillersOnly && (!best || match.words >= best.words)) best = match
  }
  return best
}

function messageAt(cursor: Cursor): ConversationMessage {
  return cursor.messages[cursor.index] ?? { role: 'assistant', text: '' }
}

/** The next place at or after the cursor where there is text to compare. */
function nextText(cursor: Cursor): Cursor | null {
  let { index, offset } = cursor
  for (; index < cursor.messages.length; index++, offset = 0) {
    const message = cursor.messages[index]
    if (message?.role !== 'assistant' || message.text === '') continue
    if (offset === 0 ? message.text.trim() !== '' : heardWords(message).length > offset) {
      return { ...cursor, index, offset }
    }
  }
  return null
}

/** The message that shows one of the turn's platform calls: same id, or same name and arguments. */
function findCall(turn: JournalTurn, cursor: Cursor): ConversationMessage | null {
  if (turn.platformCalls.length === 0) return null
  for (const message of cursor.messages.slice(cursor.index)) {
    const shows = message.calls?.some((call) =>
      turn.platformCalls.some(
        (sent) =>
          sent.id === call.id ||
          (sent.name === call.name && sameJson(sent.arguments, call.arguments)),
      ),
    )
    if (shows) return message
  }
  return null
}

function sameJson(left: string, right: string): boolean {
  return left === right || canonicalJson(left) === canonicalJson(right)
}

/** JSON text with its keys in order, or the text itself if it is no JSON. */
function canonicalJson(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)))
  } catch {
    return text
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
