import { greetingKeyOf, isSameGreeting } from './greeting-key.ts'
import { isContinuation, type Journal, type JournalTurn } from './journal.ts'
import { matchTurn } from './match-turn.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage } from './message.ts'
import type { TurnMatch } from './turn-match.ts'
import type { View } from './view.ts'
import type { Walk } from './walk.ts'

/**
 * Some platforms cut a history down to the last reply, before which no user speech is left: it stands
 * where a greeting would. Taken for one it would mean that all was withdrawn, so a conversation that
 * had gone on already looks for that reply among its turns. Null if it is none of them, and for the
 * greeting that the conversation began with: a reply can be worded like it.
 */
export function walkFromReply(journal: Journal, view: View, effort: Effort): Walk | null {
  if (view.answered.length > 0 || view.greeting.length === 0) return null
  if (!journal.children.some((turn) => turn.shown && turn.exchange > 0)) return null
  const match = bestReply(journal, view, effort)
  const last = match?.shown.at(-1)
  if (!match || !last) return null
  return {
    path: match.shown,
    node: last.turn,
    blocksAfter: 0,
    matchedBlocks: 1,
    sameTextBlocks: 0,
    exact: false,
    hasForeign: false,
    unheard: new Set(),
    carried: [],
  }
}

/** The longest match; of equal ones the newest turn's. */
function bestReply(journal: Journal, { greeting }: View, effort: Effort): TurnMatch | null {
  let best: TurnMatch | null = null
  const places = greeting.flatMap((message, index) => (isGreeting(journal, message) ? [] : [index]))
  for (const turn of journal.turns.toReversed()) {
    if (!mayBeLast(turn)) continue
    for (const index of places) {
      if (effort.left <= 0) break
      const cursor = { messages: greeting, index, offset: 0 }
      const match = matchTurn(turn, cursor, { sameUserText: false, effort })
      if (match && !match.fillersOnly && (!best || match.words > best.words)) best = match
    }
  }
  return best
}

function isGreeting(journal: Journal, message: ConversationMessage): boolean {
  const key = greetingKeyOf([message])
  return journal.children.some(({ greetingKey }) => isSameGreeting(greetingKey, key))
}

/** What a history goes on from was shown before, or stands on what was. */
function mayBeLast(turn: JournalTurn): boolean {
  if (turn.kind === 'opening' || isContinuation(turn)) return false
  return turn.shown || turn.parent?.shown === true
}
