import { replyText, type JournalTurn } from './journal.ts'
import type { ConversationMessage } from './message.ts'
import { toWords } from './words.ts'

export interface ReplyWords {
  readonly length: number
  readonly words: readonly string[]
  /** Words before the first one of an answer. */
  readonly fillerWords: number
}

// Replies are compared again with every request of their conversation; they only ever grow.
const replyWordsOf = new WeakMap<JournalTurn, ReplyWords>()
const heardWordsOf = new WeakMap<ConversationMessage, readonly string[]>()

export function replyWords(turn: JournalTurn): ReplyWords {
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

export function heardWords(message: ConversationMessage): readonly string[] {
  const known = heardWordsOf.get(message)
  if (known) return known
  const words = toWords(message.text)
  heardWordsOf.set(message, words)
  return words
}
