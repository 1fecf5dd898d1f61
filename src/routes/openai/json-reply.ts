import type { FastifyReply } from 'fastify'
import type { Log } from '../../observability/log.ts'
import type { TurnAnswer, TurnEvent } from '../../turn/turn.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import type { AnswerForm, Call } from './answer-form.ts'
import { turnMetadata } from './turn-metadata.ts'

interface Options {
  readonly reply: FastifyReply
  readonly form: AnswerForm
  readonly log: Log
}

/** Runs the turn to its end and gives the answer as one body. */
export async function jsonReply(turn: TurnAnswer, { reply, form, log }: Options): Promise<object> {
  let text = ''
  const calls: Call[] = []
  const end = await turn.run({
    signal: hangUpSignal(reply.raw),
    streams: false,
    onEvent(event: TurnEvent) {
      if (event.type === 'text-delta') text += event.text
      if (event.type === 'tool-call') calls.push(event.call)
    },
  })
  if (end.isSuperseded) {
    // Nothing of it has left, so nothing of it was said; an empty answer would be a failure.
    text = ' '
    calls.length = 0
  }
  const metadata = form.wantsMetadata ? turnMetadata(end, log) : undefined
  reply.raw.once('finish', () => turn.delivered())
  return form.toBody({ text, calls, finishReason: end.finishReason, usage: end.usage, metadata })
}
