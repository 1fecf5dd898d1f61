import { z } from 'zod'
import type { JsonObject } from './json-body.ts'

/** A wrong value of an optional parameter is dropped: refusing it would end a phone call. */
function lenient<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined)
}

/** The sampling parameters that may go upstream; nothing else does. */
const Parameters = z.object({
  temperature: lenient(z.number().min(0).max(2)),
  top_p: lenient(z.number().min(0).max(1)),
  // -1 means "no limit" on some platforms.
  max_tokens: lenient(z.int().min(1)),
  max_completion_tokens: lenient(z.int().min(1)),
  stop: lenient(z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(4)])),
  seed: lenient(z.int()),
  presence_penalty: lenient(z.number().min(-2).max(2)),
  frequency_penalty: lenient(z.number().min(-2).max(2)),
  user: lenient(z.string().min(1)),
  parallel_tool_calls: lenient(z.boolean()),
})

const NamedTool = z.object({
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1) }),
})

const Choices = z.object({
  user_id: lenient(z.string().min(1)),
  tool_choice: lenient(z.union([z.enum(['auto', 'none', 'required']), NamedTool])),
  stream: lenient(z.union([z.boolean(), z.literal('true').transform(() => true)])),
  stream_options: lenient(z.object({ include_usage: lenient(z.boolean()) })),
  // It is repeated in every chunk.
  model: lenient(z.string().trim().min(1).max(256)),
})

interface ReadParameters {
  readonly parameters: JsonObject
  readonly toolChoice?: unknown
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly model?: string
}

/** Everything of the request but messages, tools and extra body. Never throws. */
export function readParameters(body: JsonObject): ReadParameters {
  const { max_tokens, ...parameters } = Parameters.parse(body)
  const { user_id, tool_choice, stream, stream_options, model } = Choices.parse(body)
  const user = parameters.user ?? user_id
  // OpenAI refuses both limits in one request; the newer one counts.
  const limit = parameters.max_completion_tokens === undefined ? { max_tokens } : {}
  return {
    parameters: withoutUndefined({ ...limit, ...parameters, user }),
    ...(tool_choice !== undefined && { toolChoice: tool_choice }),
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
    ...(model !== undefined && { model }),
  }
}

function withoutUndefined(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
