import { createHash } from 'node:crypto'
import type { JournalTurn } from './journal.ts'
import type { UserBlock } from './view.ts'
import { isProperPrefix, wordKey } from './words.ts'

/** Nobody says so much in one breath; the rest of a longer text is kept as a digest. */
const MAX_KEPT_CHARACTERS = 20_000

/** User speech as the journal keeps it. Equal texts stay equal, and others stay different. */
export function toUserText(user: UserBlock | null): string {
  const text = user?.text ?? ''
  if (text.length <= MAX_KEPT_CHARACTERS) return text
  const digest = createHash('sha256').update(text).digest('hex')
  return `${text.slice(0, MAX_KEPT_CHARACTERS)} ${digest}`
}

// Every block is compared with several turns, and every turn with each request of its conversation.
const userKeys = new WeakMap<JournalTurn | UserBlock, string>()

function userKey(owner: JournalTurn | UserBlock, text: string): string {
  const known = userKeys.get(owner)
  if (known !== undefined) return known
  const key = wordKey(text)
  userKeys.set(owner, key)
  return key
}

/** The user speech of a turn, in the form that it is compared by. */
export function turnKey(turn: JournalTurn): string {
  return userKey(turn, turn.userText)
}

export function blockKey(user: UserBlock): string {
  return userKey(user, toUserText(user))
}

/** Spares the making of a block's key where one of the turns answers the very same letters. */
export function adoptKey(user: UserBlock, turns: readonly JournalTurn[]): void {
  if (userKeys.has(user)) return
  const same = turns.find((turn) => turn.userText === user.text)
  if (same) userKeys.set(user, turnKey(same))
}

/** Whether the turn answers this very user speech. */
export function sameUserText(turn: JournalTurn, user: UserBlock): boolean {
  return turn.userText === user.text || turnKey(turn) === blockKey(user)
}

/** Whether the turn answers speech that goes on after this one, which may be cut in mid-word. */
export function answersLongerText(turn: JournalTurn, user: UserBlock): boolean {
  return isProperPrefix(blockKey(user), turnKey(turn))
}
