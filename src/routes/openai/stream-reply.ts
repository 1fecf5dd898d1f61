import type { FastifyReply } from 'fastify'
import type { Log } from '../../observability/log.ts'
import type { TurnAnswer } from '../../turn/turn.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import type { AnswerForm } from './answer-form.ts'
import { createEventStream } from './event-stream.ts'
import { turnMetadata } from './turn-metadata.ts'

interface Options {
  readonly reply: FastifyReply
  readonly form: AnswerForm
  readonly log: Log
  readonly drainTimeoutMs: number
}

/**
 * Answers as a stream of events. Rejects only while nothing was sent, so that the error can still be
 * an ordinary HTTP answer.
 */
export async function streamReply(turn: TurnAnswer, options: Options): Promise<void> {
  const { reply, form, log, drainTimeoutMs } = options
  const stream = createEventStream({ reply, drainTimeoutMs })
  const writer = form.createStreamWriter()
  const ending = await turn
    .run({
      signal: hangUpSignal(reply.raw),
      streams: true,
      onEvent: (event) => stream.write(writer.event(event)),
    })
    .then(
      (end) => ({
        finishReason: end.finishReason,
        usage: end.usage,
        metadata: form.wantsMetadata ? turnMetadata(end, log) : undefined,
      }),
      (error: unknown) => {
        if (!stream.isOpen()) throw error
        // The turn speaks its own failures: that this one came here is a mistake of ours.
        if (!reply.raw.destroyed) log.error({ err: error }, 'turn failed after its first words')
        return { finishReason: 'stop' as const }
      },
    )
  await stream.end(writer.end(ending))
  if (reply.raw.writableFinished) turn.delivered()
}
