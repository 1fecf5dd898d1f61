import { isDeepStrictEqual } from 'node:util'
import { ConversationRelayOptions } from '../routes/conversation-relay/options.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** The platform sends no history: it must be remembered here. */
export function checkConversationRelay({
  conversation_relay,
  store,
}: ConfigFile): readonly Found[] {
  const isConfigured = !isDeepStrictEqual(conversation_relay, ConversationRelayOptions.parse({}))
  if (!isConfigured || store.type !== 'none') return []
  const message =
    'needs store: memory or redis: this platform sends no history, and with store: none each turn would be the first'
  return [{ path: ['conversation_relay'], atKey: true, message }]
}
