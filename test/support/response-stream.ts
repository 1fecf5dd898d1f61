import { createParser } from 'eventsource-parser'
import { openBody } from './open-body.ts'

/** An event of the Responses API as it came. */
interface SentEvent {
  /** What stood behind `event:`. */
  readonly event: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

interface ResponseStreamed {
  readonly events: readonly SentEvent[]
  readonly types: readonly unknown[]
  /** Of all text deltas. */
  readonly text: string
  /** The response of the last event. */
  readonly response: Readonly<Record<string, unknown>>
  /** It ended in `[DONE]`. */
  readonly isDone: boolean
}

/** An answer that is being streamed, read as far as the test wants to. */
interface OpenResponse {
  readonly status: number
  readonly headers: Headers
  readonly hear: (words: string) => Promise<void>
  readonly rest: () => Promise<ResponseStreamed>
  readonly hangUp: () => void
}

/** Asks `/v1/responses` for a stream. */
export async function openResponse(
  url: string,
  body: object,
  more: Readonly<Record<string, string>> = {},
): Promise<OpenResponse> {
  const { status, headers, raw, until, toEnd, hangUp } = await openBody(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...more },
    body: JSON.stringify({ stream: true, ...body }),
  })
  // White space at the end goes out with the next word.
  const holds = (words: string) => readEvents(raw()).text.includes(words.trimEnd())
  return {
    status,
    headers,
    hear: (words) => until(() => holds(words), words),
    rest: async () => readEvents(await toEnd()),
    hangUp,
  }
}

export function readEvents(raw: string): ResponseStreamed {
  const sent: { event: string | undefined; data: string }[] = []
  createParser({ onEvent: ({ event, data }) => void sent.push({ event, data }) }).feed(raw)
  const isDone = sent.at(-1)?.data === '[DONE]'
  const events = (isDone ? sent.slice(0, -1) : sent).map(({ event, data }) => ({
    event,
    data: JSON.parse(data) as SentEvent['data'], // every event of this API is an object
  }))
  return {
    events,
    isDone,
    types: events.map(({ data }) => data['type']),
    text: events
      .filter(({ data }) => data['type'] === 'response.output_text.delta')
      .map(({ data }) => String(data['delta']))
      .join(''),
    response: (events.at(-1)?.data['response'] ?? {}) as ResponseStreamed['response'], // only the events that hold one hold it there
  }
}
