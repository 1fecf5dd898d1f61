import { isDigit, isSpace, isWord } from './characters.ts'
import { charAt, isUnknown, LOOK_AHEAD, startsWith } from './construct.ts'
import type { Match, Place } from './construct.ts'
import { untilOneOf } from './swallow.ts'
import { endsOfElement, endsOfToken } from './tool-syntax.ts'
import { untilUrlEnd } from './urls.ts'

/** Tags, comments, model tokens and addresses in angle brackets. */
export function angle(place: Place, allowsBreak: boolean): Match {
  if (isUnknown(place, 1)) return 'more'
  const next = charAt(place, 1)
  if (next === '' || isSpace(next) || /^[\d=\-$]/.test(next)) return { taken: 1, text: '<' }
  if (next === '|' || next === '｜') return token(place)
  const found = autolink(place) ?? comment(place) ?? tag(place, allowsBreak)
  if (found) return found
  return isWord(place.before) && isWord(next) ? LESS : { taken: 1, gap: 'mark' }
}

/** Apart from the word behind it, with which it would look like a tag. */
const LESS = { taken: 1, text: ' < ' } as const

function autolink(place: Place): Match {
  for (const start of ['<https://', '<http://', '<www.']) {
    const found = startsWith(place, start)
    if (found === 'more') return 'more'
    if (found) return { taken: start.length, text: 'link', swallow: untilUrlEnd('>') }
  }
  return undefined
}

function comment(place: Place): Match {
  const found = startsWith(place, '<!--')
  if (found === 'more') return 'more'
  return found ? { taken: 4, gap: 'content', swallow: untilOneOf(['-->']) } : undefined
}

/** Words that are no attributes: more of them are speech. */
const MAX_BARE_WORDS = 5

/** How long what stands in angle brackets is; `undefined` when it does not close. */
function closingAngle(place: Place): number | 'more' | undefined {
  let bareWords = 0
  for (let length = 1; length < LOOK_AHEAD; length++) {
    const char = charAt(place, length)
    if (char === '=') bareWords = -LOOK_AHEAD
    if (char === ' ' && ++bareWords > MAX_BARE_WORDS) return undefined
    if (char === '>') return length + 1
    if (char === '') return isUnknown(place, length) ? 'more' : undefined
    if (char === '<') return undefined
  }
  return undefined
}

function token(place: Place): Match {
  const length = closingAngle(place)
  if (length === 'more') return 'more'
  if (length === undefined) return { taken: 2, gap: 'mark' }
  const ends = endsOfToken(place.text.slice(place.at, place.at + length))
  return { taken: length, gap: 'content', ...(ends && { swallow: untilOneOf(ends) }) }
}

const NAME = /^<([\w:.-]+)/
const MAIL = /^<(?:mailto:)?([\p{L}\p{N}.+%_-]+@[\p{L}\p{N}.-]+)>$/u

function tag(place: Place, allowsBreak: boolean): Match {
  if (isUnknown(place, 2)) return 'more'
  const start = charAt(place, '/?!'.includes(charAt(place, 1)) ? 2 : 1)
  if (!'>|｜'.includes(start) && (!isWord(start) || isDigit(start))) return undefined
  const length = closingAngle(place)
  if (length === 'more' || length === undefined) return length
  const whole = place.text.slice(place.at, place.at + length)
  if (isWord(place.before) && /^<[^\s="'/]+\s[^="'/]*>$/.test(whole)) return LESS
  const address = MAIL.exec(whole)?.[1]
  if (address !== undefined) return { taken: length, text: address }
  const name = NAME.exec(whole)?.[1] ?? ''
  const pause = allowsBreak && name === 'break' ? toBreak(whole) : undefined
  if (pause !== undefined) return { taken: length, text: pause }
  const ends = whole.endsWith('/>') ? undefined : endsOfElement(name)
  return { taken: length, gap: 'content', ...(ends && { swallow: untilOneOf(ends) }) }
}

const BREAK = /^<break\s+time=(["'])(\d{1,6}(?:\.\d{1,6})?)(ms|s)\1\s*\/>$/
const MAX_BREAK_S = 3

function toBreak(whole: string): string | undefined {
  const [, , time, unit] = BREAK.exec(whole) ?? []
  if (time === undefined) return undefined
  const seconds = Number(time) / (unit === 'ms' ? 1000 : 1)
  return seconds > MAX_BREAK_S ? `<break time="${MAX_BREAK_S}s"/>` : whole
}
