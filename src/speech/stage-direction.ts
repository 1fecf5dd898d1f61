import { charAt, isUnknown, type Match, type Place } from './construct.ts'
import { DIRECTION_PHRASE, isCertain, isPossible, isStandalone } from './stage-words.ts'

/** Directions are short; what is longer is speech in parentheses. */
const MAX_LENGTH = 80
const MAX_WORDS = 6
/** A longer one begins with its verb. */
const MAX_WORDS_BEFORE_VERB = 3

/** A direction from the place to `closing`; `undefined` once it cannot be one. */
export function stageDirection(place: Place, closing: string): Match {
  let words = 0
  let length = 1
  for (; charAt(place, length) !== closing; length++) {
    const char = charAt(place, length)
    if (char === '') return isUnknown(place, length) ? 'more' : undefined
    if ('\n([\uFF08'.includes(char) || length > MAX_LENGTH) return undefined
    if (length === 1 && /[\d+$€£]/.test(char)) return undefined
    if (char !== ' ' && (length === 1 || charAt(place, length - 1) === ' ')) words++
    if (words > MAX_WORDS) return undefined
    if ((words > MAX_WORDS_BEFORE_VERB || char === ',') && !opensDirection(inside(place, length)))
      return undefined
  }
  const isAside = closing !== '*'
  return isDirection(inside(place, length), place.startsSentence, isAside)
    ? { taken: length + 1, gap: 'content' }
    : undefined
}

function inside(place: Place, length: number): string {
  return place.text.slice(place.at + 1, place.at + length)
}

function wordsOf(text: string): readonly string[] {
  const all = text.toLowerCase().match(/[\p{L}\p{M}\p{N}'’-]+/gu) ?? []
  return /^(?:s?he|they|agent|assistant)$/.test(all[0] ?? '') ? all.slice(1) : all
}

function opensDirection(text: string): boolean {
  const words = wordsOf(text)
  const first = words[0] ?? ''
  return isCertain(first) || isPossible(first) || DIRECTION_PHRASE.opening.test(first)
}

/** Emphasis in mid-sentence is speech unless it can be nothing else than a direction. */
function isDirection(text: string, startsSentence: boolean, isAside: boolean): boolean {
  const words = wordsOf(text)
  const first = words[0] ?? ''
  // A list or a longer remark that ends in such a word speaks of something: `(fever, coughing)`.
  const isShort = words.length <= MAX_WORDS_BEFORE_VERB && !text.includes(',')
  const last = isShort ? (words.at(-1) ?? '') : ''
  if (words.includes('or')) return false
  if (isCertain(first) || isCertain(last)) return true
  if (words.length === 1 && isStandalone(first)) return startsSentence || isAside
  if (DIRECTION_PHRASE.anywhere.test(words.join(' '))) return true
  if (!startsSentence) return false
  if (isPossible(last) || (words.length <= 2 && isPossible(first))) return true
  return DIRECTION_PHRASE.atStart.test(words.join(' '))
}
