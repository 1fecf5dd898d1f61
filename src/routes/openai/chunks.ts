import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { DONE_EVENT, encodeData } from '../../sse/encode.ts'
import type { TurnEnd, TurnEvent } from '../../turn/turn.ts'

/** What every chunk of one answer repeats. */
export interface Envelope {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

type Call = Extract<TurnEvent, { readonly type: 'tool-call' }>['call']
type Choice = ChatCompletionChunk.Choice

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
  function chunk(choices: Choice[]): ChatCompletionChunk {
    const { id, created, model } = envelope
    return { id, object: 'chat.completion.chunk', created, model, choices }
  }
  const delta = (delta: Choice['delta'], finish_reason: Choice['finish_reason'] = null) =>
    chunk([{ index: 0, delta, finish_reason }])

  // The text is all that differs from delta to delta, so only the text is encoded each time.
  const [beforeText = '', afterText = ''] = frame(delta({ content: '' })).split(/(?<="content":)""/)

  return {
    role: () => frame(delta({ role: 'assistant', content: '' })),
    text: (text) => beforeText + JSON.stringify(text) + afterText,
    call: ({ id, name, arguments: args }, index) =>
      frame(
        delta({
          tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }],
        }),
      ),
    end({ finishReason, usage, metadata }) {
      const frames = [frame(delta({}, finishReason))]
      if (usage) frames.push(frame({ ...chunk([]), usage: toOpenAIUsage(usage) }))
      if (metadata) frames.push(frame({ ...chunk([]), turnstate: metadata }))
      return frames.join('') + DONE_EVENT
    },
  }
}

function frame(chunk: ChatCompletionChunk & { readonly turnstate?: Metadata }): string {
  return encodeData(JSON.stringify(chunk))
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
