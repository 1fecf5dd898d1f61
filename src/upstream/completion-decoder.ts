import { StringDecoder } from 'node:string_decoder'
import { createSseDecoder } from '../sse/decode.ts'
import type { FailureReason } from './failure.ts'
import { isRecord, parseJson, textOf } from './json-value.ts'
import type { JsonRecord } from './json-value.ts'
import { createToolCallAssembly } from './tool-call-assembly.ts'
import type { Completion, Usage } from './upstream.ts'

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

/** Characters of one line; whole answers are bounded by `MAX_ANSWER_LENGTH`. */
const MAX_LINE_LENGTH = 1024 * 1024
const MAX_ANSWER_LENGTH = 8 * 1024 * 1024

export interface DecoderOptions {
  /** Leaves out reasoning that stands in the text between `<think>` tags. */
  readonly stripThink: boolean
}

/** Incremental decoder of OpenAI chat-completion chunks; vendors' quirks are normalised here. */
export function createStreamDecoder(options: DecoderOptions): CompletionDecoder {
  const answer = createAnswer(options)
  const sse = createSseDecoder({ onData: takeData, maxLength: MAX_LINE_LENGTH })
  let isDone = false
  let length = 0

  function takeData(data: string): void {
    if (isDone) return
    const trimmed = data.trim()
    if (trimmed === '[DONE]') {
      isDone = true
      return
    }
    const chunk = parseJson(trimmed)
    const isIgnorable = chunk === undefined && (trimmed === '' || answer.isFinished())
    if (!isIgnorable) answer.take(chunk, 'delta')
  }

  function read(isWithinBounds: boolean): DecodedRead {
    if (!isWithinBounds || length > MAX_ANSWER_LENGTH) answer.fail('too_large')
    return answer.read(isDone)
  }

  return {
    push: (bytes) => {
      length += bytes.length
      return read(sse.push(bytes))
    },
    end: (isFramed) => {
      const isWithinBounds = sse.end()
      if (!isDone && !answer.isFinished() && !isFramed) answer.fail('ended_early')
      isDone = true
      return read(isWithinBounds)
    },
    completion: answer.completion,
  }
}

/** For an endpoint that ignores `stream: true` and answers with one JSON completion. */
export function createJsonDecoder(options: DecoderOptions): CompletionDecoder {
  const answer = createAnswer(options)
  const utf8 = new StringDecoder('utf8')
  let body = ''
  return {
    push: (bytes) => {
      body += utf8.write(bytes)
      if (body.length > MAX_ANSWER_LENGTH) answer.fail('too_large')
      return answer.read(false)
    },
    end: () => {
      answer.take(parseJson(body + utf8.end()), 'message')
      return answer.read(true)
    },
    completion: answer.completion,
  }
}

interface Answer {
  take(chunk: unknown, part: 'delta' | 'message'): void
  fail(reason: FailureReason): void
  isFinished(): boolean
  /** What was taken since the last read. */
  read(isDone: boolean): DecodedRead
  readonly completion: () => Completion | undefined
}

function createAnswer(_options: DecoderOptions): Answer {
  const toolCalls = createToolCallAssembly()
  let text = ''
  let taken = ''
  /** White space before the first word: alone it is no answer, and must not be given out as one. */
  let held = ''
  let hasToken = false
  let finishReason: string | undefined
  let usage: Usage | undefined
  let failure: FailureReason | undefined

  function takeText(delta: string): void {
    if (text === '' && taken === '' && delta.trim() === '') {
      held += delta
      return
    }
    taken += held + delta
    held = ''
  }

  return {
    take(chunk, part) {
      if (failure !== undefined) return
      failure = failureOf(chunk)
      if (!isRecord(chunk) || failure !== undefined) return
      usage = usageOf(chunk.usage) ?? usage
      const choice = firstChoice(chunk)
      if (choice === undefined) return
      const content = isRecord(choice[part]) ? choice[part] : {}
      takeText(contentOf(content.content))
      if (toolCalls.add(content.tool_calls) || taken !== '') hasToken = true
      if (toolCalls.isTooLarge()) failure = 'too_large'
      finishReason = textOf(choice.finish_reason) || finishReason
      if (finishReason === 'error') failure = 'error_event'
    },
    fail(reason) {
      failure ??= reason
    },
    isFinished: () => finishReason !== undefined,
    read(isDone) {
      const progress = isDone ? 'done' : finishReason === undefined ? 'open' : 'finished'
      const result = { text: taken, hasToken, progress, failure } as const
      text += taken
      taken = ''
      hasToken = false
      return result
    },
    completion() {
      const calls = toolCalls.calls()
      if (text === '' && calls.length === 0) return undefined
      return {
        text,
        calls,
        finishReason: calls.length > 0 ? 'tool_calls' : normalFinishReason(finishReason),
        ...(usage && { usage }),
      }
    },
  }
}

function failureOf(chunk: unknown): FailureReason | undefined {
  if (!isRecord(chunk)) return 'not_json'
  const hasError = chunk.error !== undefined && chunk.error !== null && chunk.error !== false
  return hasError || chunk.object === 'error' ? 'error_event' : undefined
}

/** We ask for one choice; some vendors leave out its index. */
function firstChoice({ choices }: JsonRecord): JsonRecord | undefined {
  if (!Array.isArray(choices)) return undefined
  return choices.filter(isRecord).find(({ index }) => typeof index !== 'number' || index === 0)
}

/** Text, or the text parts of a list. Reasoning stands in other keys or part types and is left out. */
function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content)
  return content
    .filter(isRecord)
    .map((part) => (part.type === 'text' ? textOf(part.text) : ''))
    .join('')
}

function normalFinishReason(reason = ''): Completion['finishReason'] {
  switch (reason) {
    case 'length':
    case 'max_tokens':
      return 'length'
    case 'content_filter':
      return 'content_filter'
    default:
      return 'stop'
  }
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isRecord(usage)) return undefined
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage
  if (typeof prompt !== 'number' || typeof completion !== 'number') return undefined
  return {
    promptTokens: prompt,
    completionTokens: completion,
    totalTokens: typeof total === 'number' ? total : prompt + completion,
  }
}
