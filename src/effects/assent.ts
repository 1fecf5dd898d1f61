import { ASSENT_WORDS, type AssentWords } from './assent-words.ts'
import type { AssentOptions } from './options.ts'
import { longestAt, toPhrases, type Phrases } from './phrases.ts'
import { isUnspaced, toPlainWords } from './plain-words.ts'

/** Nobody agrees at such length. */
const MAX_WORDS = 40
const MAX_CHARACTERS = 2000
const MAX_READ_BACK_CHARACTERS = 10_000
const QUESTION_MARKS = /[?\uff1f\u061f\u037e\u055e\u1367\u2047-\u2049\u203d\u2e2e]/

interface AssentContext {
  /** What the caller was asked; they may repeat it. */
  readonly readBack: string
  /** Of the conversation: `de`, `de-DE`. Without one only English says yes, and every language says no. */
  readonly language: string | undefined
}

/** Whether an answer surely says yes to a read-back; in doubt it does not. */
export type Assents = (answer: string, context: AssentContext) => boolean

interface Vocabulary {
  readonly affirm: Phrases
  readonly deny: Phrases
  readonly neutral: Phrases
}

export function createAssent(options: AssentOptions): Assents {
  const lists = wordsByLanguage(options)
  const byLanguage = new Map([...lists].map(([code, words]) => [code, toVocabulary(words)]))
  const anyDenial = [...lists.values()].flatMap((words) => words.deny)
  const ofNoLanguage = toVocabulary({ ...(lists.get('en') ?? NO_WORDS), deny: anyDenial })
  return (answer, { readBack, language }) => {
    const code = codeOf(language ?? '')
    const vocabulary = code === '' ? ofNoLanguage : byLanguage.get(code)
    if (!vocabulary || answer.length > MAX_CHARACTERS) return false
    if (readBack.length > MAX_READ_BACK_CHARACTERS || QUESTION_MARKS.test(answer)) return false
    const words = toPlainWords(answer)
    if (words.length > MAX_WORDS || denies(words, vocabulary)) return false
    return affirms(words, toPlainWords(readBack), vocabulary)
  }
}

function denies(words: readonly string[], { deny }: Vocabulary): boolean {
  return words.some((_, at) => longestAt(deny, words, at) > 0)
}

/**
 * Every word must be of a known phrase or repeat the read-back, in its order and without leaving
 * anything out in between: `at five` is no repetition of `for five at four`.
 */
function affirms(
  words: readonly string[],
  readBack: readonly string[],
  { affirm, neutral }: Vocabulary,
): boolean {
  let isAffirmed = false
  let isRepeating = false
  let place = 0
  for (let at = 0; at < words.length;) {
    const affirming = longestAt(affirm, words, at)
    const known = Math.max(affirming, longestAt(neutral, words, at))
    const repeated = longestRepeat(words.slice(at), readBack, place)
    // A yes inside of what is merely repeated is none: `right knee`.
    if (known >= repeated.length) {
      if (known === 0) return false
      isAffirmed ||= affirming === known
      isRepeating = false
      at += known
    } else {
      if (isRepeating || (repeated.length === 1 && isUnspaced(words[at] ?? ''))) return false
      isRepeating = true
      place = repeated.end
      at += repeated.length
    }
  }
  return isAffirmed
}

interface Repeat {
  readonly length: number
  /** Where it ends in the read-back. */
  readonly end: number
}

/** The most words from the first one on that stand together in the read-back, from a place on. */
function longestRepeat(
  words: readonly string[],
  readBack: readonly string[],
  from: number,
): Repeat {
  let best: Repeat = { length: 0, end: from }
  for (let start = from; start < readBack.length; start++) {
    let length = 0
    while (length < words.length && words[length] === readBack[start + length]) length++
    if (length > best.length) best = { length, end: start + length }
  }
  return best
}

const NO_WORDS: AssentWords = { affirm: [], deny: [], neutral: [] }

function wordsByLanguage(options: AssentOptions): ReadonlyMap<string, AssentWords> {
  const lists = new Map(Object.entries(ASSENT_WORDS))
  for (const [language, own] of Object.entries(options)) {
    const code = codeOf(language)
    const builtIn = own.replace ? NO_WORDS : (lists.get(code) ?? NO_WORDS)
    lists.set(code, {
      affirm: [...builtIn.affirm, ...own.affirm],
      deny: [...builtIn.deny, ...own.deny],
      neutral: [...builtIn.neutral, ...own.neutral],
    })
  }
  return lists
}

function toVocabulary({ affirm, deny, neutral }: AssentWords): Vocabulary {
  return { affirm: toPhrases(affirm), deny: toPhrases(deny), neutral: toPhrases(neutral) }
}

/** `de-DE` is German; both forms of Norwegian are one. */
function codeOf(language: string): string {
  const code = language.trim().toLowerCase().split(/[-_]/)[0] ?? ''
  return code === 'nb' || code === 'nn' ? 'no' : code
}
