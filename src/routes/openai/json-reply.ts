import type { FastifyReply } from 'fastify'
import type {
  ChatCompletion,
  ChatCompletionMessageFunctionToolCall,
} from 'openai/resources/chat/completions'
import type { Log } from '../../observability/log.ts'
import type { TurnAnswer, TurnEvent } from '../../turn/turn.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import type { AnswerForm } from './answer-form.ts'
import { toOpenAIUsage } from './chunks.ts'
import type { Metadata } from './chunks.ts'
import { turnMetadata } from './turn-metadata.ts'

type Answer = ChatCompletion & { readonly turnstate?: Metadata }

interface Options {
  readonly reply: FastifyReply
  readonly form: AnswerForm
  readonly log: Log
}

/** Runs the turn to its end and gives the answer as one body. */
export async function jsonReply(turn: TurnAnswer, { reply, form, log }: Options): Promise<Answer> {
  let text = ''
  const calls: ChatCompletionMessageFunctionToolCall[] = []
  const end = await turn.run({
    signal: hangUpSignal(reply.raw),
    streams: false,
    onEvent(event: TurnEvent) {
      if (event.type === 'text-delta') text += event.text
      if (event.type === 'tool-call') calls.push(toOpenAICall(event.call))
    },
  })
  if (end.isSuperseded) {
    // Nothing of it has left, so nothing of it was said; an empty answer would be a failure.
    text = ' '
    calls.length = 0
  }
  const metadata = form.wantsMetadata ? turnMetadata(end, log) : undefined
  reply.raw.once('finish', () => turn.delivered())
  return {
    ...form.envelope,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: end.finishReason,
      },
    ],
    ...(end.usage && { usage: toOpenAIUsage(end.usage) }),
    ...(metadata && { turnstate: metadata }),
  }
}

function toOpenAICall(
  call: Extract<TurnEvent, { readonly type: 'tool-call' }>['call'],
): ChatCompletionMessageFunctionToolCall {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}
