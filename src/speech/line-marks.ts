import { isSpace } from './characters.ts'
import { charAt, isUnknown, LOOK_AHEAD, type Match, type Place } from './construct.ts'
import { untilOneOf } from './swallow.ts'

/** Marks that mean something at the start of a line only. */
export function lineMark(place: Place): Match {
  const char = charAt(place, 0)
  if (isSpace(char) && char !== '\n') return { taken: 1, text: char, staysAtLineStart: true }
  if ('-*_=|:'.includes(char)) {
    const rule = vanishingLine(place)
    if (rule) return rule
  }
  if ('-*+'.includes(char)) return bullet(place)
  if (char === '#') return heading(place)
  if (char === '>') return { taken: 1, gap: 'mark', staysAtLineStart: true }
  if (char === '~') return tildeFence(place)
  return undefined
}

/** Rules (`---`), lines under a heading (`===`) and the second row of a table. */
function vanishingLine(place: Place): Match {
  const shape = /^[-*_=|: \t\r]*/.exec(place.text.slice(place.at, place.at + LOOK_AHEAD))?.[0] ?? ''
  const whole = { taken: shape.length, gap: 'mark', staysAtLineStart: true } as const
  if (shape.length === LOOK_AHEAD) return whole
  if (isUnknown(place, shape.length)) return 'more'
  const next = charAt(place, shape.length)
  return (next === '' || next === '\n') && isRule(shape) ? whole : undefined
}

function isRule(line: string): boolean {
  const signs = line.replace(/[ \t\r]/g, '')
  if (/^(?:\*{3,}|_{3,}|={3,})$/.test(signs)) return true
  const dashes = signs.replace(/[|:]/g, '')
  return /^-+$/.test(dashes) && (dashes.length >= 3 || signs.includes('|'))
}

function bullet(place: Place): Match {
  if (isUnknown(place, 1)) return 'more'
  const next = charAt(place, 1)
  return next === '' || isSpace(next)
    ? { taken: 1, gap: 'mark', staysAtLineStart: true }
    : undefined
}

function heading(place: Place): Match {
  let length = 1
  while (length < 7 && charAt(place, length) === '#') length++
  if (length === 7) return undefined
  if (isUnknown(place, length)) return 'more'
  const next = charAt(place, length)
  return next === '' || isSpace(next)
    ? { taken: length, gap: 'mark', staysAtLineStart: true }
    : undefined
}

function tildeFence(place: Place): Match {
  for (const offset of [1, 2]) {
    if (isUnknown(place, offset)) return 'more'
    if (charAt(place, offset) !== '~') return undefined
  }
  return { taken: 3, gap: 'content', swallow: untilOneOf(['~~~']) }
}
