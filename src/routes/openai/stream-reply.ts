import type { FastifyReply } from 'fastify'
import type { Log } from '../../observability/log.ts'
import type { TurnAnswer, TurnEvent } from '../../turn/turn.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import { createChunkWriter } from './chunks.ts'
import type { ChunkWriter } from './chunks.ts'
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
 * Answers as a stream of chunks. Rejects only while nothing was sent, so that the error can still be
 * an ordinary HTTP answer.
 */
export async function streamReply(turn: TurnAnswer, options: Options): Promise<void> {
  const { reply, form, log, drainTimeoutMs } = options
  const stream = createEventStream({ reply, drainTimeoutMs })
  const chunks = createChunkWriter(form.envelope)
  const encode = createEventEncoder(chunks)
  const ending = await turn
    .run({
      signal: hangUpSignal(reply.raw),
      streams: true,
      onEvent: (event) => stream.write(encode(event)),
    })
    .then(
      (end) => ({
        finishReason: end.finishReason,
        usage: form.includeUsage ? end.usage : undefined,
        metadata: form.wantsMetadata ? turnMetadata(end, log) : undefined,
      }),
      (error: unknown) => {
        if (!stream.isOpen()) throw error
        // The turn speaks its own failures: that this one came here is a mistake of ours.
        if (!reply.raw.destroyed) log.error({ err: error }, 'turn failed after its first words')
        return { finishReason: 'stop' as const }
      },
    )
  const opening = stream.isOpen() ? '' : chunks.role()
  await stream.end(opening + chunks.end(ending))
  if (reply.raw.writableFinished) turn.delivered()
}

/** The first event brings the role chunk along, in the same write. */
function createEventEncoder(chunks: ChunkWriter): (event: TurnEvent) => string {
  let started = false
  let calls = 0

  function encoded(event: TurnEvent): string {
    switch (event.type) {
      case 'text-delta':
        return chunks.text(event.text)
      case 'tool-call':
        return chunks.call(event.call, calls++)
      case 'keep-alive':
        return started ? chunks.text('') : ''
    }
  }

  return (event) => {
    const text = encoded(event)
    if (started) return text
    started = true
    return chunks.role() + text
  }
}
