import type { EventFrames } from './event-frames.ts'
import { messageItem, textPart } from './response-object.ts'
import type { OutputItem, ResponseEnvelope } from './response-object.ts'

/** The message that is being spoken. */
export interface OpenMessage {
  delta(text: string): string
  close(status: 'completed' | 'incomplete'): { readonly sent: string; readonly item: OutputItem }
}

interface Options {
  readonly envelope: ResponseEnvelope
  /** Its place among the items of the response. */
  readonly index: number
  readonly frames: EventFrames
}

/** Begins a message: its first events, and what makes the others. */
export function openMessage({ envelope, index, frames }: Options): {
  readonly sent: string
  readonly message: OpenMessage
} {
  const item = messageItem(envelope, index, { status: 'in_progress', content: [] })
  const place = { item_id: item.id, output_index: index }
  const textPlace = { ...place, content_index: 0 }
  const sent =
    frames.frame('response.output_item.added', { output_index: index, item }) +
    frames.frame('response.content_part.added', { ...textPlace, part: textPart('') })
  const toDelta = frames.textDeltas(place)
  let said = ''

  const message: OpenMessage = {
    delta(text) {
      said += text
      return toDelta(text)
    },
    close(status) {
      const part = textPart(said)
      const whole = messageItem(envelope, index, { status, content: [part] })
      return {
        item: whole,
        sent:
          frames.frame('response.output_text.done', { ...textPlace, text: said, logprobs: [] }) +
          frames.frame('response.content_part.done', { ...textPlace, part }) +
          frames.frame('response.output_item.done', { output_index: index, item: whole }),
      }
    },
  }
  return { sent, message }
}
