import type { FastifyRequest } from 'fastify'
import { TurnstateError } from '../../../errors.ts'
import type { TurnRequest } from '../../../turn/turn-request.ts'
import { isJsonObject } from '../../json-object.ts'
import { parseJsonBody } from '../json-body.ts'
import type { JsonObject } from '../../json-object.ts'
import type { ChooseProfile } from '../platforms/choose-profile.ts'
import { readParameters } from '../read-parameters.ts'
import { toTurnRequest } from '../read-request.ts'
import { readInput } from './read-input.ts'

/** A request of the Responses API: what the turn needs, and what only the form of its answer does. */
export interface ResponseRequest {
  readonly turn: TurnRequest
  readonly stream: boolean
  /** To be echoed; undefined if the request names none. */
  readonly model: string | undefined
}

/** Throws `invalid_request` where nothing sensible can be made of the body. */
export function readResponseRequest(
  request: FastifyRequest,
  chooseProfile: ChooseProfile,
): ResponseRequest {
  const body = parseJsonBody(request.body)
  if (body.value.background === true) {
    throw new TurnstateError(
      'invalid_request',
      '`background` is not offered: nothing is kept to be fetched later',
      { param: 'background' },
    )
  }
  const messages = readInput(body)
  const read = readParameters(inNamesOfChat(body.value))
  const { stream, model } = read
  // The last event of this API always tells the usage.
  const profile = chooseProfile(request, body.value)
  const parts = { body: body.value, profile, messages, read, wantsUsage: true }
  const turn = toTurnRequest(request, parts)
  return { turn, stream, model }
}

/** Upstreams speak chat completions, whose parameters have other names. */
function inNamesOfChat(body: JsonObject): JsonObject {
  const { max_output_tokens, max_tokens, reasoning, reasoning_effort } = body
  return {
    ...body,
    max_tokens: max_output_tokens ?? max_tokens,
    reasoning_effort: (isJsonObject(reasoning) ? reasoning.effort : undefined) ?? reasoning_effort,
  }
}
