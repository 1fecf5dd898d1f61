import { isDigit, isSpace, isWord } from './characters.ts'
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
  const opens = next !== '' && !isSpace(next) && !isWord(place.before)
  return (opens ? stageDirection(place, '*') : undefined) ?? { taken: 1, gap: 'mark' }
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
