import { createSseDecoder } from '../../sse/decode.ts'
import { isRecord, parseJson, valueAt } from './json.ts'

/** A tool call as it was streamed; its pieces are put together by their index. */
export interface HeardCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export interface StreamReading {
  readonly push: (bytes: Buffer) => void
  readonly end: () => void
  readonly text: () => string
  readonly calls: () => readonly HeardCall[]
  readonly isDone: () => boolean
  readonly finishReason: () => string | null
  /** What a platform's parser stumbles over, in plain words, each once. */
  readonly oddities: () => readonly string[]
}

const MAX_EVENT_LENGTH = 1_000_000
const MAX_TEXT_LENGTH = 200_000

interface PartialCall {
  id: string
  name: string
  arguments: string
}

/** Reads the events of a chat completion, or of a response in the Responses API's form. */
export function createStreamReading(): StreamReading {
  let text = ''
  let isDone = false
  let finishReason: string | null = null
  const calls = new Map<number, PartialCall>()
  const oddities = new Set<string>()

  function takeDelta(delta: unknown): void {
    const content = valueAt(delta, ['content'])
    if (typeof content === 'string') text += content
    const pieces = valueAt(delta, ['tool_calls'])
    if (!Array.isArray(pieces)) return
    for (const piece of pieces as readonly unknown[]) takeCall(calls, piece)
  }

  function takeChunk(chunk: unknown): void {
    if (!isRecord(chunk)) {
      oddities.add('an event that is not JSON')
    } else if ('error' in chunk && chunk.error !== null) {
      oddities.add('an error instead of words inside the stream')
    } else if (typeof chunk.type === 'string' && chunk.type.startsWith('response.')) {
      if (chunk.type === 'response.output_text.delta') text += String(chunk.delta)
      if (chunk.type === 'response.completed') finishReason = 'stop'
    } else if (!Array.isArray(chunk.choices)) {
      oddities.add('an event that is no chat completion chunk')
    } else {
      takeDelta(valueAt(chunk, ['choices', 0, 'delta']))
      const finish = valueAt(chunk, ['choices', 0, 'finish_reason'])
      if (typeof finish === 'string') finishReason = finish
    }
    if (text.length > MAX_TEXT_LENGTH) oddities.add('more text than anybody could say')
  }

  const decoder = createSseDecoder({
    maxLength: MAX_EVENT_LENGTH,
    onData: (data) => {
      if (isDone) oddities.add('events after [DONE]')
      else if (data.trim() === '[DONE]') isDone = true
      else if (text.length <= MAX_TEXT_LENGTH) takeChunk(parseJson(data))
    },
  })
  return {
    push: (bytes) => {
      if (!decoder.push(bytes)) oddities.add('an event that is too long')
    },
    end: () => void decoder.end(),
    text: () => text,
    calls: () => [...calls.values()],
    isDone: () => isDone,
    finishReason: () => finishReason,
    oddities: () => [...oddities],
  }
}

function takeCall(calls: Map<number, PartialCall>, piece: unknown): void {
  const place = valueAt(piece, ['index'])
  const index = typeof place === 'number' ? place : 0
  const call = calls.get(index) ?? { id: '', name: '', arguments: '' }
  calls.set(index, call)
  const id = valueAt(piece, ['id'])
  const name = valueAt(piece, ['function', 'name'])
  const args = valueAt(piece, ['function', 'arguments'])
  if (typeof id === 'string') call.id = id
  if (typeof name === 'string' && name !== '') call.name = name
  if (typeof args === 'string') call.arguments += args
}
