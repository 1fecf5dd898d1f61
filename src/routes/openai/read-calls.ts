import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from '../json-object.ts'
import { refuseDeepNesting } from './json-body.ts'
import type { JsonObject } from '../json-object.ts'

type MessageCall = NonNullable<TurnRequest['messages'][number]['calls']>[number]

/** Where a message or item stands in the body: `messages[3]`. */
export interface Place {
  readonly list: string
  readonly index: number
}

/**
 * The tool calls of the assistant message at `place` (also the legacy `function_call`). What names
 * no tool is left out; a missing id becomes one that is the same in every later request.
 */
export function readCalls(message: JsonObject, { list, index }: Place): readonly MessageCall[] {
  const { tool_calls: listed, function_call: legacy } = message
  const entries: readonly unknown[] = Array.isArray(listed) ? listed : []
  const param = `${list}[${index}].tool_calls`
  const calls = entries.flatMap((entry, position) => {
    if (!isJsonObject(entry)) return []
    const { id, function: called } = entry
    const madeUp = `call_${index}_${position}`
    return readCall(called, typeof id === 'string' && id !== '' ? id : madeUp, param)
  })
  return calls.length > 0 ? calls : readCall(legacy, `call_${index}_0`, param)
}

/** One call, or none if it names no tool. */
export function readCall(called: unknown, id: string, param: string): readonly MessageCall[] {
  if (!isJsonObject(called) || typeof called.name !== 'string' || called.name === '') return []
  const { name, arguments: given } = called
  return [{ id, name, arguments: argumentsText(given, param) }]
}

function argumentsText(given: unknown, param: string): string {
  if (typeof given === 'string') return given.trim() === '' ? '{}' : given
  if (!isJsonObject(given)) return '{}'
  refuseDeepNesting(given, param)
  return JSON.stringify(given)
}
