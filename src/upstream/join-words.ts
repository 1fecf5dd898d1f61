import { isLetter, isUnspaced } from './letters.ts'

/** What a model puts before words that it goes on with: dots, quotes. */
const LEAD_IN = /^(?:["\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019'`]|\u2026|\.{2,}|\s)+/u

/** Stands right behind a word. */
const CLOSING = /^(?:\p{Pd}(?!\s)|[\p{Pe}\p{Pf}\p{Terminal_Punctuation}\u2026%\u00b0'"/])/u

/** The next word stands right behind it. */
const OPENING = /(?:[\p{Ps}\p{Pi}\p{Sc}\u00bf\u00a1]|\S[\p{Pd}'\u2019/]|(?:^|\s)["'])$/u

/** Digits behind digits are kept apart: "1" and "10" may be ten, told anew, and not a hundred and ten. */
const ENDS_IN_POINT = /\d[.,:]$/

/** The continuation as it is to be given out after what was said, where it repeats none of it. */
export function joinedTo(said: string, continuation: string): string {
  const dropped = leadIn(said, continuation)
  const rest = continuation.slice(dropped.length)
  if (/\s$/.test(said) || rest === '') return rest.trimStart()
  // White space alone is the seam as the model meant it.
  if (dropped !== '' && dropped.trim() === '') return continuation
  return needsSpace(said, rest) ? ` ${rest}` : rest
}

function leadIn(said: string, continuation: string): string {
  // "I don" and "'t know": a word was cut at its apostrophe.
  if (/^['\u2019]/.test(continuation) && continuesWord(said, continuation)) return ''
  return LEAD_IN.exec(continuation)?.[0] ?? ''
}

function continuesWord(said: string, continuation: string): boolean {
  return isLetter(said.slice(-1)) && isLetter(continuation.charAt(1))
}

function needsSpace(said: string, rest: string): boolean {
  if (said === '' || CLOSING.test(rest) || OPENING.test(said)) return false
  if (ENDS_IN_POINT.test(said) && /^\d/.test(rest)) return false
  return !isUnspaced(lastCharacter(said)) && !isUnspaced(firstCharacter(rest))
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0)
}

function lastCharacter(text: string): string {
  return Array.from(text.slice(-2)).at(-1) ?? ''
}
