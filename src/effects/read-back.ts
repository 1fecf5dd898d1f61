import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import { toPlainWords } from './plain-words.ts'

/** A reply is as long as a turn's limit at most; what is longer is no reply of ours. */
const MAX_CHARACTERS = 400_000

interface ReadBack {
  readonly tool: string
  /** JSON text; the order of its keys and its white space do not count. */
  readonly arguments: string
  /** What is spoken of them. */
  readonly words: string
}

/** What a read-back asked for and how, as a short text that fits no other one. */
export function readBackDigest({ tool, words, ...call }: ReadBack): string {
  const asked = [tool, canonicalJson(call.arguments), toPlainWords(words)]
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url')
}

/** Of the read-back's words, in their order. */
const RESEMBLING_SHARE = 0.6

/**
 * Whether what was heard to its end may have been this read-back, spelled otherwise: a yes to it may
 * be meant.
 */
export function resemblesReadBack(heard: string, readBack: string): boolean {
  if (heard.length > MAX_CHARACTERS || readBack.length > MAX_CHARACTERS) return false
  const expected = toPlainWords(readBack)
  const last = toPlainWords(heard).slice(-2 * expected.length)
  let at = 0
  const found = expected.filter((word) => {
    const next = last.indexOf(word, at)
    if (next >= 0) at = next + 1
    return next >= 0
  })
  const isEnd = expected.length > 0 && last.at(-1) === expected.at(-1)
  return isEnd && found.length >= RESEMBLING_SHARE * expected.length
}

/**
 * Whether the last thing that was heard is this read-back, word for word and number for number. Two
 * spellings of a number are not the same here: nothing else tells which one was meant.
 */
export function endsWithReadBack(heard: string, readBack: string): boolean {
  if (heard.length > MAX_CHARACTERS || readBack.length > MAX_CHARACTERS) return false
  const expected = toPlainWords(readBack)
  const last = toPlainWords(heard).slice(-expected.length)
  return (
    expected.length > 0 &&
    last.length === expected.length &&
    last.every((word, at) => word === expected[at])
  )
}
