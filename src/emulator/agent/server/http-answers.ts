import { createHash, timingSafeEqual } from 'node:crypto'
import type { Agent } from '../agent.ts'
import { findAgent } from './admit.ts'
import { newConversationId } from './conversation-id.ts'
import type { SignedUrls } from './signed-urls.ts'

export interface HttpNeeds {
  readonly agents: readonly Agent[]
  readonly signedUrls: SignedUrls
  /** null: any that is not empty. */
  readonly apiKey: string | null
  readonly log: (line: string) => void
}

interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly apiKey: string | undefined
}

interface HttpAnswer {
  readonly status: number
  readonly body: object
}

export const SOCKET_PATH = '/v1/convai/conversation'
const SIGNED_URL_PATHS = [`${SOCKET_PATH}/get-signed-url`, `${SOCKET_PATH}/get_signed_url`]
const TOKEN_PATH = `${SOCKET_PATH}/token`
const FEEDBACK_PATH = /^\/v1\/convai\/conversations\/([A-Za-z0-9_-]{1,100})\/feedback$/

/** What the platform's HTTP API says, as far as it is emulated. */
export function answerHttp(request: HttpRequest, needs: HttpNeeds): HttpAnswer {
  const { method, url } = request
  if (method === 'GET' && SIGNED_URL_PATHS.includes(url.pathname)) return signedUrl(request, needs)
  if (method === 'GET' && url.pathname === TOKEN_PATH) {
    const message = 'There is no WebRTC here: connect to the WebSocket, in text-only mode.'
    return refused(400, 'webrtc_not_available', message)
  }
  const conversationId = FEEDBACK_PATH.exec(url.pathname)?.[1]
  if (method === 'POST' && conversationId !== undefined) {
    needs.log(`${conversationId}  feedback on the conversation`)
    return { status: 200, body: { status: 'ok' } }
  }
  if (url.pathname === SOCKET_PATH) {
    return refused(426, 'upgrade_required', 'Connect to this with a WebSocket client.')
  }
  return refused(404, 'not_found', 'The emulator does not have this.')
}

function signedUrl({ url, apiKey }: HttpRequest, needs: HttpNeeds): HttpAnswer {
  const { agents, signedUrls } = needs
  if (!isKey(apiKey, needs.apiKey)) {
    return refused(401, 'invalid_api_key', 'The header xi-api-key is missing or wrong.')
  }
  const id = url.searchParams.get('agent_id')
  if (id === null) return MISSING_AGENT_ID
  const agent = findAgent(agents, id)
  if (!agent) return refused(404, 'agent_not_found', 'There is no agent with this agent_id.')
  const wantsId = ['true', '1'].includes(
    url.searchParams.get('include_conversation_id')?.toLowerCase() ?? '',
  )
  const conversationId = wantsId ? newConversationId() : null
  const query = new URLSearchParams({ agent_id: agent.id })
  query.set('conversation_signature', signedUrls.issue({ agentId: agent.id, conversationId }))
  if (conversationId !== null) query.set('conversation_id', conversationId)
  return {
    status: 200,
    body: { signed_url: `ws://${url.host}${SOCKET_PATH}?${query.toString()}` },
  }
}

const MISSING_AGENT_ID: HttpAnswer = {
  status: 422,
  body: {
    detail: [{ type: 'missing', loc: ['query', 'agent_id'], msg: 'Field required', input: null }],
  },
}

function refused(status: number, name: string, message: string): HttpAnswer {
  return { status, body: { detail: { status: name, message } } }
}

function isKey(given: string | undefined, expected: string | null): boolean {
  if (given === undefined || given === '') return false
  return expected === null || timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
