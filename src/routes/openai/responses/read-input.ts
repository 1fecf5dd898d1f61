import { TurnstateError } from '../../../errors.ts'
import type { TurnRequest } from '../../../turn/turn-request.ts'
import { isJsonObject } from '../../json-object.ts'
import type { JsonObject } from '../../json-object.ts'
import type { JsonBody } from '../json-body.ts'
import { readCall } from '../read-calls.ts'
import { readContent, readResult } from '../read-content.ts'
import { createMessageReader, noObject, refuseTooMany } from '../read-messages.ts'

type Message = TurnRequest['messages'][number]
type MessageCall = NonNullable<Message['calls']>[number]

/**
 * Reads `instructions` and `input` as the messages of a conversation, as leniently as chat messages;
 * throws `invalid_request` with the field's path.
 */
export function readInput({ value, bytes }: JsonBody): readonly Message[] {
  const { instructions, input } = value
  const messages = [...readInstructions(instructions ?? ''), ...readItems(input ?? [], bytes)]
  if (messages.length === 0) throw invalid('`input` must hold at least one message', 'input')
  return messages
}

function readInstructions(instructions: unknown): readonly Message[] {
  if (!Array.isArray(instructions)) {
    if (typeof instructions !== 'string') {
      throw invalid('`instructions` must be a text or a list of messages', 'instructions')
    }
    return instructions === '' ? [] : [{ role: 'system', text: instructions }]
  }
  refuseTooMany(instructions, 'instructions')
  // JSON.parse gives any[]
  return (instructions as readonly unknown[]).flatMap((item, index): readonly Message[] => {
    if (!isJsonObject(item)) throw noObject('instructions', index)
    const { text } = readContent(item.content, `instructions[${index}].content`)
    return text === '' ? [] : [{ role: 'system', text }]
  })
}

function readItems(input: unknown, bytes: Buffer): readonly Message[] {
  if (typeof input === 'string') return [{ role: 'user', text: input }]
  if (!Array.isArray(input)) throw invalid('`input` must be a text or a list of items', 'input')
  refuseTooMany(input, 'input')
  const readMessage = createMessageReader('input', bytes)
  const conversation = createConversation()
  // JSON.parse gives any[]
  for (const [index, item] of (input as readonly unknown[]).entries()) {
    if (!isJsonObject(item)) throw noObject('input', index)
    switch (item.type ?? 'message') {
      case 'message':
        conversation.add(readMessage(item, index))
        break
      case 'function_call':
        for (const call of readFunctionCall(item, index)) conversation.addCall(call)
        break
      case 'function_call_output':
        conversation.add(readOutput(item, index))
        break
      // What the model thought, and what tools of OpenAI's own did: chat completions have no place for it.
    }
  }
  return conversation.messages
}

interface Conversation {
  readonly messages: readonly Message[]
  readonly add: (message: Message) => void
  /** Calls in a row belong to one assistant message, with the one right before them. */
  readonly addCall: (call: MessageCall) => void
}

function createConversation(): Conversation {
  const messages: Message[] = []
  /** Of the last message, while more can follow. */
  let calls: MessageCall[] | null = null
  return {
    messages,
    add(message) {
      messages.push(message)
      calls = null
    },
    addCall(call) {
      if (calls) {
        calls.push(call)
        return
      }
      const last = messages.at(-1)
      const spoken = last?.role === 'assistant' ? messages.pop() : undefined
      calls = [...(spoken?.calls ?? []), call]
      messages.push({ role: 'assistant', text: spoken?.text ?? '', calls })
    },
  }
}

function readFunctionCall(item: JsonObject, index: number): readonly MessageCall[] {
  return readCall(item, idOf(item) ?? `call_${index}_0`, `input[${index}].arguments`)
}

function readOutput(item: JsonObject, index: number): Message {
  const text = readResult(item.output, `input[${index}].output`)
  return { role: 'tool', text, callId: idOf(item) ?? '' }
}

function idOf({ call_id: id }: JsonObject): string | undefined {
  return typeof id === 'string' && id !== '' ? id : undefined
}

function invalid(message: string, param: string): TurnstateError {
  return new TurnstateError('invalid_request', message, { param })
}
