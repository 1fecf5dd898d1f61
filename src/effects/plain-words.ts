import { NUMBER_JOINTS, NUMERALS } from './numerals.ts'

/** Nobody hears joiners, direction marks and the stroke that stretches Arabic words. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u0640]/gu
const APOSTROPHES = /['\u2018\u2019\u02bc`\u00b4]/g
/** Accents of Latin, Greek and Cyrillic letters and the vowel points of Arabic and Hebrew. */
const ACCENTS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g
/** As in Unicode's Stream-Safe Text Format: to order more of them takes the square of their number. */
const MARKS_TOO_MANY = /(\p{M}{30})\p{M}+/gu
const HAN_DIGITS = '〇零一二三四五六七八九十百千万萬億亿两兩'
const UNSPACED_SCRIPT =
  '\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}'
const UNSPACED = new RegExp(`^[${UNSPACED_SCRIPT}]`, 'u')
const NUMBER = /^[-+]?\p{N}|^[〇零一二三四五六七八九十百千万萬億亿两兩]/u
/**
 * A number with what stands inside it, a character of a script without spaces, a word, or a sign: a
 * currency or a picture says something too.
 */
const TOKEN = new RegExp(
  [
    `(?:(?<![\\p{L}\\p{N}])[-+])?\\p{Nd}+(?:[.,:/]\\p{Nd}+)*`,
    `[${HAN_DIGITS}]+`,
    `(?=[\\p{L}\\p{N}])[${UNSPACED_SCRIPT}]\\p{M}*`,
    `[\\p{L}\\p{N}](?:(?![${UNSPACED_SCRIPT}])[\\p{L}\\p{N}\\p{M}])*`,
    `\\p{S}`,
    `%`,
  ].join('|'),
  'gu',
)

/**
 * A text as the list of its words: compatibility forms, case, accents and punctuation are set aside,
 * and a number is one word however many it is spoken with.
 */
export function toPlainWords(text: string): readonly string[] {
  return joinNumbers(plain(text).match(TOKEN) ?? [])
}

/** Written without spaces, so that a single one says little. */
export function isUnspaced(word: string): boolean {
  return UNSPACED.test(word) && !NUMBER.test(word)
}

function plain(text: string): string {
  const visible = text.replace(INVISIBLE, '').replace(MARKS_TOO_MANY, '$1')
  const folded = visible.normalize('NFKC').toLowerCase().replace(APOSTROPHES, '')
  const bare = folded.normalize('NFKD').replace(ACCENTS, '').normalize('NFC')
  return bare
    .replace(/ß/g, 'ss')
    .replace(/ı/g, 'i')
    .replace(/\u2212/g, '-')
}

function joinNumbers(words: readonly string[]): readonly string[] {
  const joined: string[] = []
  let isOpen = false
  for (const [at, word] of words.entries()) {
    const isNumber = isNumeral(word)
    const isJoint: boolean = isOpen && NUMBER_JOINTS.has(word) && isNumeral(words[at + 1] ?? '')
    if (isOpen && (isNumber || isJoint)) joined.push(`${joined.pop() ?? ''} ${word}`)
    else joined.push(word)
    isOpen = isNumber || isJoint
  }
  return joined
}

function isNumeral(word: string): boolean {
  return NUMBER.test(word) || NUMERALS.has(word)
}
