const WORD = /[\p{L}\p{M}]+/gu
const FIRST_WORD = /^[\p{L}\p{M}]+/u
const LAST_WORD = /[\p{L}\p{M}]+$/u
/** No word is longer. */
const MAX_WORD = 50
/** The latest characters of all texts: more would hold up everybody else. */
const MAX_READ = 100_000

/**
 * What the last word of `said` lacks, if it was cut: "ment" behind "appoint", where one of the texts
 * has "appointment", and none of them "appoint". In lower case.
 */
export function restsOfLastWord(said: string, texts: readonly string[]): ReadonlySet<string> {
  const last = LAST_WORD.exec(said.slice(-MAX_WORD))?.[0] ?? ''
  if (last === '') return new Set()
  const earlier = [...texts, said.slice(0, -last.length)].join('\n').slice(-MAX_READ)
  const words = new Set(earlier.toLowerCase().match(WORD))
  const start = last.toLowerCase()
  if (words.has(start)) return new Set()
  const longer = [...words].filter((word) => word.startsWith(start))
  return new Set(longer.map((word) => word.slice(start.length)))
}

/** Whether the text may turn out to begin with one of them. */
export function mayBecome(rests: ReadonlySet<string>, text: string): boolean {
  return [...rests].some((rest) => rest.startsWith(text))
}

export function beginsWith(rests: ReadonlySet<string>, text: string): boolean {
  return rests.has(FIRST_WORD.exec(text.slice(0, MAX_WORD))?.[0] ?? '')
}
