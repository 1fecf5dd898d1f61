import type { Journal, JournalTurn } from '../../conversation/journal.ts'

/** What fillers said last in this turn, or in the newest other turn in which one was said. */
export function lastFiller({ turns }: Journal, turn: JournalTurn): string {
  const own = saidLast(turn)
  if (own !== '') return own
  const before = turns.findLast((other) => other !== turn && saidLast(other) !== '')
  return before ? saidLast(before) : ''
}

function saidLast({ pieces }: JournalTurn): string {
  return pieces.findLast(({ type }) => type === 'filler')?.text.trimEnd() ?? ''
}

/** The text after the one that was said last; the first one where none of them was. */
export function nextFiller(texts: readonly string[], last: string): string {
  // One text can end like another one.
  const ending = texts.filter((text) => last.endsWith(text.trimEnd()))
  const [longest = ''] = ending.toSorted((left, right) => right.length - left.length)
  return texts[(texts.indexOf(longest) + 1) % texts.length] ?? ''
}
