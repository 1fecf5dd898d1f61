/** Where the scanner stands and what it may know there. */
export interface Place {
  /** What is not decided yet; nothing before `at` matters any more. */
  readonly text: string
  readonly at: number
  /** No more text will come: an answer must be given. */
  readonly isFinal: boolean
  /** The character consumed last; empty at the start and behind what was taken out. */
  readonly before: string
  readonly isLineStart: boolean
  /** Ends with the three characters written last; empty while spaces wait behind them. */
  readonly written: string
  readonly startsSentence: boolean
}

/** Drops text until its end; keeps nothing but what could be the start of that end. */
export type Swallow = (text: string, at: number, isFinal: boolean) => Swallowed

interface Swallowed {
  readonly taken: number
  readonly isOver: boolean
}

/** What stands where something was taken out: nothing, a missing word, or a pause between two. */
export type Gap = 'mark' | 'content' | 'join'

export interface Step {
  readonly taken: number
  readonly text?: string
  readonly gap?: Gap
  readonly swallow?: Swallow
  readonly staysAtLineStart?: boolean
}

/** `more`: the next characters decide. `undefined`: it is something else. */
export type Match = Step | 'more' | undefined

/**
 * Reads one construct. An answer other than `more` must hold whatever text follows: then the output
 * does not depend on where the text was cut.
 */
export type Construct = (place: Place) => Match

/** How far a construct may look for its end before it counts as plain text. */
export const LOOK_AHEAD = 200

/** Whether `text` at `at` begins with `word` (lower case), in any case of letters. */
export function startsWith(place: Place, word: string): boolean | 'more' {
  const found = place.text.slice(place.at, place.at + word.length).toLowerCase()
  if (found === word) return true
  return !place.isFinal && found.length < word.length && word.startsWith(found) ? 'more' : false
}

/** The character `offset` behind the place; empty behind the end. */
export function charAt(place: Place, offset: number): string {
  return place.text.charAt(place.at + offset)
}

/** Whether the text ends before `offset` and may still go on. */
export function isUnknown(place: Place, offset: number): boolean {
  return !place.isFinal && place.at + offset >= place.text.length
}
