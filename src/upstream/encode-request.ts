import type { EncodedJson } from '../json-spans.ts'
import type { OpenAiCompatibleOptions } from './options.ts'
import { inAcceptedOrder } from './role-order.ts'
import { withAcceptedCallIds } from './tool-call-ids.ts'
import { toolJson } from './tool-json.ts'
import type { CompletionRequest, UpstreamMessage } from './upstream.ts'

/** Bytes of another body, copied as they are. */
interface CopiedBytes {
  readonly body: Uint8Array
  readonly start: number
  readonly end: number
}
type Part = string | CopiedBytes

type EndpointOptions = Pick<OpenAiCompatibleOptions, 'model' | 'compat'>

/** What `encodeRequest` writes itself, whatever the parameters say. */
const OWN_KEYS = new Set(['model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice'])

/** More pieces than this cost more to send one by one than to copy together. */
const MAX_PIECES = 16

export interface EncodedRequest {
  /** Bytes in all. */
  readonly length: number
  /**
   * What to send, in order; a long history stands in it as the caller's own bytes, uncopied. To be
   * emptied once nothing of it will be sent any more: an answer can last.
   */
  readonly pieces: Uint8Array[]
}

/** The body of the streaming chat-completions request. */
export function encodeRequest(
  request: CompletionRequest,
  options: EndpointOptions,
): EncodedRequest {
  const { tools } = request
  const settings: Record<string, unknown> = {
    // Endpoints refuse a tool choice without tools.
    ...(tools.length > 0 &&
      request.toolChoice !== undefined && { tool_choice: request.toolChoice }),
    ...wireParameters(request, options),
    stream: true,
    ...(request.wantsUsage &&
      !options.compat.includes('no_stream_options') && { stream_options: { include_usage: true } }),
  }
  const offered = tools.length > 0 ? `"tools":[${tools.map(toolJson).join(',')}],` : ''
  const parts = messageParts(
    withAcceptedCallIds(inAcceptedOrder(request.messages, options), options),
    {
      before: `{"model":${JSON.stringify(options.model)},"messages":[`,
      after: `],${offered}${JSON.stringify(settings).slice(1)}`,
    },
  )
  const pieces = parts.map(toBytes)
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return { length, pieces: pieces.length > MAX_PIECES ? [Buffer.concat(pieces, length)] : pieces }
}

interface Around {
  readonly before: string
  readonly after: string
}

/**
 * Neighbours in the caller's own array are one part, the commas between them included; so is all text
 * between two such parts, since each part is a write of its own.
 */
function messageParts(
  messages: readonly UpstreamMessage[],
  { before, after }: Around,
): readonly Part[] {
  const parts: Part[] = []
  let text = before
  let at = 0
  while (at < messages.length) {
    const message = messages[at]
    if (message === undefined) break
    if (at > 0) text += ','
    const first = encodedOf(message)
    if (first === undefined) {
      text += JSON.stringify(toWireMessage(message))
      at++
      continue
    }
    let last = first
    for (at++; at < messages.length; at++) {
      const next = encodedOf(messages[at])
      if (next?.body !== last.body || next.index !== last.index + 1) break
      last = next
    }
    parts.push(text)
    text = ''
    parts.push({ body: first.body, start: first.start, end: last.end })
  }
  parts.push(text + after)
  return parts
}

function encodedOf(message: UpstreamMessage | undefined): EncodedJson | undefined {
  return message?.role === 'user' || message?.role === 'assistant' ? message.encoded : undefined
}

function toBytes(part: Part): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part) : part.body.subarray(part.start, part.end)
}

function toWireMessage(message: UpstreamMessage): object {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content }
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.calls?.length && {
          tool_calls: message.calls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
      }
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.content }
  }
}

function wireParameters(
  { parameters, tools }: CompletionRequest,
  { compat }: EndpointOptions,
): Record<string, unknown> {
  const wire: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(parameters)) {
    if (OWN_KEYS.has(key) || (key === 'parallel_tool_calls' && tools.length === 0)) continue
    wire[key] = value
  }
  if (compat.includes('max_completion_tokens') && wire.max_tokens !== undefined) {
    wire.max_completion_tokens ??= wire.max_tokens
    delete wire.max_tokens
  }
  return wire
}
