import { charAt, isUnknown, type Match, type Place } from './construct.ts'

const ARROW = /^[\u2190-\u21FF\u2794\u2798-\u27BE\u27F0-\u27FF\u2900-\u297F\u2B00-\u2B11]/
const DROPPED =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Presentation}|[\u2500-\u27BF\u2B12-\u2BFF\u{E0000}-\u{E0FFF}])/u

/** Emoji and pictures in text form; letters and signs outside the first plane pass. */
export function symbol(place: Place): Match {
  const first = charAt(place, 0)
  if (first >= '\uD800' && first <= '\uDBFF' && isUnknown(place, 1)) return 'more'
  const char = String.fromCodePoint(place.text.codePointAt(place.at) ?? 0)
  if (char === '\uFE0E' || char === '\uFE0F') return { taken: 1, gap: 'mark' }
  if (char === '\u20E3') return { taken: 1, gap: 'content' }
  if (char === '\u200D') return joiner(place)
  if (ARROW.test(char)) return { taken: 1, gap: 'join' }
  if (isLoneSurrogate(char) || DROPPED.test(char)) return { taken: char.length, gap: 'content' }
  return { taken: char.length, text: char }
}

// Some scripts need it between letters.
function joiner({ before }: Place): Match {
  const isInEmoji = before === '' || before === '\uFE0F' || before === '\uFE0E'
  return isInEmoji ? { taken: 1, gap: 'content' } : undefined
}

// Two halves that come together when what was between them is taken out would be an emoji.
function isLoneSurrogate(char: string): boolean {
  return char.length === 1 && char >= '\uD800' && char <= '\uDFFF'
}
