import { StringDecoder } from 'node:string_decoder'
import { createSseDecoder } from '../sse/decode.ts'
import { completionOf, createAnswer, endText, readAnswer, takeChunk, takeText } from './answer.ts'
import type { Answer } from './answer.ts'
import { createChunkTemplate, learnChunk, takeKnownChunks } from './chunk-template.ts'
import type { FailureReason } from './failure.ts'
import { isRecord, parseJson } from './json-value.ts'
import type { Completion } from './upstream.ts'
import { choiceOf, contentOf } from './vendor-chunk.ts'

/** What one read of the socket brought. */
export interface DecodedRead {
  readonly text: string
  /** There was text, more than white space if it is the first, or a part of a tool call. */
  readonly hasToken: boolean
  /** `finished`: the answer is whole, usage may follow. `done`: nothing more will come. */
  readonly progress: 'open' | 'finished' | 'done'
  readonly failure: FailureReason | undefined
}

export interface CompletionDecoder {
  push(bytes: Buffer): DecodedRead
  /**
   * The body is over; takes what stood in an unfinished last line. `isFramed`: the end was announced,
   * so that it cannot be a cut connection.
   */
  end(isFramed: boolean): DecodedRead
  /** What came so far; undefined when there is neither a call nor text but white space. */
  readonly completion: () => Completion | undefined
}

export interface DecoderOptions {
  /** Leaves out reasoning that stands in the text between `<think>` tags. */
  readonly stripThink: boolean
}

/** Characters of one line; whole answers are bounded by `MAX_ANSWER_LENGTH`. */
const MAX_LINE_LENGTH = 1024 * 1024
const MAX_ANSWER_LENGTH = 8 * 1024 * 1024

/** Incremental decoder of OpenAI chat-completion chunks; vendors' quirks are normalised here. */
export function createStreamDecoder({ stripThink }: DecoderOptions): CompletionDecoder {
  const answer = createAnswer(stripThink)
  const template = createChunkTemplate()
  const onText = (text: string) => takeText(answer, text)
  const sse = createSseDecoder({ onData: takeData, maxLength: MAX_LINE_LENGTH })
  let isDone = false
  /** The event is one that could have been known: none that was cut, and the first of its read. */
  let mayLearn = false
  let length = 0

  function takeData(data: string): void {
    if (isDone) return
    const trimmed = data.trim()
    isDone = trimmed === '[DONE]'
    if (isDone || trimmed === '') return
    const chunk = parseJson(trimmed)
    if (chunk === undefined && answer.finishReason !== '') return
    if (!takeChunk(answer, chunk) || !mayLearn) return
    mayLearn = false
    learnChunk(template, data, deltaText)
  }

  function push(bytes: Buffer): DecodedRead {
    length += bytes.length
    const isOrdinary = !isDone && !answer.isInThought && bytes.length <= MAX_LINE_LENGTH
    mayLearn = isOrdinary && sse.isBetweenEvents()
    const from = mayLearn ? takeKnownChunks(template, bytes, onText) : 0
    const rest = from === 0 ? bytes : bytes.subarray(from)
    const isWithinBounds = rest.length === 0 || sse.push(rest)
    if (!isWithinBounds || length > MAX_ANSWER_LENGTH) answer.failure ??= 'too_large'
    return decodedRead(answer, isDone)
  }

  return {
    push,
    end: (isFramed) => {
      if (!sse.end()) answer.failure ??= 'too_large'
      if (!isDone && answer.finishReason === '' && !isFramed) answer.failure ??= 'ended_early'
      isDone = true
      return decodedRead(answer, isDone)
    },
    completion: () => completionOf(answer),
  }
}

function deltaText(chunk: unknown): string {
  const choice = isRecord(chunk) ? choiceOf(chunk, undefined) : undefined
  return isRecord(choice?.delta) ? contentOf(choice.delta.content) : ''
}

/** For an endpoint that ignores `stream: true` and answers with one JSON completion. */
export function createJsonDecoder({ stripThink }: DecoderOptions): CompletionDecoder {
  const answer = createAnswer(stripThink)
  const utf8 = new StringDecoder('utf8')
  let body = ''
  return {
    push: (bytes) => {
      body += utf8.write(bytes)
      if (body.length > MAX_ANSWER_LENGTH) answer.failure ??= 'too_large'
      return decodedRead(answer, false)
    },
    end: () => {
      body += utf8.end()
      takeChunk(answer, parseJson(body.startsWith('\uFEFF') ? body.slice(1) : body))
      return decodedRead(answer, true)
    },
    completion: () => completionOf(answer),
  }
}

function decodedRead(answer: Answer, isDone: boolean): DecodedRead {
  if (isDone) endText(answer)
  const { text, hasToken } = readAnswer(answer)
  const progress = isDone ? 'done' : answer.finishReason === '' ? 'open' : 'finished'
  return { text, hasToken, progress, failure: answer.failure }
}
