import type { FastifyReply } from 'fastify'
import type {
  ChatCompletion,
  ChatCompletionMessageFunctionToolCall,
} from 'openai/resources/chat/completions'
import type { RunningTurn, TurnEvent } from '../../turn/turn.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import type { AnswerForm } from './answer-form.ts'
import { toOpenAIUsage } from './chunks.ts'
import type { Metadata } from './chunks.ts'

type Answer = ChatCompletion & { readonly turnstate?: Metadata }

/** Runs the turn to its end and gives the answer as one body. */
export async function jsonReply(
  turn: RunningTurn,
  { reply, form }: { readonly reply: FastifyReply; readonly form: AnswerForm },
): Promise<Answer> {
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
    ...(form.wantsMetadata && { turnstate: { state: end.state, token: end.token() } }),
  }
}

function toOpenAICall(
  call: Extract<TurnEvent, { readonly type: 'tool-call' }>['call'],
): ChatCompletionMessageFunctionToolCall {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}
