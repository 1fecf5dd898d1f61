import { replyText, type JournalTurn } from './journal.ts'
import type { ConversationMessage } from './message.ts'
import { toWords } from './words.ts'

export interface ReplyWords {
  readonly words: readonly string[]
  /** Words before the first one of an answer. */
  readonly fillerWords: number
}

const heardWordsOf = new WeakMap<ConversationMessage, readonly string[]>()

export function replyWords(turn: JournalTurn): ReplyWords {
  const answerAt = turn.pieces.findIndex((piece) => piece.type === 'answer')
  const fillers = turn.pieces.slice(0, answerAt < 0 ? undefined : answerAt)
  const words = toWords(replyText(turn))
  const fillerWords = fillers.reduce((sum, piece) => sum + toWords(piece.text).length, 0)
  return { words, fillerWords }
}

interface WordCount {
  /** Of the text. */
  readonly characters: number
  readonly words: number
}
const wordCounts = new WeakMap<JournalTurn, WordCount>()

/** How many words a reply has: kept, since replies are compared with every request. */
export function countReplyWords(turn: JournalTurn): number {
  const { length: characters } = replyText(turn)
  const known = wordCounts.get(turn)
  if (known?.characters === characters) return known.words
  const words = replyWords(turn).words.length
  wordCounts.set(turn, { characters, words })
  return words
}

export function heardWords(message: ConversationMessage): readonly string[] {
  const known = heardWordsOf.get(message)
  if (known) return known
  const words = toWords(message.text)
  heardWordsOf.set(message, words)
  return words
}

const originalWordsOf = new WeakMap<ConversationMessage, readonly string[]>()

/** Of the whole reply that the platform gives beside what was heard of it; none if it gives none. */
export function originalWords(message: ConversationMessage): readonly string[] {
  const known = originalWordsOf.get(message)
  if (known) return known
  const words = toWords(message.interrupted?.original ?? '')
  originalWordsOf.set(message, words)
  return words
}
