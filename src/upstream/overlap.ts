import { beginsWith, mayBecome } from './cut-word.ts'
import { joinedTo } from './join-words.ts'
import { isLetter, lettersOf, sameLetter } from './letters.ts'
import type { Letters } from './letters.ts'
import { createSeam } from './seam.ts'

/** Finds out what of a continuation is new. Pure: it holds text, and nothing else. */
interface Overlap {
  /** What of the delta is new, together with what was held back; the rest may be a repetition. */
  readonly push: (delta: string) => string
  /** The continuation is over: what was held back after all, if it is new. */
  readonly end: () => string
}

/** Letters from the end in which a repetition may begin, but for one of the whole text. */
const MAX_REPEATED = 400
/** No spoken answer is longer; a whole one is recognised up to here. */
const MAX_SAID = 20_000
/** A continuation that broke off in its repetition is one if it had so many words. */
const UNDOUBTED_WORDS = 5

/**
 * Compares a continuation with the end of what was said and with the whole of it, whatever the case,
 * the punctuation and the spaces. Text is held back only while it may still be a repetition; of
 * several the longest counts. New words that happen to be the same as those before them cannot be
 * told from repeated ones, and are taken for these. `rests`: what the last word lacks, if it was cut.
 */
export function createOverlap(said: string, rests: ReadonlySet<string> = new Set()): Overlap {
  const known = lettersOf(said.slice(-MAX_SAID))
  const comparison = createComparison(known)
  let held = ''
  /** The first half of a character whose second half has not come. */
  let half = ''
  /** Once it is decided where the new words begin. */
  let pass: ((text: string) => string) | undefined

  /** Whether it is the rest of a cut word shows at its end. */
  const awaitsWord = (): boolean => comparison.overlapEnd() === undefined && mayBecome(rests, held)

  function decide(): string {
    const overlapEnd = comparison.overlapEnd()
    if (overlapEnd === undefined) {
      pass = (text) => text
      return beginsWith(rests, held) ? held : joinedTo(said, held)
    }
    pass = createSeam(known.tail).push
    return pass(held.slice(overlapEnd))
  }

  return {
    push(delta) {
      const text = half + delta
      half = endsInHalf(text) ? text.slice(-1) : ''
      const whole = half === '' ? text : text.slice(0, -1)
      if (pass !== undefined) return pass(whole)
      held += whole
      return comparison.read(whole) && !awaitsWord() ? decide() : ''
    },
    end() {
      if (pass !== undefined) return pass(half)
      held += half
      comparison.read(half)
      comparison.finish()
      const isNew = comparison.overlapEnd() !== undefined || !isRepetition(said, held, comparison)
      return isNew ? decide() : ''
    },
  }
}

/** Whether a continuation that ended before anything could be decided brings nothing new. */
function isRepetition(said: string, held: string, { mayBeRepeating }: Comparison): boolean {
  const words = held.match(/[\p{L}\p{N}\p{M}]+(?:['\u2019][\p{L}\p{N}\p{M}]+)*/gu)?.length ?? 0
  if (words > 0) return mayBeRepeating() && words >= UNDOUBTED_WORDS
  return /^[\p{P}\s]*$/u.test(held) && /\p{P}\s*$/u.test(said)
}

interface Comparison {
  /** Reads on; true once it is decided where the repetition ends. */
  readonly read: (delta: string) => boolean
  /** Nothing follows. */
  readonly finish: () => void
  /** Where in all that was read new words begin; undefined if nothing was repeated. */
  overlapEnd(): number | undefined
  /** All of the text so far was said before. */
  readonly mayBeRepeating: () => boolean
}

function createComparison(known: Letters): Comparison {
  let candidates = candidatesIn(known)
  let matched = 0
  let at = 0
  let overlapEnd: number | undefined
  let pendingEnd: number | undefined
  let isDecided = false

  /** Where a repetition ends that is one only if nothing of the word follows. */
  function takeLetter(letter: string): number | undefined {
    candidates = candidates.filter((start) => sameLetter(known.letters[start + matched], letter))
    matched++
    const complete = candidates.find((start) => start + matched === known.letters.length)
    if (complete === undefined) return undefined
    candidates = candidates.filter((start) => start !== complete)
    if (!mayEndInsideWord(known, complete)) return at
    overlapEnd = at
    return undefined
  }

  function read(delta: string): boolean {
    for (const character of delta) {
      if (isDecided) break
      const isWord = isLetter(character)
      if (!isWord) overlapEnd = pendingEnd ?? overlapEnd
      at += character.length
      pendingEnd = isWord ? takeLetter(character) : undefined
      isDecided = matched > 0 && candidates.length === 0 && pendingEnd === undefined
    }
    return isDecided
  }

  return {
    read,
    finish: () => {
      overlapEnd = pendingEnd ?? overlapEnd
    },
    overlapEnd: () => overlapEnd,
    mayBeRepeating: () => candidates.length > 0,
  }
}

/** Where in what was said a repetition may have begun. */
function candidatesIn({ letters, wordStarts }: Letters): readonly number[] {
  const earliest = letters.length - MAX_REPEATED
  return wordStarts.filter((start) => start >= earliest || start === 0)
}

/** "Your appoint" is the beginning of "appointment"; the "a" of "I have a" need not be. */
function mayEndInsideWord({ letters, wordStarts, tail }: Letters, start: number): boolean {
  if (tail !== '') return false
  const words = wordStarts.filter((wordStart) => wordStart >= start).length
  return letters.length - start >= 3 || words >= 2
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
