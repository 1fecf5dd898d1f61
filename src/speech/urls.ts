import { isInWord, isWord } from './characters.ts'
import { charAt, isUnknown, startsWith } from './construct.ts'
import type { Match, Place, Swallow } from './construct.ts'
import { untilBalanced } from './swallow.ts'

/** `https://`, `www.` and calls written as text, at the start of a word. */
export function wordStart(place: Place): Match {
  if (isInWord(place.before)) return undefined
  return url(place) ?? functionCall(place)
}

function url(place: Place): Match {
  for (const scheme of ['https://', 'http://']) {
    const found = startsWith(place, scheme)
    if (found === 'more') return 'more'
    if (found) return { taken: scheme.length, text: 'link', swallow: untilUrlEnd() }
  }
  const found = startsWith(place, 'www.')
  if (found === 'more' || (found && isUnknown(place, 4))) return 'more'
  return found && isWord(charAt(place, 4))
    ? { taken: 4, text: 'link', swallow: untilUrlEnd() }
    : undefined
}

const MAX_NAME = 80

function functionCall(place: Place): Match {
  const found = startsWith(place, 'functions.')
  if (found !== true) return found === 'more' ? 'more' : undefined
  const start = 'functions.'.length
  let length = start
  while (length < start + MAX_NAME && /[\w.-]/.test(charAt(place, length))) length++
  if (length < start + MAX_NAME && isUnknown(place, length)) return 'more'
  if (length === start || length === start + MAX_NAME) return undefined
  if (charAt(place, length) !== '(') return undefined
  return { taken: length, gap: 'content', swallow: untilBalanced() }
}

/** What is left of an address whose start was not seen as one: `ftp://x`. */
export function slash(place: Place): Match {
  if (place.written.endsWith(':/')) return restOfUrl(1)
  if (!place.written.endsWith(':')) return undefined
  if (isUnknown(place, 1)) return 'more'
  return charAt(place, 1) === '/' ? restOfUrl(2) : undefined
}

function restOfUrl(taken: number): Match {
  return { taken, text: ' link', swallow: untilUrlEnd() }
}

// Not the scripts that go on behind an address without a space, nor signs that end a sentence.
const IN_URL = /(?![\u060C\u061B\u061F\u06D4\u0964\u0965])[\w\-#$%&+/=@\u00C0-\u024F\u0370-\u0DFF]/
const SOFT_IN_URL = /[.,;:!?'~_]/
const MAX_PUNCTUATION = 32

/** Drops an address; punctuation behind it belongs to the sentence. */
export function untilUrlEnd(closing = ''): Swallow {
  let depth = 0
  const isInside = (char: string): boolean => {
    if (char === '(') depth++
    if (char === ')') return depth-- > 0
    return char === '(' || isUrlCharacter(char)
  }
  return (text, at, isFinal) => {
    let next = at
    while (next < text.length) {
      const soft = punctuationEnd(text, next)
      if (soft > next) {
        const isLong = soft - next === MAX_PUNCTUATION
        if (soft === text.length && !isLong) return { taken: next - at, isOver: isFinal }
        if (isLong || !goesOn(text.charAt(soft), depth)) return { taken: next - at, isOver: true }
        next = soft
      } else if (isInside(text.charAt(next))) next++
      else return { taken: next - at + (text[next] === closing ? 1 : 0), isOver: true }
    }
    return { taken: next - at, isOver: isFinal }
  }
}

function punctuationEnd(text: string, at: number): number {
  let end = at
  while (end - at < MAX_PUNCTUATION && SOFT_IN_URL.test(text.charAt(end))) end++
  return end
}

function goesOn(char: string, depth: number): boolean {
  return isUrlCharacter(char) || char === '(' || (char === ')' && depth > 0)
}

function isUrlCharacter(char: string): boolean {
  return IN_URL.test(char)
}
