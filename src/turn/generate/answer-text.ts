import type { JournalTurn } from '../../conversation/journal.ts'
import type { ConversationMessage } from '../../conversation/message.ts'
import { toWords } from '../../conversation/words.ts'

/** What was heard, without the fillers: they were never an answer. */
export function answerText({ text }: ConversationMessage, turn: JournalTurn | undefined): string {
  const fillers = turn?.pieces.filter((piece) => piece.type === 'filler') ?? []
  if (!turn || fillers.length === 0) return text
  const texts = fillers.map((piece) => piece.text.trim())
  const heard = text.replaceAll('\u2026', '...')
  const whole = texts.reduce((left, filler) => left.replace(filler, ' '), heard)
  const cutOff = texts.filter((filler) => !heard.includes(filler))
  const rest = cutOff.reduce(withoutCut, whole)
  if (rest !== heard) return rest.replace(/ {2,}/g, ' ').trim()
  // Respelled words after the answer are those of the filler that ended it.
  const isLast = turn.pieces.at(-1)?.type === 'filler' && turn.pieces[0]?.type === 'answer'
  const answered = turn.pieces.filter((piece) => piece.type === 'answer')
  const words = answered.reduce((sum, piece) => sum + toWords(piece.text).length, 0)
  return isLast ? firstWords(text, words) : text
}

/** Fewer characters of a filler could as well be the end of an answer. */
const MIN_CUT = 3

/** Takes a filler off in which the caller spoke: the text ends with its beginning. */
function withoutCut(text: string, filler: string): string {
  const end = endOfWords(text)
  for (let length = Math.min(end, endOfWords(filler)); length >= MIN_CUT; length--) {
    const start = end - length
    // One that follows half a sentence begins with dots.
    const isOwnSentence = start === 0 || /[\s.]/.test(text.charAt(start - 1) + filler.charAt(0))
    if (isOwnSentence && text.startsWith(filler.slice(0, length), start))
      return text.slice(0, start)
  }
  return text
}

/** Platforms put dots behind what was cut, or take some away. */
function endOfWords(text: string): number {
  let end = text.length
  while (end > 0 && /[\s.\u2026-]/.test(text.charAt(end - 1))) end -= 1
  return end
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'\u2019]*[^\s\p{L}\p{N}]*/gu

function firstWords(text: string, count: number): string {
  let end = 0
  let left = count
  for (const match of text.matchAll(WORD)) {
    if (left-- <= 0) break
    end = match.index + match[0].length
  }
  return text.slice(0, end).trim()
}
