import { isRecord, valueAt } from './json.ts'

/** A tool call as it was streamed; its pieces are put together by their index. */
export interface HeardCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** The text and the calls of one stream so far, bounded. */
export interface HeardOutput {
  readonly takeText: (piece: unknown) => void
  /** Takes the `delta` of a chat completion chunk. */
  readonly takeDelta: (delta: unknown) => void
  readonly text: () => string
  /** Some of the text is no whitespace. */
  readonly hasWords: () => boolean
  readonly calls: () => readonly HeardCall[]
  readonly hasCalls: () => boolean
  /** More has come than is taken. */
  readonly isTooMuch: () => boolean
}

/** Characters of text and calls together. */
const MAX_LENGTH = 200_000
/** What a call counts for beside its characters: a platform runs a few in a turn, never hundreds. */
const CALL_LENGTH = 1000

const ignore = () => undefined

interface PartialCall {
  id: string
  name: string
  arguments: string
}

/** `onText` is told of each piece as it is taken. */
export function createHeardOutput(onText: (piece: string) => void = ignore): HeardOutput {
  let text = ''
  let hasWords = false
  let length = 0
  const calls = new Map<number, PartialCall>()
  const isTooMuch = () => length > MAX_LENGTH

  function takeText(piece: unknown): void {
    if (typeof piece !== 'string' || isTooMuch()) return
    text += piece
    length += piece.length
    hasWords ||= /\S/.test(piece)
    if (piece !== '') onText(piece)
  }

  return {
    takeText,
    takeDelta: (delta) => {
      takeText(valueAt(delta, ['content']))
      const pieces = valueAt(delta, ['tool_calls'])
      if (!Array.isArray(pieces)) return
      for (const piece of pieces as readonly unknown[]) {
        if (isTooMuch()) return
        length += takeCall(calls, piece)
      }
    },
    text: () => text,
    hasWords: () => hasWords,
    calls: () => [...calls.values()],
    hasCalls: () => calls.size > 0,
    isTooMuch,
  }
}

/** Returns how much it took. */
function takeCall(calls: Map<number, PartialCall>, piece: unknown): number {
  if (!isRecord(piece)) return 0
  const place = valueAt(piece, ['index'])
  const index = typeof place === 'number' ? place : 0
  const known = calls.get(index)
  const call = known ?? { id: '', name: '', arguments: '' }
  calls.set(index, call)
  const id = textAt(piece, ['id'])
  const name = textAt(piece, ['function', 'name'])
  const args = textAt(piece, ['function', 'arguments'])
  if (id !== '') call.id = id
  if (name !== '') call.name = name
  call.arguments += args
  return id.length + name.length + args.length + (known ? 0 : CALL_LENGTH)
}

function textAt(value: unknown, path: readonly string[]): string {
  const text = valueAt(value, path)
  return typeof text === 'string' ? text : ''
}
