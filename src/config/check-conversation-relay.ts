import { isDeepStrictEqual } from 'node:util'
import { transitionToolName } from '../flow/edges.ts'
import { ConversationRelayOptions } from '../routes/conversation-relay/options.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** What would not work of calls through ConversationRelay. */
export function checkConversationRelay(config: ConfigFile): readonly Found[] {
  return [...checkMemory(config), ...checkActionNames(config)]
}

/** The platform sends no history: it must be remembered here. */
function checkMemory({ conversation_relay, store }: ConfigFile): readonly Found[] {
  const isConfigured = !isDeepStrictEqual(conversation_relay, ConversationRelayOptions.parse({}))
  if (!isConfigured || store.type !== 'none') return []
  const message =
    'needs store: memory or redis: this platform sends no history, and with store: none each turn would be the first'
  return [{ path: ['conversation_relay'], atKey: true, message }]
}

function checkActionNames({
  conversation_relay: { actions },
  conversation,
  flow,
  tools,
}: ConfigFile): readonly Found[] {
  const transitions = new Set(Object.keys(flow.states).map(transitionToolName))
  return Object.keys(actions).flatMap((name) => {
    const isTaken =
      Object.hasOwn(tools, name) || transitions.has(name) || name === conversation.state_tool
    if (!isTaken) return []
    const message = 'is also the name of a tool, so the model could not be offered both'
    return [{ path: ['conversation_relay', 'actions', name], atKey: true, message }]
  })
}
