import type { Cursor } from './block-cursor.ts'
import type { JournalTurn } from './journal.ts'
import type { Heard } from './kinds.ts'
import type { ConversationMessage } from './message.ts'

/** A turn that a block of the history shows, and where in the block it begins. */
export interface ShownTurn {
  readonly turn: JournalTurn
  readonly heard: Heard
  /** The message from which on the turn is shown. */
  readonly message: ConversationMessage
}

export interface TurnMatch {
  readonly shown: readonly ShownTurn[]
  /** Heard words that stand in the turns' replies. */
  readonly words: number
  readonly byCall: boolean
  /** A platform call under its own id. */
  readonly byId: boolean
  /** Word for word, apart from where it ends. */
  readonly literal: boolean
  /** Every turn was shown whole and word for word, and nothing else was. */
  readonly exact: boolean
  /** Only fillers of the turn were heard, so it was not. */
  readonly fillersOnly: boolean
}

/** A match and the place in the block that it reaches; `exact` does not look beyond that. */
export interface Found extends TurnMatch {
  readonly end: Cursor
}

/** A turn's own match, and that of the continuations that follow it. */
export function join(shown: ShownTurn, rest: Found | null, own: Omit<Found, 'shown'>): Found {
  if (!rest) return { ...own, shown: [shown] }
  return {
    shown: [shown, ...rest.shown],
    words: own.words + rest.words,
    byCall: own.byCall || rest.byCall,
    byId: own.byId || rest.byId,
    literal: own.literal && rest.literal,
    exact: own.exact && rest.exact,
    fillersOnly: false,
    end: rest.end,
  }
}

/** The longest, then the one with its own call, then the one word for word, then the newest. */
export function isBetter(found: Found, than: Found): boolean {
  if (found.words === than.words && found.byId !== than.byId) return found.byId
  if (found.words !== than.words) return found.words > than.words
  return found.literal || !than.literal
}
