import { TurnstateError } from '../../errors.ts'
import { arrayElementSpans } from '../../json-spans.ts'
import type { ElementSpan } from '../../json-spans.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from './json-body.ts'
import type { JsonBody, JsonObject } from './json-body.ts'
import { readCalls } from './read-calls.ts'
import { readContent, readResult } from './read-content.ts'

type Message = TurnRequest['messages'][number]

/** Below this, encoding the messages anew for the upstream is cheaper than finding their bytes. */
const MIN_BYTES_TO_COPY = 16 * 1024

/** No call has so many; what is derived from a history takes time for each of its messages. */
const MAX_MESSAGES = 10_000

/**
 * Reads `messages` as leniently as platforms need; throws `invalid_request` with the field's path.
 * A loop by hand, because this is the hot path: 200 messages take it 7 microseconds, and a zod schema
 * of half the leniency 11.
 */
export function readMessages({ value, bytes }: JsonBody): readonly Message[] {
  const { messages: list } = value
  if (!Array.isArray(list)) throw invalid('`messages` must be a list of messages', 'messages')
  if (list.length === 0) throw invalid('`messages` must hold at least one message', 'messages')
  if (list.length > MAX_MESSAGES) {
    throw invalid(`\`messages\` must hold at most ${MAX_MESSAGES} messages`, 'messages')
  }
  const spans = bytes.length < MIN_BYTES_TO_COPY ? null : arrayElementSpans(bytes, 'messages')
  const around: Surroundings = { spans, newestCalls: new Map() }
  const messages: Message[] = []
  for (const [index, message] of (list as readonly unknown[]).entries()) {
    // JSON.parse gives any[]
    if (!isJsonObject(message)) {
      throw invalid(`\`messages[${index}]\` must be an object`, `messages[${index}]`)
    }
    const read = readMessage(message, index, around)
    for (const { name, id } of read.calls ?? []) around.newestCalls.set(name, id)
    messages.push(read)
  }
  return messages
}

interface Surroundings {
  readonly spans: readonly ElementSpan[] | null
  /** Of each tool name so far: the id of its last call. */
  readonly newestCalls: Map<string, string>
}

function readMessage(message: JsonObject, index: number, around: Surroundings): Message {
  const { role, content } = message
  switch (role) {
    case 'user':
    case 'assistant': {
      const plain = typeof content === 'string' && Object.keys(message).length === 2
      const span = plain ? around.spans?.[index] : undefined
      // Where a key stands twice, an upstream may see another value than JSON.parse.
      const encoded = span?.keyCount === 2 ? span : undefined
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
        callId: callIdOf(message, around.newestCalls),
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
function callIdOf(message: JsonObject, newestCalls: ReadonlyMap<string, string>): string {
  const { tool_call_id: id, role, name } = message
  if (typeof id === 'string') return id
  return role === 'function' && typeof name === 'string' ? (newestCalls.get(name) ?? '') : ''
}

function invalid(message: string, param: string): TurnstateError {
  return new TurnstateError('invalid_request', message, { param })
}
