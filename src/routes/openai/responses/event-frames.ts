import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { encodeData } from '../../../sse/encode.ts'
import type { SentResponse } from './response-object.ts'

type EventType = ResponseStreamEvent['type']
type EventOf<Type extends EventType> = Extract<ResponseStreamEvent, { type: Type }>
/** What an event says besides its type and number. */
type Fields<Type extends EventType> = {
  readonly [Key in Exclude<keyof EventOf<Type>, 'type' | 'sequence_number'>]: Key extends 'response'
    ? SentResponse
    : EventOf<Type>[Key]
}

/** Makes the server-sent events of one response, numbered in the order in which they are made. */
export interface EventFrames {
  readonly frame: <Type extends EventType>(type: Type, fields: Fields<Type>) => string
  /** Makes the text deltas of one message. */
  textDeltas(
    place: Pick<EventOf<typeof DELTA>, 'item_id' | 'output_index'>,
  ): (text: string) => string
}

const DELTA = 'response.output_text.delta'

export function createEventFrames(): EventFrames {
  let sequenceNumber = 0

  return {
    frame: (type, fields) => encodeEvent(type, sequenceNumber++, fields),
    textDeltas(place) {
      // Number and text are all that differs from delta to delta, so only they are encoded each time.
      const empty = encodeEvent(DELTA, 0, { ...place, content_index: 0, delta: '', logprobs: [] })
      const [head = '', middle = '', tail = ''] = empty.split(
        /(?<="sequence_number":)0|(?<="delta":)""/,
      )
      return (text) => `${head}${sequenceNumber++}${middle}${JSON.stringify(text)}${tail}`
    },
  }
}

function encodeEvent(type: EventType, sequenceNumber: number, fields: object): string {
  const data = JSON.stringify({ type, sequence_number: sequenceNumber, ...fields })
  return `event: ${type}\n${encodeData(data)}`
}
