import { createHash } from 'node:crypto'
import type { ConversationMessage } from './message.ts'
import type { View } from './view.ts'

/**
 * Tells apart requests that stand at one place and bring no user speech: a digest of what the history
 * holds after the last turn that it shows (results of platform tools, words of others). Empty where
 * speech waits for an answer, since that tells more.
 */
export function tailKeyOf(view: View, lastShown: ConversationMessage | null): string {
  if (view.open) return ''
  const messages = view.answered.at(-1)?.answer ?? view.greeting
  const after = lastShown ? messages.lastIndexOf(lastShown) + 1 : 0
  const tail = messages
    .slice(after)
    .map(({ role, text, callId, calls }) => [role, text, callId ?? '', calls ?? []])
  return tail.length === 0
    ? ''
    : createHash('sha256').update(JSON.stringify(tail)).digest('base64url').slice(0, 22)
}
