import type { TurnRequest } from '../../turn/turn-request.ts'
import type { Said } from './frames.ts'
import { KEYLESS_CALLERS } from '../options.ts'

/** The platform proves who it is with a token, not with a key of this server: all its conversations are under this name. */
export const SPEECH_ENGINE_CALLER = KEYLESS_CALLERS.speechEngine

const ROLES: Readonly<Record<string, 'user' | 'assistant'>> = {
  user: 'user',
  agent: 'assistant',
  assistant: 'assistant',
}

/** The platform runs no tools and sends no prompt: a turn is the transcript and nothing else. */
export function toTurnRequest(conversationId: string, transcript: readonly Said[]): TurnRequest {
  const call = { conversation_id: conversationId }
  return {
    caller: SPEECH_ENGINE_CALLER,
    keyMaterial: {
      platform: 'speech_engine',
      call,
      // Of a conversation nothing but its id counts, and the headers hold the token.
      headers: {},
      query: {},
      body: {},
      extraBody: {},
    },
    messages: transcript.flatMap(toMessage),
    platformTools: [],
    parameters: {},
    wantsUsage: false,
    extra: { call },
    isNewest: true,
  }
}

function toMessage({ role, content }: Said): TurnRequest['messages'] {
  const known = Object.hasOwn(ROLES, role) ? ROLES[role] : undefined
  return known ? [{ role: known, text: content ?? '' }] : []
}
