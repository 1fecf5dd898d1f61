const WORD = /[0-9A-Za-z\u00C0-\u1FFF\u2C00-\u2FFF\u3040-\uD7FF\uF900-\uFDFF]/

export function isWord(char: string): boolean {
  return WORD.test(char)
}

export function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n' || char === '\u00A0'
}

export function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

// Halves of characters, arrows to dingbats, and what only ever belongs to an emoji.
const SYMBOLS =
  '\\u200D\\u20E3\\uFE0E\\uFE0F\\u2139\\u2190-\\u2BFF\\u3030\\u303D\\u3297\\u3299\\uD800-\\uDFFF'

const SYMBOL = new RegExp(`[${SYMBOLS}]`)

export function isSymbol(char: string): boolean {
  return SYMBOL.test(char)
}

/** What may begin something, wherever it stands; an image only at the start of a word. */
const SPECIAL = `[*_~\`<[\\]{|\\\\(/\\u2022\\u3010\\uFF08\\n${SYMBOLS}]|(?<![^\\s[(*_>])!`

/** Behind one of these no address begins; other scripts write addresses without a space before. */
const BEFORE_URL = '[0-9A-Za-z\\u00C0-\\u024F]'

const TAIL = 'h|ht|htt|https?:?|w|ww|www|f|fu|fun|func|funct|functi|functio|functions?'

/** Something special, or a tail that could become special. */
const NOT_PLAIN = new RegExp(
  `${SPECIAL}|[ \\t\\r]$|(?<!${BEFORE_URL})(?:(?:${TAIL})$|www\\.|functions\\.)`,
  'i',
)

export function isPlain(text: string): boolean {
  return !NOT_PLAIN.test(text)
}

const STOP = new RegExp(`${SPECIAL}|(?<!${BEFORE_URL})[hwf]`, 'gi')

/** Where the run of ordinary characters that begins at `at` ends; it has at least one. */
export function plainEnd(text: string, at: number): number {
  STOP.lastIndex = at + 1
  return STOP.exec(text)?.index ?? text.length
}

const ENDS_IN_WORD = new RegExp(BEFORE_URL)

/** Whether a word of the scripts that put spaces between words goes on here. */
export function isInWord(before: string): boolean {
  return ENDS_IN_WORD.test(before)
}

const BEFORE_IMAGE = /[\s[(*_>]/

export function canStartImage(before: string): boolean {
  return before === '' || BEFORE_IMAGE.test(before)
}
