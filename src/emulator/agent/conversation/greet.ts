import { assistant } from '../../rehearsal/messages.ts'
import type { History } from './history.ts'
import type { Outbox } from './outbox.ts'
import { createUtterance } from './utterance.ts'

/** Has an agent say its first message, if it has one. */
export function greet(text: string, outbox: Outbox, history: History): void {
  const utterance = createUtterance(outbox)
  utterance.say(text)
  utterance.finish()
  if (text !== '') history.add(assistant(text))
}
