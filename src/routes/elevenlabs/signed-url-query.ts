import { z } from 'zod'
import { TurnstateError } from '../../errors.ts'

const Name = z.string().min(1).max(256)

const Query = z.object({
  agent_id: Name.optional(),
  include_conversation_id: z.enum(['true', 'false', '1', '0']).optional(),
  branch_id: Name.optional(),
  environment: Name.optional(),
})

/** What is asked of the platform. */
export interface SignedUrlQuery {
  readonly agentId: string
  readonly includeConversationId: boolean
  readonly branchId: string | undefined
  readonly environment: string | undefined
}

/** Throws `invalid_request`, or `not_found` for an agent that is not listed: whether it exists is not told. */
export function readSignedUrlQuery(query: unknown, agents: readonly string[]): SignedUrlQuery {
  const read = Query.safeParse(query)
  if (!read.success) {
    const param = String(read.error.issues[0]?.path[0] ?? 'agent_id')
    const message = `\`${param}\` must stand in the query once at most, with a proper value`
    throw new TurnstateError('invalid_request', message, { param })
  }
  const { agent_id, include_conversation_id, branch_id, environment } = read.data
  return {
    agentId: listedAgent(agent_id, agents),
    includeConversationId: include_conversation_id === 'true' || include_conversation_id === '1',
    branchId: branch_id,
    environment,
  }
}

function listedAgent(asked: string | undefined, agents: readonly string[]): string {
  const [only] = agents
  const param = 'agent_id'
  if (only === undefined) {
    const message = 'No agents are listed on this server: set elevenlabs.agents'
    throw new TurnstateError('not_found', message, { param })
  }
  if (asked === undefined && agents.length === 1) return only
  if (asked === undefined) {
    throw new TurnstateError('invalid_request', '`agent_id` is required', { param })
  }
  if (agents.includes(asked)) return asked
  const message = 'This agent is not among those of this server: see elevenlabs.agents'
  throw new TurnstateError('not_found', message, { param })
}
