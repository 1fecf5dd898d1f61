import { TurnstateError } from '../../errors.ts'
import { arrayElementSpans } from '../../json-spans.ts'
import type { ElementSpan } from '../../json-spans.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from '../json-object.ts'
import type { JsonObject } from '../json-object.ts'
import type { JsonBody } from './json-body.ts'
import { readCalls } from './read-calls.ts'
import type { Place } from './read-calls.ts'
import type { Profile } from './platforms/profile.ts'
import { readContent, readResult } from './read-content.ts'

type Message = TurnRequest['messages'][number]
type Reading = Pick<Profile, 'tellsInterruptions'>

/** Below this, encoding the messages anew for the upstream is cheaper than finding their bytes. */
const MIN_BYTES_TO_COPY = 16 * 1024

/** No call has so many; what is derived from a history takes time for each of its messages. */
const MAX_MESSAGES = 10_000

/** Reads `messages` as leniently as platforms need; throws `invalid_request` with the field's path. */
export function readMessages(
  { value, bytes }: JsonBody,
  reading: Reading = {},
): readonly Message[] {
  const { messages: list } = value
  if (!Array.isArray(list)) throw invalid('`messages` must be a list of messages', 'messages')
  if (list.length === 0) throw invalid('`messages` must hold at least one message', 'messages')
  refuseTooMany(list, 'messages')
  const read = createMessageReader('messages', bytes, reading)
  const messages: Message[] = []
  // JSON.parse gives any[]
  for (const [index, message] of (list as readonly unknown[]).entries()) {
    if (!isJsonObject(message)) throw noObject('messages', index)
    messages.push(read(message, index))
  }
  return messages
}

/** Throws `invalid_request` for a list that is longer than any conversation. */
export function refuseTooMany(list: readonly unknown[], param: string): void {
  if (list.length > MAX_MESSAGES) {
    throw invalid(`\`${param}\` must hold at most ${MAX_MESSAGES} messages`, param)
  }
}

/**
 * Reads the messages of the body's top-level array `list`, one by one and in their order. By hand,
 * because this is the hot path: 200 messages take it 7 microseconds, and a zod schema of half the
 * leniency 11.
 */
export function createMessageReader(
  list: string,
  bytes: Buffer,
  { tellsInterruptions = false }: Reading = {},
): (message: JsonObject, index: number) => Message {
  const spans = bytes.length < MIN_BYTES_TO_COPY ? null : arrayElementSpans(bytes, list)
  const around: Surroundings = { list, spans, tellsInterruptions, newestCalls: new Map() }
  return (message, index) => {
    const read = readMessage(message, index, around)
    for (const { name, id } of read.calls ?? []) around.newestCalls.set(name, id)
    return read
  }
}

interface Surroundings {
  readonly list: string
  readonly spans: readonly ElementSpan[] | null
  readonly tellsInterruptions: boolean
  /** Of each tool name so far: the id of its last call. */
  readonly newestCalls: Map<string, string>
}

function readMessage(message: JsonObject, index: number, around: Surroundings): Message {
  const { role, content } = message
  const { list } = around
  switch (role) {
    case 'user':
    case 'assistant': {
      const plain = typeof content === 'string' && Object.keys(message).length === 2
      const span = plain ? around.spans?.[index] : undefined
      // Where a key stands twice, an upstream may see another value than JSON.parse.
      const encoded = span?.keyCount === 2 ? span : undefined
      if (plain) return encoded ? { role, text: content, encoded } : { role, text: content }
      const place = { list, index }
      if (role === 'user') return readUser(content, place)
      const reply = readAssistant(message, place)
      return around.tellsInterruptions ? { ...reply, ...readInterruption(message) } : reply
    }
    case 'system':
    case 'developer':
      return { role: 'system', text: textOf(content, { list, index }) }
    case 'tool':
    case 'function':
      return {
        role: 'tool',
        text: readResult(content, `${list}[${index}].content`),
        callId: callIdOf(message, around.newestCalls),
      }
    default:
      throw invalid(
        `\`${list}[${index}].role\` must be one of system, developer, user, assistant, tool, function`,
        `${list}[${index}].role`,
      )
  }
}

function readUser(content: unknown, place: Place): Message {
  if (typeof content === 'string') return { role: 'user', text: content }
  return { role: 'user', ...readContent(content, contentParam(place)) }
}

function readAssistant(message: JsonObject, place: Place): Message {
  const text = textOf(message.content, place)
  const calls = readCalls(message, place)
  return calls.length > 0 ? { role: 'assistant', text, calls } : { role: 'assistant', text }
}

/** The platform says it where the caller spoke over a reply, and what the whole of it was. */
function readInterruption({ metadata }: JsonObject): Pick<Message, 'interrupted'> {
  if (!isJsonObject(metadata) || metadata.interrupted !== true) return {}
  const { original } = metadata
  return { interrupted: { original: typeof original === 'string' ? original : null } }
}

function textOf(content: unknown, place: Place): string {
  return typeof content === 'string' ? content : readContent(content, contentParam(place)).text
}

function contentParam({ list, index }: Place): string {
  return `${list}[${index}].content`
}

/** A legacy `function` message names the function only: it answers the newest call of that name. */
function callIdOf(message: JsonObject, newestCalls: ReadonlyMap<string, string>): string {
  const { tool_call_id: id, role, name } = message
  if (typeof id === 'string') return id
  return role === 'function' && typeof name === 'string' ? (newestCalls.get(name) ?? '') : ''
}

/** An entry of a list that must hold objects. */
export function noObject(list: string, index: number): TurnstateError {
  return invalid(`\`${list}[${index}]\` must be an object`, `${list}[${index}]`)
}

function invalid(message: string, param: string): TurnstateError {
  return new TurnstateError('invalid_request', message, { param })
}
