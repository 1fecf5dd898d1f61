import type {
  Response,
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseOutputText,
  ResponseUsage,
} from 'openai/resources/responses/responses'
import type { Call, Ending } from '../answer-form.ts'
import type { Metadata } from '../chunks.ts'

/** What identifies one response, and all that is in it. */
export interface ResponseEnvelope {
  /** 32 hexadecimal digits, of which every id in it is made. */
  readonly hexId: string
  /** Seconds since 1970. */
  readonly createdAt: number
  readonly model: string
}

export type CallItem = ResponseFunctionToolCall & { readonly id: string }
export type OutputItem = ResponseOutputMessage | CallItem

/** The response as it is sent: `output_text` is added by clients. */
export type SentResponse = Omit<Response, 'output_text' | 'usage'> & {
  readonly usage: ResponseUsage | null
  readonly turnstate?: Metadata
}

/**
 * A response in which nothing is said yet. It does not repeat what the request said: a prompt of many
 * kilobytes would stand before the first word, twice.
 */
export function openResponse(
  { hexId, createdAt, model }: ResponseEnvelope,
  output: OutputItem[] = [],
): SentResponse {
  return {
    id: `resp_${hexId}`,
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: null,
  }
}

/** The whole response. */
export function endedResponse(
  envelope: ResponseEnvelope,
  output: OutputItem[],
  { finishReason, usage, metadata }: Ending,
): SentResponse {
  const reason = INCOMPLETE[finishReason]
  return {
    ...openResponse(envelope, output),
    status: statusOf(finishReason),
    incomplete_details: reason ? { reason } : null,
    usage: usage ? toResponseUsage(usage) : null,
    ...(metadata && { turnstate: metadata }),
  }
}

/** Why an answer that ends so is not whole; null if it is. */
const INCOMPLETE = {
  stop: null,
  tool_calls: null,
  length: 'max_output_tokens',
  content_filter: 'content_filter',
} as const satisfies Record<Ending['finishReason'], string | null>

export function statusOf(finishReason: Ending['finishReason']): 'completed' | 'incomplete' {
  return INCOMPLETE[finishReason] === null ? 'completed' : 'incomplete'
}

export function textPart(text: string): ResponseOutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** The items of one response have different ids, by their place in it. */
export function messageItem(
  { hexId }: ResponseEnvelope,
  index: number,
  message: Pick<ResponseOutputMessage, 'status' | 'content'>,
): ResponseOutputMessage {
  return { id: `msg_${hexId}_${index}`, type: 'message', role: 'assistant', ...message }
}

export function callItem(
  { hexId }: ResponseEnvelope,
  index: number,
  { id, name, arguments: args }: Call,
): CallItem {
  return {
    id: `fc_${hexId}_${index}`,
    type: 'function_call',
    status: 'completed',
    call_id: id,
    name,
    arguments: args,
  }
}

/** Upstreams tell no more than the three sums. */
function toResponseUsage(usage: NonNullable<Ending['usage']>): ResponseUsage {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.totalTokens,
  }
}
