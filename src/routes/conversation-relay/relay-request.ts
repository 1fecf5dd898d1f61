import type { FastifyRequest } from 'fastify'
import type { ConversationOf } from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { Setup } from './incoming-frame.ts'

/** A call, as its setup tells of it. */
export interface RelayCall extends ConversationOf {
  readonly id: string
  readonly setup: Setup
}

interface Connection {
  readonly caller: string
  readonly request: FastifyRequest
}

/** Longer values are no ids. */
const MAX_ID_CHARACTERS = 256

/** Null where the setup names no call: nobody could go on with it. */
export function toRelayCall(setup: Setup, { caller, request }: Connection): RelayCall | null {
  // The call outlives the session: when the platform connects anew, the conversation goes on.
  const ids = [setup.callSid, setup.callControlId, setup.callSessionId, setup.sessionId]
  const id = ids.find(isId)?.trim()
  if (id === undefined) return null
  const keyMaterial = {
    platform: 'conversation_relay',
    headers: request.headers,
    // Parsed by Fastify into an object of texts.
    query: request.query as Readonly<Record<string, unknown>>,
    body: {},
    extraBody: {},
    call: { id },
  } as const
  return { id, setup, caller, keyMaterial }
}

function isId(value: string | null | undefined): value is string {
  const id = value?.trim() ?? ''
  return id !== '' && id.length <= MAX_ID_CHARACTERS && !id.includes('{{')
}

/** What the caller said, in which language if that is known. */
export interface Said {
  /** None: the agent speaks without having been asked. */
  readonly texts: readonly string[]
  readonly language: string | null
}

/** A turn of the call; the conversation before it is the journal's. */
export function toTurnRequest(
  { setup, caller, keyMaterial }: RelayCall,
  { texts, language }: Said,
  platformTools: TurnRequest['platformTools'],
): TurnRequest {
  return {
    caller,
    keyMaterial,
    messages: texts.map((text) => ({ role: 'user', text })),
    platformTools,
    parameters: {},
    wantsUsage: false,
    extra: { call: setup },
    ...(setup.customParameters && { variables: setup.customParameters }),
    ...(language !== null && { observed: { language } }),
    isNewest: true,
    continuesJournal: true,
  }
}
