import { TurnstateError } from '../../errors.ts'
import { arrayElementSpans } from '../../json-spans.ts'
import type { EncodedJson } from '../../json-spans.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from './json-body.ts'
import type { JsonBody, JsonObject } from './json-body.ts'
import { readCalls } from './read-calls.ts'
import { readContent, readResult } from './read-content.ts'

type Message = TurnRequest['messages'][number]

/** Below this, encoding the messages anew for the upstream is cheaper than finding their bytes. */
const MIN_BYTES_TO_COPY = 16 * 1024

/**
 * Reads `messages` as leniently as platforms need; throws `invalid_request` with the field's path.
 * A loop by hand, because this is the hot path: 200 messages take it 7 microseconds, and a zod schema
 * of half the leniency 11.
 */
export function readMessages({ value, bytes }: JsonBody): readonly Message[] {
  const { messages: list } = value
  if (!Array.isArray(list)) throw invalid('`messages` must be a list of messages', 'messages')
  if (list.length === 0) throw invalid('`messages` must hold at least one message', 'messages')
  const spans = bytes.length < MIN_BYTES_TO_COPY ? null : arrayElementSpans(bytes, 'messages')
  const messages: Message[] = []
  for (const [index, message] of (list as readonly unknown[]).entries()) {
    // JSON.parse gives any[]
    if (!isJsonObject(message)) {
      throw invalid(`\`messages[${index}]\` must be an object`, `messages[${index}]`)
    }
    messages.push(readMessage(message, index, { spans, before: messages }))
  }
  return messages
}

interface Surroundings {
  readonly spans: readonly EncodedJson[] | null
  readonly before: readonly Message[]
}

function readMessage(message: JsonObject, index: number, around: Surroundings): Message {
  const { role, content } = message
  switch (role) {
    case 'user':
    case 'assistant': {
      const plain = typeof content === 'string' && Object.keys(message).length === 2
      const encoded = plain ? around.spans?.[index] : undefined
      if (plain) return encoded ? { role, text: content, encoded } : { role, text: content }
      return role === 'user' ? readUser(content, index) : readAssistant(message, index)
    }
    case 'system':
    case 'developer':
      return { role: 'system', text: textOf(content, index) }
    case 'tool':
    case 'function':
      return {
        role: 'tool',
        text: readResult(content, `messages[${index}].content`),
        callId: callIdOf(message, around.before),
      }
    default:
      throw invalid(
        `\`messages[${index}].role\` must be one of system, developer, user, assistant, tool, function`,
        `messages[${index}].role`,
      )
  }
}

function readUser(content: unknown, index: number): Message {
  if (typeof content === 'string') return { role: 'user', text: content }
  return { role: 'user', ...readContent(content, `messages[${index}].content`) }
}

function readAssistant(message: JsonObject, index: number): Message {
  const text = textOf(message.content, index)
  const calls = readCalls(message, index)
  return calls.length > 0 ? { role: 'assistant', text, calls } : { role: 'assistant', text }
}

function textOf(content: unknown, index: number): string {
  return typeof content === 'string'
    ? content
    : readContent(content, `messages[${index}].content`).text
}

/** A legacy `function` message names the function only: it answers the newest call of that name. */
function callIdOf(message: JsonObject, before: readonly Message[]): string {
  const { tool_call_id: id, role, name } = message
  if (typeof id === 'string') return id
  if (role !== 'function') return ''
  const calls = before.flatMap((earlier) => earlier.calls ?? [])
  return calls.findLast((call) => call.name === name)?.id ?? ''
}

function invalid(message: string, param: string): TurnstateError {
  return new TurnstateError('invalid_request', message, { param })
}
