/** Speech markup that voices act on but do not say: `<break time="1s"/>`, `[warmly]`. */
const MARKUP = /<[^<>]{1,200}>|\[[^[\]]{1,60}\]/g
/** Nobody hears joiners, direction marks, variation selectors and keycaps; platforms drop them. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u20e3]/gu
const APOSTROPHES = /['\u2018\u2019\u02bc]/g
const ASCII_WORD = /[a-z0-9]+/g
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu
const UNSPACED_SCRIPT =
  '\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}'
const UNSPACED = new RegExp(`[${UNSPACED_SCRIPT}]`, 'u')
/**
 * Some scripts put no space between words. Each of their characters counts as a word: a sentence
 * that is one word could hardly be told from another, and a digit in it would match anything.
 */
const WORD_OR_CHARACTER = new RegExp(
  `(?=[\\p{L}\\p{N}])[${UNSPACED_SCRIPT}]\\p{M}*|[\\p{L}\\p{N}](?:(?![${UNSPACED_SCRIPT}])[\\p{L}\\p{N}\\p{M}])*`,
  'gu',
)
/** As in Unicode's Stream-Safe Text Format: to order more of them takes the square of their number. */
const MARKS_TOO_MANY = /(\p{M}{30})\p{M}+/gu
const NOT_ASCII = /[^\0-\x7f]/

/**
 * A text as the list of its words, so that what a platform sends back can be compared with what was
 * said: compatibility forms, case, punctuation and markup are set aside, and so are trailing dots.
 */
export function toWords(text: string): readonly string[] {
  if (!NOT_ASCII.test(text)) return unmarked(text.toLowerCase()).match(ASCII_WORD) ?? []
  const folded = normalized(text.replace(INVISIBLE, '')).toLowerCase()
  const plain = normalized(unmarked(folded))
  return plain.match(UNSPACED.test(plain) ? WORD_OR_CHARACTER : WORD) ?? []
}

function normalized(text: string): string {
  return text.replace(MARKS_TOO_MANY, '$1').normalize('NFKC')
}

function unmarked(text: string): string {
  return text.replace(MARKUP, ' ').replace(APOSTROPHES, '')
}

/** The words as one text to compare by; a text without any (an emoji, a sign) stands for itself. */
export function wordKey(text: string): string {
  const words = toWords(text)
  return words.length > 0 ? words.join(' ') : text.trim()
}

/** Nothing but dots and white space: how some platforms write silence. */
export function isSilent(text: string): boolean {
  return /^[.\u2026\s]*$/.test(text)
}

/** Whether two texts say the same; equal strings are the common case and cost nothing. */
export function sameWords(left: string, right: string): boolean {
  return left === right || wordKey(left) === wordKey(right)
}

/** Whether, of two word keys, `longer` goes on after `shorter`, which may end in mid-word. */
export function isProperPrefix(shorter: string, longer: string): boolean {
  return shorter !== '' && shorter.length < longer.length && longer.startsWith(shorter)
}
