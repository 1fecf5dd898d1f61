import { isWord } from './characters.ts'
import type { Gap } from './construct.ts'

/** What was written and what waits behind it. */
interface Spacing {
  output: string
  /** Ends with the three characters written last. */
  last: string
  /** Spaces that go out with the next word. */
  spaces: string
  /** What was taken out since the last word. */
  gap: Gap | 'none'
  lineHasWords: boolean
  lineHasGap: boolean
}

export function createSpacing(): Spacing {
  return {
    output: '',
    last: '',
    spaces: '',
    gap: 'none',
    lineHasWords: false,
    lineHasGap: false,
  }
}

/** Longer runs of spaces pass, apart from this many at their end. */
const MAX_SPACES_HELD = 32

const SPACES_BEFORE = /^[ \t\r]*/
const CLOSES = /[.,;:!?…)]/
const OPENS = /[\s([]/
const ENDS_SENTENCE = /[.!?…。！？]["'”’»)]?$/

export function writeText(spacing: Spacing, words: string): void {
  const lead = SPACES_BEFORE.exec(words)?.[0].length ?? 0
  addSpaces(spacing, words.slice(0, lead))
  const end = lengthWithoutTrailingSpaces(words)
  if (end <= lead) return
  write(spacing, spaceBefore(spacing, words.charAt(lead)) + words.slice(lead, end))
  spacing.spaces = ''
  spacing.gap = 'none'
  spacing.lineHasWords = true
  addSpaces(spacing, words.slice(end))
}

/** A line of which nothing is left goes with its line break. */
export function writeNewline(spacing: Spacing): void {
  if (spacing.lineHasWords || !spacing.lineHasGap)
    write(spacing, (spacing.gap === 'none' ? spacing.spaces : '') + '\n')
  spacing.spaces = ''
  spacing.gap = 'none'
  spacing.lineHasWords = false
  spacing.lineHasGap = false
}

export function writeGap(spacing: Spacing, gap: Gap): void {
  if (spacing.gap === 'none' || spacing.gap === 'mark' || gap === 'join') spacing.gap = gap
  if (spacing.spaces !== '') spacing.spaces = ' '
  spacing.lineHasGap = true
}

/** What the next construct may know of the words before it. */
export function spokenBefore({ last, spaces, lineHasWords }: Spacing) {
  const startsSentence = !lineHasWords || ENDS_SENTENCE.test(last.replace(/ $/, ''))
  return { written: spaces === '' ? last : '', startsSentence }
}

/** Whether ordinary text may pass as it is. */
export function isClean(spacing: Spacing): boolean {
  return spacing.spaces === '' && spacing.gap === 'none'
}

/** Notes text that passed as it is. */
export function notePassed(spacing: Spacing, text: string): void {
  spacing.last = lastWritten(spacing, text)
  spacing.lineHasWords = true
}

/** What was written since the last call. */
export function takeOutput(spacing: Spacing): string {
  const taken = spacing.output
  spacing.output = ''
  return taken
}

/** Lets go of the spaces that wait: the text is over. */
export function writeEnd(spacing: Spacing): void {
  if (spacing.gap === 'none') write(spacing, spacing.spaces)
  spacing.spaces = ''
}

function lastWritten({ last }: Spacing, text: string): string {
  return text.length > 2 ? text : last.slice(-2) + text
}

function write(spacing: Spacing, text: string): void {
  if (text === '') return
  spacing.output += text
  spacing.last = lastWritten(spacing, text)
}

function addSpaces(spacing: Spacing, more: string): void {
  if (more === '') return
  if (spacing.gap !== 'none') {
    spacing.spaces = ' '
    return
  }
  // A voice begins to speak a sentence once it sees the space behind it.
  const isDue = spacing.spaces === '' && ENDS_SENTENCE.test(spacing.last)
  if (isDue) write(spacing, more.charAt(0))
  const spaces = spacing.spaces + more.slice(isDue ? 1 : 0)
  write(spacing, spaces.slice(0, -MAX_SPACES_HELD))
  spacing.spaces = spaces.slice(-MAX_SPACES_HELD)
}

function spaceBefore({ gap, spaces, last, lineHasWords }: Spacing, next: string): string {
  if (gap === 'none') return spaces
  const lastChar = last.slice(-1)
  if (!lineHasWords || OPENS.test(lastChar)) return ''
  // Right behind `<` a mark would look like the beginning of a tag.
  if (gap !== 'mark' && CLOSES.test(next) && lastChar !== '<') return ''
  if (gap === 'join') return CLOSES.test(lastChar) ? ' ' : ', '
  if (spaces !== '') return ' '
  const isApart = gap === 'mark' || !isWord(next) || !(isWord(lastChar) || CLOSES.test(lastChar))
  return isApart ? '' : ' '
}

function lengthWithoutTrailingSpaces(words: string): number {
  let end = words.length
  while (end > 0 && ' \t\r'.includes(words.charAt(end - 1))) end--
  return end
}
