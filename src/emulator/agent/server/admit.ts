import type { Agent } from '../agent.ts'
import { newConversationId } from './conversation-id.ts'
import type { SignedUrls } from './signed-urls.ts'

type Admission =
  | { readonly ok: true; readonly agent: Agent; readonly conversationId: string }
  | { readonly ok: false; readonly reason: string }

/** Whether a socket URL's query leads to an agent. */
export function admit(
  query: URLSearchParams,
  agents: readonly Agent[],
  signedUrls: SignedUrls,
): Admission {
  const signature = query.get('conversation_signature')
  if (signature !== null) {
    const pass = signedUrls.redeem(signature)
    const agent = pass && findAgent(agents, pass.agentId)
    if (!agent) return refused('The signed URL is not valid, too old, or was used before.')
    return { ok: true, agent, conversationId: pass.conversationId ?? newConversationId() }
  }
  const agent = findAgent(agents, query.get('agent_id'))
  if (!agent) return refused('There is no agent with this agent_id.')
  if (agent.requiresSignedUrl) return refused('This agent takes signed URLs only.')
  return { ok: true, agent, conversationId: newConversationId() }
}

/** Without an id it is the first. */
export function findAgent(agents: readonly Agent[], id: string | null): Agent | undefined {
  return id === null ? agents[0] : agents.find((agent) => agent.id === id)
}

function refused(reason: string): Admission {
  return { ok: false, reason }
}
