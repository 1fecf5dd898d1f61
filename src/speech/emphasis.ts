import { isDigit, isInWord, isSpace, isWord } from './characters.ts'
import { charAt, isUnknown, type Match, type Place } from './construct.ts'
import { stageDirection } from './stage-direction.ts'
import { untilOneOf } from './swallow.ts'

const MAX_RUN = 16

function runLength(place: Place, char: string): number {
  let length = 1
  while (length < MAX_RUN && charAt(place, length) === char) length++
  return length
}

/** Emphasis, stage direction or multiplication. */
export function star(place: Place): Match {
  if (isUnknown(place, 1)) return 'more'
  const next = charAt(place, 1)
  if (next === '*') return { taken: 2, gap: 'mark' }
  const isTimes = isSpace(place.before) && isSpace(next)
  if (isTimes || (isDigit(place.before) && isDigit(next))) return { taken: 1, text: '*' }
  const key = isWord(place.before) ? undefined : starKey(place)
  if (key) return key
  const opens = next !== '' && !isSpace(next) && !isInWord(place.before)
  return (opens ? stageDirection(place, '*') : undefined) ?? { taken: 1, gap: 'mark' }
}

const KEY = { taken: 1, text: '*' } as const
const MAX_EMPHASIS = 40

/** The key of a telephone: `press *67`, `the star key (*)`. */
function starKey(place: Place): Match {
  const next = charAt(place, 1)
  const isQuoted = /[(["'“‘«]/.test(place.before) && /[)\]"'”’»]/.test(next)
  if (isQuoted) return KEY
  if (isSpace(place.before) && /[.,;:?!)]/.test(next)) {
    if (isUnknown(place, 2)) return 'more'
    return charAt(place, 2) === '' || isSpace(charAt(place, 2)) ? KEY : undefined
  }
  return isDigit(next) || next === '#' ? dialled(place) : undefined
}

/** A number behind a star is dialled unless a second star closes an emphasis. */
function dialled(place: Place): Match {
  for (let length = 2; length < MAX_EMPHASIS; length++) {
    const char = charAt(place, length)
    if (char === '') return isUnknown(place, length) ? 'more' : KEY
    if (char === '\n') return KEY
    if (char === '*' && !isSpace(charAt(place, length - 1))) return undefined
  }
  return KEY
}

/** Between the letters of a name it stays: `a_b`. */
export function underscore(place: Place): Match {
  const length = runLength(place, '_')
  if (length < MAX_RUN && isUnknown(place, length)) return 'more'
  return isWord(place.before) && isWord(charAt(place, length))
    ? { taken: length, text: '_'.repeat(length) }
    : { taken: length, gap: 'mark' }
}

/** Only before a number it says something: `~5`. */
export function tilde(place: Place): Match {
  if (isUnknown(place, 1)) return 'more'
  if (charAt(place, 1) === '~') return { taken: 2, gap: 'mark' }
  return isDigit(charAt(place, 1)) ? { taken: 1, text: '~' } : { taken: 1, gap: 'mark' }
}

/** One or two quote code, whose words are spoken; three or more fence what is no speech. */
export function backtick(place: Place): Match {
  const length = runLength(place, '`')
  if (length < MAX_RUN && isUnknown(place, length)) return 'more'
  if (length < 3) return { taken: length, gap: 'mark' }
  return { taken: length, gap: 'content', swallow: untilOneOf(['`'.repeat(length)]) }
}

/** A backslash that only protects the sign behind it. */
export function backslash(place: Place): Match {
  if (isUnknown(place, 1)) return 'more'
  return /^[!-/:-@[-`{-~\n]?$/.test(charAt(place, 1)) ? { taken: 1, gap: 'mark' } : undefined
}
