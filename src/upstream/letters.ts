/*
 * Text as a repetition of it is recognised: a model that repeats words may write them with other
 * capitals, spaces and punctuation.
 */

const LETTER = /[\p{L}\p{N}\p{M}]/u

/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

export interface Letters {
  /** Letters and digits in lower case, without anything that stands between them. */
  readonly letters: readonly string[]
  /** Indices of those that a word begins with. */
  readonly wordStarts: readonly number[]
  /** What follows the last of them. */
  readonly tail: string
}

export function isLetter(character: string): boolean {
  return LETTER.test(character)
}

export function isUnspaced(character: string): boolean {
  return UNSPACED.test(character)
}

export function sameLetter(a: string | undefined, b: string): boolean {
  return a === b.toLowerCase()
}

/** The letters of a text, and where its words begin. */
export function lettersOf(text: string): Letters {
  const letters: string[] = []
  const wordStarts: number[] = []
  let before = ''
  let tail = ''
  for (const character of text) {
    if (!isLetter(character)) {
      // An apostrophe does not divide a word.
      if (!/['\u2019]/.test(character)) before = character
      tail += character
      continue
    }
    if (!isLetter(before) || isUnspaced(character)) wordStarts.push(letters.length)
    letters.push(character.toLowerCase())
    before = character
    tail = ''
  }
  return { letters, wordStarts, tail }
}
