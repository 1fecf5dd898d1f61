import { createSseDecoder } from '../../sse/decode.ts'
import { createHeardOutput, type HeardOutput } from './heard-output.ts'
import { isRecord, parseJson, valueAt } from './json.ts'

export interface StreamReading extends Omit<HeardOutput, 'takeText' | 'takeDelta' | 'isTooMuch'> {
  /** False once it is more than anybody reads: nothing is taken any more. */
  readonly push: (bytes: Buffer) => boolean
  readonly end: () => void
  readonly isDone: () => boolean
  /** What a platform's parser stumbles over, in plain words, each once. */
  readonly oddities: () => readonly string[]
}

const MAX_EVENT_LENGTH = 1_000_000

/**
 * Reads the events of a chat completion, or of a response in the Responses API's form. `onText` is told of
 * each piece of text as it comes.
 */
export function createStreamReading(onText?: (piece: string) => void): StreamReading {
  const { takeText, takeDelta, isTooMuch, ...heard } = createHeardOutput(onText)
  let isDone = false
  let isFinished = false
  let finishMark = 'finish_reason'
  const oddities = new Set<string>()

  function takeChunk(chunk: unknown): void {
    if (!isRecord(chunk)) {
      oddities.add('an event that is not JSON')
    } else if ('error' in chunk && chunk.error !== null) {
      oddities.add('an error instead of words inside the stream')
    } else if (typeof chunk.type === 'string' && chunk.type.startsWith('response.')) {
      if (chunk.type === 'response.output_text.delta') takeText(chunk.delta)
      finishMark = 'response.completed'
      isFinished ||= chunk.type === finishMark
    } else if (!Array.isArray(chunk.choices)) {
      oddities.add('an event that is no chat completion chunk')
    } else {
      takeDelta(valueAt(chunk, ['choices', 0, 'delta']))
      isFinished ||= typeof valueAt(chunk, ['choices', 0, 'finish_reason']) === 'string'
    }
    if (isTooMuch()) oddities.add('more than anybody could say')
  }

  const decoder = createSseDecoder({
    maxLength: MAX_EVENT_LENGTH,
    onData: (data) => {
      if (isDone) oddities.add('events after [DONE]')
      else if (data.trim() === '[DONE]') isDone = true
      else if (!isTooMuch()) takeChunk(parseJson(data))
    },
  })
  return {
    ...heard,
    push: (bytes) => {
      const isShortEnough = decoder.push(bytes)
      if (!isShortEnough) oddities.add('an event that is too long')
      return isShortEnough && !isTooMuch()
    },
    end: () => {
      decoder.end()
      const hasOutput = heard.hasWords() || heard.hasCalls()
      if (isDone && hasOutput && !isFinished) oddities.add(`no ${finishMark}`)
    },
    isDone: () => isDone,
    oddities: () => [...oddities],
  }
}
