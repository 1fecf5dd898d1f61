/** What a request is, relative to the journal. Tried in this order. */
export const KINDS = [
  'opening',
  'follow_up',
  'silence',
  'retry',
  'late',
  'withdrawn',
  'revised',
  'new',
] as const
export type Kind = (typeof KINDS)[number]

/** The platform tool with which an agent says nothing on purpose. */
export const SKIP_TURN = 'skip_turn'

/** What the history shows of a turn's reply. */
export type Heard = 'full' | 'partial' | 'none' | 'unknown'

/** How far the history could be matched with the journal. */
export type Confidence = 'exact' | 'partial' | 'low'
