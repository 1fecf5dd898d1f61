import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from '../json-object.ts'
import { parseJsonBody, refuseDeepNesting } from './json-body.ts'
import type { JsonObject } from '../json-object.ts'
import type { ChooseProfile, ChosenProfile } from './platforms/choose-profile.ts'
import { readMessages } from './read-messages.ts'
import { readParameters } from './read-parameters.ts'
import type { ReadParameters } from './read-parameters.ts'
import { readTools } from './read-tools.ts'

/** A chat-completions request: what the turn needs, and what only the form of its answer does. */
export interface ChatRequest {
  readonly turn: TurnRequest
  readonly stream: boolean
  readonly includeUsage: boolean
  /** To be echoed; undefined if the request names none. */
  readonly model: string | undefined
  /** The answer tells the conversation's key, as `system_fingerprint`. */
  readonly tellsConversation: boolean
}

/** What the platforms and their client libraries call it. */
const EXTRA_BODY_KEYS = [
  'elevenlabs_extra_body',
  'custom_llm_extra_body',
  'extra_body',
  'customLlmExtraBody',
] as const

/** Throws `invalid_request` where nothing sensible can be made of the body. */
export function readChatRequest(
  request: FastifyRequest,
  chooseProfile: ChooseProfile,
): ChatRequest {
  const body = parseJsonBody(request.body)
  const profile = chooseProfile(request, body.value)
  const messages = readMessages(body, profile)
  const read = readParameters(body.value)
  const { stream, includeUsage, model } = read
  // As with OpenAI, one JSON body always tells the usage and a stream only when asked.
  const wantsUsage = stream ? includeUsage : true
  const turn = toTurnRequest(request, { body: body.value, profile, messages, read, wantsUsage })
  const tellsConversation = profile.takesSessionId === true
  return { turn, stream, includeUsage, model, tellsConversation }
}

interface Parts {
  readonly body: JsonObject
  readonly profile: ChosenProfile
  readonly messages: TurnRequest['messages']
  readonly read: Pick<ReadParameters, 'parameters' | 'toolChoice' | 'stream'>
  readonly wantsUsage: boolean
}

/** What the turn needs; the rest of the body has one form in every API. */
export function toTurnRequest(
  request: FastifyRequest,
  { body, profile, messages, read, wantsUsage }: Parts,
): TurnRequest {
  const extra = readExtraBody(body)
  return {
    caller: request.caller,
    keyMaterial: {
      platform: profile.platform,
      // Where no other id was found, this is the one that the platform is told.
      call: profile.takesSessionId ? { session_id: randomUUID() } : {},
      headers: request.headers,
      query: isJsonObject(request.query) ? request.query : {},
      body,
      extraBody: extra,
    },
    messages,
    platformTools: readTools(body),
    ...(read.toolChoice !== undefined && { toolChoice: read.toolChoice }),
    parameters: read.parameters,
    wantsUsage,
    extra,
    ...(isSideJob(request, profile, read) && { isSideJob: true }),
    ...(profile.readsMarks && { readsMarks: true }),
  }
}

function isSideJob(
  { headers }: FastifyRequest,
  { streamsEveryTurn }: ChosenProfile,
  { stream }: Pick<ReadParameters, 'stream'>,
): boolean {
  return headers['x-turnstate-side-job'] === '1' || (streamsEveryTurn === true && !stream)
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
