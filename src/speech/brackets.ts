import { canStartImage, isInWord, isSpace } from './characters.ts'
import { charAt, isUnknown, LOOK_AHEAD, type Match, type Place } from './construct.ts'
import { stageDirection } from './stage-direction.ts'
import { untilBalanced, untilOneOf, untilTargetEnd } from './swallow.ts'

/** Calls in the form of Python: `[book(days=["Mon"])]`. */
const CALL = /^\[[A-Za-z_][\w.]{0,80}\((?:\w{1,80} ?=|\))/

/** Links keep their text; footnotes, directions and placeholders go. */
export function bracket(place: Place, allowsTags: boolean): Match {
  const json = jsonStart(place, '{')
  if (json) return json
  const length = closingBracket(place)
  if (length === 'more') return 'more'
  if (CALL.test(place.text.slice(place.at, place.at + LOOK_AHEAD)))
    return { taken: 0, gap: 'content', swallow: untilBalanced() }
  if (length === undefined) return { taken: 1, gap: 'mark' }
  if (isUnknown(place, length)) return 'more'
  if (charAt(place, length) === '(') return { taken: 1, gap: 'mark' }
  const inside = place.text.slice(place.at + 1, place.at + length - 1)
  if (inside === 'THINK')
    return { taken: length, gap: 'content', swallow: untilOneOf(['[/THINK]']) }
  if (inside === 'TOOL_CALLS') return { taken: length, gap: 'content', swallow: untilBalanced() }
  if (allowsTags && isVoiceTag(inside)) return { taken: length, text: `[${inside}]` }
  const isLabel = place.isLineStart && charAt(place, length) === ':'
  return { taken: length + (isLabel ? 1 : 0), gap: 'content' }
}

/** How long the brackets are; `undefined` when they do not close. */
function closingBracket(place: Place): number | 'more' | undefined {
  for (let length = 1; length < LOOK_AHEAD; length++) {
    const char = charAt(place, length)
    if (char === ']') return length + 1
    if (char === '') return isUnknown(place, length) ? 'more' : undefined
    if (char === '\n' || char === '[') return undefined
  }
  return undefined
}

function isVoiceTag(inside: string): boolean {
  const words = inside.split(' ')
  return words.length <= 4 && words.every((word) => /^[\p{L}\p{M}'’-]+$/u.test(word))
}

/** Behind the text of a link stands its target. */
export function bracketEnd(place: Place): Match {
  if (isUnknown(place, 1)) return 'more'
  if (charAt(place, 1) !== '(') return { taken: 1, gap: 'mark' }
  return { taken: 2, gap: 'mark', swallow: untilTargetEnd() }
}

/** The sign before an image. */
export function exclamation(place: Place): Match {
  if (!canStartImage(place.before)) return undefined
  if (isUnknown(place, 1)) return 'more'
  return charAt(place, 1) === '[' ? { taken: 1, gap: 'mark' } : undefined
}

export function parenthesis(place: Place): Match {
  return isInWord(place.before) ? undefined : stageDirection(place, ')')
}

/** What a file search leaves behind: `【4:0†source】`. */
export function citation(place: Place): Match {
  let length = 1
  while (length < LOOK_AHEAD && /[\d:]/.test(charAt(place, length))) length++
  if (isUnknown(place, length)) return 'more'
  return charAt(place, length) === '†'
    ? { taken: length, gap: 'content', swallow: untilOneOf(['】']) }
    : undefined
}

/** An object written as text. */
export function brace(place: Place): Match {
  return jsonStart(place, '"') ?? jsonStart(place, "'") ?? jsonStart(place, '}')
}

function jsonStart(place: Place, expected: string): Match {
  let length = 1
  while (length < LOOK_AHEAD && isSpace(charAt(place, length))) length++
  if (length < LOOK_AHEAD && isUnknown(place, length)) return 'more'
  if (charAt(place, length) !== expected) return undefined
  return { taken: 0, gap: 'content', swallow: untilBalanced() }
}
