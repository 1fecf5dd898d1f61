/** Alone it is no answer, and more of it than this says nothing either. */
const MAX_WHITE_SPACE = 256

/** The text of an answer: it begins with its first word, and no character is given out by halves. */
export interface SpokenText {
  /** All that was given out. */
  whole: string
  /** What may be given out next. */
  added: string
  /** White space before the first word. */
  space: string
  /** The first half of a character that JSON wrote as two. */
  half: string
}

export function createSpokenText(): SpokenText {
  return { whole: '', added: '', space: '', half: '' }
}

export function addText(spoken: SpokenText, delta: string): void {
  if (delta === '') return
  const text = toWholeCharacters(spoken, delta)
  if (spoken.whole === '' && spoken.added === '' && text.trim() === '') {
    spoken.space = (spoken.space + text).slice(0, MAX_WHITE_SPACE)
    return
  }
  spoken.added += spoken.space === '' ? text : spoken.space + text
  spoken.space = ''
}

/** What was added since the last time. */
export function giveOut(spoken: SpokenText): string {
  const { added } = spoken
  if (added === '') return ''
  spoken.added = ''
  spoken.whole += added
  return added
}

function toWholeCharacters(spoken: SpokenText, delta: string): string {
  const { half } = spoken
  const last = delta.charCodeAt(delta.length - 1)
  const endsInHalf = last >= 0xd800 && last <= 0xdbff
  if (!endsInHalf && half === '') return delta
  const joined = half + delta
  spoken.half = endsInHalf ? joined.slice(-1) : ''
  return endsInHalf ? joined.slice(0, -1) : joined
}
