import {
  isContinuation,
  wasAnswered,
  type Journal,
  type JournalTurn,
} from '../../conversation/journal.ts'
import { SKIP_TURN } from '../../conversation/kinds.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import type { View } from '../../conversation/view.ts'

/** The turn that a continuation adds to; null when it stands under the root. */
function mainTurn(turn: JournalTurn | null): JournalTurn | null {
  let main = turn
  while (main && isContinuation(main)) main = main.parent
  return main
}

/** Silences that were answered since the caller last spoke. */
export function silencesInJournal(journal: Journal, { node, exchange }: Resolution): number {
  const main = mainTurn(node)
  return journal.turns.filter(
    (turn) =>
      turn.kind === 'silence' &&
      turn.exchange === exchange &&
      wasAnswered(turn) &&
      mainTurn(turn) === main,
  ).length
}

/** The same without a journal: replies after the first one since the caller last spoke. */
export function silencesInHistory(view: View): number {
  const messages = view.answered.at(-1)?.answer ?? view.greeting
  // The result of a skipped turn is part of the silence.
  const skips = new Set(
    messages.flatMap((message) =>
      (message.calls ?? []).filter((call) => call.name === SKIP_TURN).map((call) => call.id),
    ),
  )
  const lastResult = messages.findLastIndex(
    (message) => message.role === 'tool' && !skips.has(message.callId ?? ''),
  )
  const replies = messages
    .slice(lastResult + 1)
    .filter((message) => message.role === 'assistant' && message.text !== '')
  return Math.max(0, replies.length - 1)
}
