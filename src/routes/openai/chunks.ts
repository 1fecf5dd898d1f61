import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { DONE_EVENT, encodeData } from '../../sse/encode.ts'
import type { TurnEnd, TurnEvent } from '../../turn/turn.ts'

/** What every chunk of one answer repeats. */
export interface Envelope {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly system_fingerprint?: string
}

type Call = Extract<TurnEvent, { readonly type: 'tool-call' }>['call']
type Choice = ChatCompletionChunk.Choice
type Delta = Choice['delta']

/** Writes the server-sent events of one answer, each a whole `data:` frame. */
export interface ChunkWriter {
  role(): string
  text(text: string): string
  /** The index counts the calls of the answer from 0. */
  call(call: Call, index: number): string
  /** The end of every answer, `[DONE]` included. */
  end(end: AnswerEnd): string
}

interface AnswerEnd {
  readonly finishReason: TurnEnd['finishReason']
  readonly usage?: TurnEnd['usage']
  readonly metadata?: Metadata
}

/** The state once the answer is heard, and the sealed token that says so, if it can be sealed. */
export interface Metadata {
  readonly state: string
  readonly token: string | null
}

export function createChunkWriter(envelope: Envelope): ChunkWriter {
  const { id, created, model, system_fingerprint: fingerprint } = envelope
  // All of a chunk but its choices is the same each time: it is encoded once.
  const told =
    fingerprint === undefined ? '' : `"system_fingerprint":${JSON.stringify(fingerprint)},`
  const start = `{"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},${told}"choices":[`
  const chunk = (choices: string, more = '') => encodeData(`${start}${choices}]${more}}`)
  const delta = (delta: Delta, finish: Choice['finish_reason'] = null) =>
    chunk(JSON.stringify({ index: 0, delta, finish_reason: finish } satisfies Choice))
  const beforeText = `data: ${start}{"index":0,"delta":{"content":`
  const afterText = '},"finish_reason":null}]}\n\n'

  return {
    role: () => delta({ role: 'assistant', content: '' }),
    text: (text) => beforeText + JSON.stringify(text) + afterText,
    call: ({ id, name, arguments: args }, index) =>
      delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] }),
    end({ finishReason, usage, metadata }) {
      let end = delta({}, finishReason)
      if (usage) end += chunk('', `,"usage":${JSON.stringify(toOpenAIUsage(usage))}`)
      if (metadata) end += chunk('', `,"turnstate":${JSON.stringify(metadata)}`)
      return end + DONE_EVENT
    },
  }
}

export function toOpenAIUsage(
  usage: NonNullable<TurnEnd['usage']>,
): NonNullable<ChatCompletionChunk['usage']> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
  }
}
