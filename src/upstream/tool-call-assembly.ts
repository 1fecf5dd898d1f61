import { randomUUID } from 'node:crypto'
import { isRecord, textOf } from './json-value.ts'
import { createObjectEnd } from './object-end.ts'
import type { ObjectEnd } from './object-end.ts'
import type { ModelToolCall } from './upstream.ts'

interface Fragment {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

interface PartialCall {
  id: string
  name: string
  arguments: string
  readonly end: ObjectEnd
}

/** Characters of one call's arguments. */
const MAX_ARGUMENTS_LENGTH = 256 * 1024
const MAX_CALLS = 64

interface ToolCallAssembly {
  /** Takes the `tool_calls` of one chunk; true if they brought anything. */
  add(deltas: unknown): boolean
  calls(): readonly ModelToolCall[]
  /** There are more calls, or longer arguments, than any model means; the rest was not taken. */
  isTooLarge(): boolean
}

/**
 * Puts tool calls together from their fragments. Vendors leave out the index or the id, give all
 * calls the index 0, or send whole calls in one chunk; some send arguments as an object.
 */
export function createToolCallAssembly(): ToolCallAssembly {
  const calls: PartialCall[] = []
  const byIndex = new Map<number, PartialCall>()
  let isTooLarge = false

  function add(delta: unknown): boolean {
    if (!isRecord(delta) || isTooLarge) return false
    const fragment = toFragment(delta)
    if (fragment === undefined) {
      isTooLarge = true
      return false
    }
    const index = typeof delta.index === 'number' ? delta.index : undefined
    const known = index === undefined ? sameIdOrLast(calls, fragment) : byIndex.get(index)
    let call = known
    if (call === undefined || beginsAnother(call, fragment)) {
      call = { id: '', name: '', arguments: '', end: createObjectEnd() }
      calls.push(call)
    }
    isTooLarge =
      calls.length > MAX_CALLS ||
      call.arguments.length + fragment.arguments.length > MAX_ARGUMENTS_LENGTH
    if (isTooLarge) return false
    if (index !== undefined) byIndex.set(index, call)
    call.id ||= fragment.id
    call.name ||= fragment.name
    call.arguments += fragment.arguments
    call.end.push(fragment.arguments)
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
    isTooLarge: () => isTooLarge,
  }
}

/** Undefined if its arguments are an object that cannot be written as text. */
function toFragment(delta: Readonly<Record<string, unknown>>): Fragment | undefined {
  const called = isRecord(delta.function) ? delta.function : {}
  const text = isRecord(called.arguments) ? encodeJson(called.arguments) : textOf(called.arguments)
  return text === undefined
    ? undefined
    : { id: textOf(delta.id), name: textOf(called.name), arguments: text }
}

function encodeJson(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // Nested so deeply that the stack does not suffice.
    return undefined
  }
}

function sameIdOrLast(calls: readonly PartialCall[], { id }: Fragment): PartialCall | undefined {
  return (id === '' ? undefined : calls.find((call) => call.id === id)) ?? calls.at(-1)
}

/** Only a fragment with a name can; one that repeats the name of an unfinished call does not. */
function beginsAnother(call: PartialCall, fragment: Fragment): boolean {
  const { id, name } = fragment
  if (name === '' || call.name === '') return false
  if (id !== '' && call.id !== '') return id !== call.id
  if (name !== call.name) return true
  return call.end.isReached() && fragment.arguments.trimStart().startsWith('{')
}
