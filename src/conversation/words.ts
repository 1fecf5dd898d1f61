/** Speech markup that voices act on but do not say: `<break time="1s"/>`, `[warmly]`. */
const MARKUP = /<[^<>]{1,200}>|\[[^[\]]{1,60}\]/g
const APOSTROPHES = /['\u2019\u02bc]/g
const GAPS = /[^\p{L}\p{N}\p{M}]+/u

/**
 * A text as the list of its words, so that what a platform sends back can be compared with what was
 * said: compatibility forms, case, punctuation and markup are set aside, and so are trailing dots.
 */
export function toWords(text: string): readonly string[] {
  const plain = text.normalize('NFKC').toLowerCase().replace(MARKUP, ' ').replace(APOSTROPHES, '')
  const words = plain.split(GAPS)
  if (words[0] === '') words.shift()
  if (words.at(-1) === '') words.pop()
  return words
}

/** Nothing but dots and white space: how some platforms write silence. */
export function isSilent(text: string): boolean {
  return /^[.\u2026\s]*$/.test(text)
}

/** Whether two texts say the same; equal strings are the common case and cost nothing. */
export function sameWords(left: string, right: string): boolean {
  return left === right || toWords(left).join(' ') === toWords(right).join(' ')
}

/** Whether `longer` goes on after `shorter`, which may end in the middle of a word. */
export function isProperPrefix(shorter: string, longer: string): boolean {
  const start = toWords(shorter).join(' ')
  const whole = toWords(longer).join(' ')
  return start !== '' && start.length < whole.length && whole.startsWith(start)
}
