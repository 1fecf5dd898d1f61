import type { FastifyRequest } from 'fastify'
import type {
  ChatCompletion,
  ChatCompletionMessageFunctionToolCall,
} from 'openai/resources/chat/completions'
import { newHexId, nowInSeconds, wantsMetadata } from './answer-form.ts'
import type { AnswerForm, Call, StreamWriter, WholeAnswer } from './answer-form.ts'
import { createChunkWriter, toOpenAIUsage } from './chunks.ts'
import type { Envelope, Metadata } from './chunks.ts'
import type { ChatRequest } from './read-request.ts'

interface Named {
  /** Of answers to requests that name none. */
  readonly model: string
  /** What the platform is told as `system_fingerprint`; an upstream's own never gets there. */
  readonly fingerprint: string | null
}

/** Answers as chat completions do. */
export function chatForm(
  request: FastifyRequest,
  chat: ChatRequest,
  { model, fingerprint }: Named,
): AnswerForm {
  const envelope: Envelope = {
    id: `chatcmpl-${newHexId()}`,
    created: nowInSeconds(),
    model: chat.model ?? model,
    ...(fingerprint !== null && { system_fingerprint: fingerprint }),
  }
  const { includeUsage } = chat
  return {
    wantsMetadata: wantsMetadata(request),
    createStreamWriter: () => createChatStreamWriter(envelope, includeUsage),
    toBody: (answer) => toChatCompletion(envelope, answer),
  }
}

function createChatStreamWriter(envelope: Envelope, includesUsage: boolean): StreamWriter {
  const chunks = createChunkWriter(envelope)
  let started = false
  let calls = 0

  /** The role chunk, before anything else. */
  function opening(): string {
    if (started) return ''
    started = true
    return chunks.role()
  }

  return {
    event(event) {
      switch (event.type) {
        case 'text-delta':
          return opening() + chunks.text(event.text)
        case 'tool-call':
          return opening() + chunks.call(event.call, calls++)
        case 'keep-alive':
          return started ? chunks.text('') : opening()
      }
    },
    end({ finishReason, usage, metadata }) {
      const shown = includesUsage ? usage : undefined
      return (
        opening() +
        chunks.end({ finishReason, ...(shown && { usage: shown }), ...(metadata && { metadata }) })
      )
    },
  }
}

function toChatCompletion(
  envelope: Envelope,
  { text, calls, finishReason, usage, metadata }: WholeAnswer,
): ChatCompletion & { readonly turnstate?: Metadata } {
  return {
    ...envelope,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls.map(toOpenAICall) }),
        },
        logprobs: null,
        finish_reason: finishReason,
      },
    ],
    ...(usage && { usage: toOpenAIUsage(usage) }),
    ...(metadata && { turnstate: metadata }),
  }
}

function toOpenAICall(call: Call): ChatCompletionMessageFunctionToolCall {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}
