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
/** What models write for no arguments at all. */
const NO_ARGUMENTS: ReadonlySet<string> = new Set(['', 'null'])

export interface ToolCallAssembly {
  /** Takes the tool calls of one chunk; true if they brought anything. */
  add(deltas: readonly unknown[]): boolean
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
  const byIndex = new Map<unknown, PartialCall>()
  let isTooLarge = false

  function add(delta: unknown): boolean {
    if (!isRecord(delta) || isTooLarge) return false
    const fragment = toFragment(delta)
    if (fragment === undefined) {
      isTooLarge = true
      return false
    }
    const index = delta.index ?? undefined
    let call = belongsTo(fragment, index === undefined ? calls.at(-1) : byIndex.get(index))
    if (call !== undefined && isRepeated(call, fragment)) return true
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

  /** Its id says more than the place: some count all calls as the first. */
  function belongsTo({ id }: Fragment, there: PartialCall | undefined): PartialCall | undefined {
    if (id === '' || there === undefined || there.id === '' || there.id === id) return there
    return calls.find((call) => call.id === id) ?? there
  }

  return {
    add: (deltas) => {
      let hasAdded = false
      for (const delta of deltas) hasAdded = add(delta) || hasAdded
      return hasAdded
    },
    calls: () =>
      calls
        .filter((call) => call.name !== '')
        .map((call) => ({
          id: call.id || `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
          name: call.name,
          arguments: NO_ARGUMENTS.has(call.arguments.trim()) ? '{}' : call.arguments,
        })),
    isTooLarge: () => isTooLarge,
  }
}

/** Undefined if its arguments are an object that cannot be written as text. */
function toFragment(delta: Readonly<Record<string, unknown>>): Fragment | undefined {
  const called = isRecord(delta.function) ? delta.function : delta
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

/** Some send the whole call once more when it is complete. */
function isRepeated(call: PartialCall, { id, name, arguments: written }: Fragment): boolean {
  const isSame = id !== '' && id === call.id && name === call.name
  return isSame && written === call.arguments && call.end.isReached()
}

/** Only a fragment with a name can; one that repeats the name of an unfinished call does not. */
function beginsAnother(call: PartialCall, fragment: Fragment): boolean {
  const { id, name } = fragment
  if (name === '' || call.name === '') return false
  if (id !== '' && call.id !== '' && id !== call.id) return true
  if (name !== call.name) return true
  return call.end.isReached() && fragment.arguments.trimStart().startsWith('{')
}
