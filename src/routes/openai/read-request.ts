import type { FastifyRequest } from 'fastify'
import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject, parseJsonBody, refuseDeepNesting } from './json-body.ts'
import type { JsonObject } from './json-body.ts'
import { readMessages } from './read-messages.ts'
import { readParameters } from './read-parameters.ts'
import { readTools } from './read-tools.ts'

/** A chat-completions request: what the turn needs, and what only the form of its answer does. */
export interface ChatRequest {
  readonly turn: TurnRequest
  readonly stream: boolean
  readonly includeUsage: boolean
  /** To be echoed; undefined if the request names none. */
  readonly model: string | undefined
}

/** What the platforms and their client libraries call it. */
const EXTRA_BODY_KEYS = [
  'elevenlabs_extra_body',
  'custom_llm_extra_body',
  'extra_body',
  'customLlmExtraBody',
] as const

/** Throws `invalid_request` where nothing sensible can be made of the body. */
export function readChatRequest(request: FastifyRequest): ChatRequest {
  const body = parseJsonBody(request.body)
  const messages = readMessages(body)
  const extra = readExtraBody(body.value)
  const { parameters, toolChoice, stream, includeUsage, model } = readParameters(body.value)
  return {
    turn: {
      caller: request.caller,
      keyMaterial: {
        headers: request.headers,
        query: isJsonObject(request.query) ? request.query : {},
        body: body.value,
        extraBody: extra,
      },
      messages,
      platformTools: readTools(body.value),
      ...(toolChoice !== undefined && { toolChoice }),
      parameters,
      // As with OpenAI, one JSON body always tells the usage and a stream only when asked.
      wantsUsage: stream ? includeUsage : true,
      extra,
    },
    stream,
    includeUsage,
    model,
  }
}

function readExtraBody(body: JsonObject): JsonObject {
  for (const key of EXTRA_BODY_KEYS) {
    const extra = body[key]
    if (!isJsonObject(extra)) continue
    refuseDeepNesting(extra, key)
    return extra
  }
  return {}
}
