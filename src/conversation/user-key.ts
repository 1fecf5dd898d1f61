import type { JournalTurn } from './journal.ts'
import type { UserBlock } from './view.ts'
import { isProperPrefix, wordKey } from './words.ts'

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
  return userKey(user, user.text)
}

/** Whether the turn answers this very user speech. */
export function sameUserText(turn: JournalTurn, user: UserBlock): boolean {
  return turn.userText === user.text || turnKey(turn) === blockKey(user)
}

/** Whether the turn answers speech that goes on after this one, which may be cut in mid-word. */
export function answersLongerText(turn: JournalTurn, user: UserBlock): boolean {
  return isProperPrefix(blockKey(user), turnKey(turn))
}
