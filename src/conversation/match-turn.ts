import { messageAt, nextText, type Cursor } from './block-cursor.ts'
import { isContinuation, replyText, type JournalTurn } from './journal.ts'
import { matchMost, matchPrefix, type Effort, type WordMatch } from './match-words.ts'
import { findCall, showsById } from './platform-call.ts'
import { isBetter, join, type Found, type TurnMatch } from './turn-match.ts'
import {
  countReplyWords,
  heardWords,
  originalWords,
  replyWords,
  type ReplyWords,
} from './turn-words.ts'

/** Fewer heard words than this prove a reply only together with the same user text. */
const MIN_PROOF_WORDS = 3
/** Continuations of continuations that are compared in one go; it bounds the call stack. */
const MAX_DEPTH = 100
const STEPS_PER_TURN = 20
const MESSAGES_PER_STEP = 20
/** More words than a message can have. */
const PLACES_PER_MESSAGE = 2 ** 24

/** One comparison of a block with a turn and its continuations. */
interface Search {
  readonly effort: Effort
  /** What is known of a turn at a place: numbers can lead to the same place in many ways. */
  readonly known: Map<JournalTurn, Map<number, Found | null>>
  readonly depth: number
}

/** Holds the block, from the cursor on, against a turn and its continuations. Null: no match. */
export function matchTurn(
  turn: JournalTurn,
  cursor: Cursor,
  options: { readonly sameUserText: boolean; readonly effort: Effort },
): TurnMatch | null {
  const search = { effort: options.effort, known: new Map(), depth: 0 }
  return complete(attempt(turn, cursor, options.sameUserText, search), search)
}

/** The best of a turn's continuations for what is left of the block. */
export function matchContinuation(
  node: Pick<JournalTurn, 'children'>,
  cursor: Cursor,
  effort: Effort,
): TurnMatch | null {
  const search = { effort, known: new Map(), depth: 0 }
  return complete(continuation(node, cursor, true, search), search)
}

/** Goes on where the depth limit stopped, and sees whether anything is left over. */
function complete(first: Found | null, search: Search): TurnMatch | null {
  if (!first) return null
  let found = first
  for (;;) {
    const last = found.shown.at(-1)
    const rest = last && continuationAhead(last.turn, found.end, search)
    if (!rest) break
    found = {
      ...rest,
      shown: [...found.shown, ...rest.shown],
      words: found.words + rest.words,
      byCall: found.byCall || rest.byCall,
      byId: found.byId || rest.byId,
      literal: found.literal && rest.literal,
      exact: found.exact && rest.exact,
    }
  }
  const { end, ...match } = found
  return { ...match, exact: match.exact && nextText(end) === null }
}

function attempt(
  turn: JournalTurn,
  cursor: Cursor,
  sameUserText: boolean,
  search: Search,
): Found | null {
  if (search.depth >= MAX_DEPTH || search.effort.left <= 0) return null
  const place = (cursor.index * PLACES_PER_MESSAGE + cursor.offset) * 2 + Number(sameUserText)
  const known = search.known.get(turn) ?? new Map<number, Found | null>()
  search.known.set(turn, known)
  const before = known.get(place)
  if (before !== undefined) return before
  const found = compare(turn, cursor, sameUserText, { ...search, depth: search.depth + 1 })
  known.set(place, found)
  return found
}

function compare(
  turn: JournalTurn,
  cursor: Cursor,
  sameUserText: boolean,
  search: Search,
): Found | null {
  const { messages, index } = cursor
  const text = nextText(cursor)
  const passed = (text?.index ?? messages.length) - index
  search.effort.left -= STEPS_PER_TURN + passed / MESSAGES_PER_STEP
  const calledAt = findCall(turn.platformCalls, messages, index, search.effort)
  const byId = calledAt >= 0 && showsById(turn.platformCalls, messages[calledAt])
  const context = { calledAt, byId, sameUserText, search }
  return (text && matchText(turn, text, context)) ?? passOver(turn, { cursor, text, ...context })
}

interface TextContext {
  /** The message that shows one of the turn's platform calls; -1 if there is none. */
  readonly calledAt: number
  readonly byId: boolean
  readonly sameUserText: boolean
  readonly search: Search
}

/**
 * None of the turn's own text stands here: it had none, or the platform lost it. Its call can still
 * show it, and so can a continuation.
 */
function passOver(
  turn: JournalTurn,
  context: TextContext & { readonly cursor: Cursor; readonly text: Cursor | null },
): Found | null {
  const { cursor, text, calledAt, byId, sameUserText, search } = context
  const isCalled = calledAt >= 0
  const afterCall = isCalled ? { ...cursor, index: calledAt + 1, offset: 0 } : null
  const isTextFirst = text !== null && (!afterCall || text.index < afterCall.index)
  const byText = isTextFirst ? continuation(turn, text, sameUserText, search) : null
  const rest = byText ?? (afterCall && continuation(turn, afterCall, true, search))
  const wordless = replyText(turn).trim() === ''
  const heard = !isCalled ? 'none' : wordless && turn.status === 'finished' ? 'full' : 'partial'
  const message = rest?.shown[0]?.message
  const own = { words: 0, byCall: isCalled, byId, literal: true, fillersOnly: false }
  if (afterCall) {
    const shown = { turn, heard, message: messageAt({ ...cursor, index: calledAt }) } as const
    const exact = heard === 'full' && (byText !== null || !isTextFirst)
    return join(shown, rest, { ...own, exact, end: afterCall })
  }
  if (!rest || !message) return null
  return join({ turn, heard, message }, rest, { ...own, exact: wordless, end: rest.end })
}

/** The turn's own text against the text at the cursor, then its continuations against what follows. */
function matchText(turn: JournalTurn, cursor: Cursor, context: TextContext): Found | null {
  const message = messageAt(cursor)
  const certain = cursor.offset === 0 ? matchOriginal(turn, cursor, context) : null
  if (certain) return certain
  if (cursor.offset === 0 && message.text === replyText(turn)) {
    return matchWhole(turn, cursor, context)
  }
  const { effort } = context.search
  const heard = heardWords(message)
  const { words, fillerWords } = replyWords(turn)
  if (words.length === 0) return null
  const left = heard.length - cursor.offset
  const ends = [...matchPrefix(heard, cursor.offset, words, effort)].sort(
    (a, b) => Number(b.literal) - Number(a.literal) || b.reached - a.reached,
  )
  const prefix = ends.find((match) => match.consumed === left)
  if (prefix && isProof(left, context)) {
    return foundText(turn, cursor, { ...context, end: prefix, words: words.length, fillerWords })
  }
  for (const past of ends) {
    if (past.reached !== words.length || !isProof(past.consumed, context)) continue
    const next = { ...cursor, offset: cursor.offset + past.consumed }
    const rest = continuation(turn, next, true, context.search)
    if (!rest) continue
    const isFull = turn.status === 'finished'
    return join({ turn, heard: isFull ? 'full' : 'partial', message }, rest, {
      words: past.matched,
      byCall: context.calledAt >= 0,
      byId: context.byId,
      literal: past.literal,
      exact: isFull && past.literal,
      fillersOnly: false,
      end: next,
    })
  }
  const most = matchMost(heard, cursor.offset, words, effort)
  return (
    most && foundText(turn, cursor, { ...context, end: most, words: words.length, fillerWords })
  )
}

function isProof(words: number, { sameUserText, calledAt }: TextContext): boolean {
  return words >= MIN_PROOF_WORDS || sameUserText || calledAt >= 0
}

interface TextEnd extends TextContext, Pick<ReplyWords, 'fillerWords'> {
  readonly end: WordMatch
  /** Words of the reply. */
  readonly words: number
}

function foundText(turn: JournalTurn, cursor: Cursor, context: TextEnd): Found {
  const { end, words, fillerWords, calledAt } = context
  const isFull = end.reached === words && canBeFull(turn, cursor)
  // A cut word counts as heard: of a filler, or already of the answer.
  const touched = end.reached + Number(end.cut)
  return withRest(turn, cursor, context, {
    words: end.matched,
    literal: end.literal,
    isFull,
    exact: isFull && end.literal,
    fillersOnly: fillerWords > 0 && touched <= fillerWords && calledAt < 0,
  })
}

function canBeFull(turn: JournalTurn, cursor: Cursor): boolean {
  return turn.status === 'finished' && !messageAt(cursor).interrupted
}

/**
 * The platform gives the whole reply beside what was heard of it: the whole tells whose it is, however
 * little was heard, and nothing is left to be inferred.
 */
function matchOriginal(turn: JournalTurn, cursor: Cursor, context: TextContext): Found | null {
  const message = messageAt(cursor)
  if (!message.interrupted?.original) return null
  const { effort } = context.search
  const whole = originalWords(message)
  const { words, fillerWords } = replyWords(turn)
  if (whole.length === 0 || words.length === 0 || !isProof(whole.length, context)) return null
  const end =
    matchPrefix(whole, 0, words, effort).find((match) => match.consumed === whole.length) ??
    matchMost(whole, 0, words, effort)
  if (!end) return null
  return withRest(turn, cursor, context, {
    words: end.matched,
    literal: end.literal,
    isFull: false,
    exact: false,
    fillersOnly: heardWords(message).length <= fillerWords && context.calledAt < 0,
  })
}

/** The very text that was sent: no words need to be compared. */
function matchWhole(turn: JournalTurn, cursor: Cursor, context: TextContext): Found | null {
  const words = countReplyWords(turn)
  if (!isProof(words, context)) return null
  const isFull = canBeFull(turn, cursor)
  const hasAnswer = turn.pieces.some((piece) => piece.type === 'answer')
  return withRest(turn, cursor, context, {
    words,
    literal: true,
    isFull,
    exact: isFull,
    fillersOnly: !hasAnswer && context.calledAt < 0,
  })
}

type OwnText = Pick<TurnMatch, 'words' | 'literal' | 'exact' | 'fillersOnly'> & {
  readonly isFull: boolean
}

/** What follows in the block is held against the turn's continuations. */
function withRest(
  turn: JournalTurn,
  cursor: Cursor,
  { calledAt, byId, search }: TextContext,
  { isFull, ...own }: OwnText,
): Found {
  const message = messageAt(cursor)
  const end = { ...cursor, index: Math.max(cursor.index, calledAt) + 1, offset: 0 }
  const shown = { turn, heard: isFull ? 'full' : 'partial', message } as const
  const rest = continuationAhead(turn, end, search)
  return join(shown, rest, { ...own, byCall: calledAt >= 0, byId, end })
}

/** As `continuation`, past messages that are no turn of ours. */
function continuationAhead(turn: JournalTurn, from: Cursor, search: Search): Found | null {
  let at: Cursor | null = from
  while (at) {
    const found = continuation(turn, at, true, search)
    if (found) return at === from ? found : { ...found, exact: false }
    const text = nextText(at)
    at = text && turn.children.length > 0 ? { ...text, index: text.index + 1, offset: 0 } : null
  }
  return null
}

function continuation(
  node: Pick<JournalTurn, 'children'>,
  cursor: Cursor,
  sameUserText: boolean,
  search: Search,
): Found | null {
  if (cursor.index >= cursor.messages.length) return null
  let best: Found | null = null
  for (const child of node.children) {
    if (!isContinuation(child)) continue
    const found = attempt(child, cursor, sameUserText, search)
    if (found && !found.fillersOnly && (!best || isBetter(found, best))) best = found
  }
  return best
}
