import { z } from 'zod'
import { isJsonObject } from '../json-object.ts'
import type { JsonObject } from '../json-object.ts'

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isTruth: Check = (value) => typeof value === 'boolean'
const isWhole: Check = (value) => Number.isSafeInteger(value)
const isCount: Check = (value) => isWhole(value) && within(1, Infinity)(value)
const isStop: Check = (value) =>
  Array.isArray(value)
    ? value.length > 0 && value.length <= 4 && value.every(isText)
    : isText(value)

function within(least: number, most: number): Check {
  return (value) => typeof value === 'number' && value >= least && value <= most
}

/**
 * The sampling parameters that may go upstream; nothing else does. A wrong value of one is dropped:
 * refusing it would end a phone call. By hand, because every request has some: zod takes for them half
 * as long as `JSON.parse` for the whole body.
 */
const ALLOWED: readonly (readonly [name: string, isAllowed: Check])[] = [
  // -1 means "no limit" on some platforms.
  ['max_tokens', isCount],
  ['temperature', within(0, 2)],
  ['top_p', within(0, 1)],
  ['max_completion_tokens', isCount],
  ['stop', isStop],
  ['seed', isWhole],
  ['presence_penalty', within(-2, 2)],
  ['frequency_penalty', within(-2, 2)],
  ['user', isText],
  ['parallel_tool_calls', isTruth],
]

const TOOL_CHOICES: readonly unknown[] = ['auto', 'none', 'required']

const NamedTool = z.object({
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1) }),
})

/** The same in the form of the Responses API. */
const BareNamedTool = z
  .object({ type: z.literal('function'), name: z.string().min(1) })
  .transform(({ type, name }) => ({ type, function: { name } }))

const ChosenTool = z.union([NamedTool, BareNamedTool])

/** It is repeated in every chunk. */
const MAX_MODEL_CHARACTERS = 256

export interface ReadParameters {
  readonly parameters: JsonObject
  readonly toolChoice?: unknown
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly model?: string
}

/** Everything of the request but messages, tools and extra body. Never throws. */
export function readParameters(body: JsonObject): ReadParameters {
  const { stream, stream_options: streamOptions } = body
  const toolChoice = readToolChoice(body.tool_choice)
  const model = typeof body.model === 'string' ? body.model.trim() : ''
  return {
    parameters: readAllowed(body),
    ...(toolChoice !== undefined && { toolChoice }),
    stream: stream === true || stream === 'true',
    includeUsage: isJsonObject(streamOptions) && streamOptions.include_usage === true,
    ...(model !== '' && model.length <= MAX_MODEL_CHARACTERS && { model }),
  }
}

function readAllowed(body: JsonObject): JsonObject {
  const parameters: Record<string, unknown> = {}
  for (const [name, isAllowed] of ALLOWED) {
    const value = body[name]
    if (value !== undefined && isAllowed(value)) parameters[name] = value
  }
  if (parameters.user === undefined && isText(body.user_id)) parameters.user = body.user_id
  // OpenAI refuses both limits in one request; the newer one counts.
  if (parameters.max_completion_tokens !== undefined) delete parameters.max_tokens
  return parameters
}

function readToolChoice(choice: unknown): unknown {
  if (choice === undefined || TOOL_CHOICES.includes(choice)) return choice
  return typeof choice === 'object' ? ChosenTool.safeParse(choice).data : undefined
}
