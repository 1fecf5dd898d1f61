import { randomUUID } from 'node:crypto'
import { isRecord, parseJson, textOf } from './json-value.ts'
import type { ModelToolCall } from './upstream.ts'

interface PartialCall {
  id: string
  name: string
  arguments: string
}

interface ToolCallAssembly {
  /** Takes the `tool_calls` of one chunk; true if they brought anything. */
  add(deltas: unknown): boolean
  calls(): readonly ModelToolCall[]
}

/**
 * Puts tool calls together from their fragments. Vendors leave out the index or the id, give all
 * calls the index 0, or send whole calls in one chunk; some send arguments as an object.
 */
export function createToolCallAssembly(): ToolCallAssembly {
  const calls: PartialCall[] = []
  const byIndex = new Map<number, PartialCall>()

  function add(delta: unknown): boolean {
    if (!isRecord(delta)) return false
    const fragment = toFragment(delta)
    const index = typeof delta.index === 'number' ? delta.index : undefined
    const known = index === undefined ? sameIdOrLast(calls, fragment) : byIndex.get(index)
    let call = known
    if (call === undefined || beginsAnother(call, fragment)) {
      call = { id: '', name: '', arguments: '' }
      calls.push(call)
    }
    if (index !== undefined) byIndex.set(index, call)
    call.id ||= fragment.id
    call.name ||= fragment.name
    call.arguments += fragment.arguments
    return true
  }

  return {
    add: (deltas) => Array.isArray(deltas) && deltas.map(add).includes(true),
    calls: () =>
      calls
        .filter((call) => call.name !== '')
        .map((call) => ({
          id: call.id || `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
          name: call.name,
          arguments: call.arguments.trim() === '' ? '{}' : call.arguments,
        })),
  }
}

function toFragment(delta: Readonly<Record<string, unknown>>): PartialCall {
  const called = isRecord(delta.function) ? delta.function : {}
  return {
    id: textOf(delta.id),
    name: textOf(called.name),
    arguments: isRecord(called.arguments)
      ? JSON.stringify(called.arguments)
      : textOf(called.arguments),
  }
}

function sameIdOrLast(calls: readonly PartialCall[], { id }: PartialCall): PartialCall | undefined {
  return (id === '' ? undefined : calls.find((call) => call.id === id)) ?? calls.at(-1)
}

/** Only a fragment with a name can; one that repeats the name of an unfinished call does not. */
function beginsAnother(call: PartialCall, { id, name }: PartialCall): boolean {
  if (name === '' || call.name === '') return false
  if (id !== '' && call.id !== '') return id !== call.id
  return name !== call.name || parseJson(call.arguments) !== undefined
}
