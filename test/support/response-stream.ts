import { createParser } from 'eventsource-parser'

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
  headers: Readonly<Record<string, string>> = {},
): Promise<OpenResponse> {
  const call = new AbortController()
  const answer = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ stream: true, ...body }),
    signal: call.signal,
  })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let raw = ''
  async function readMore(): Promise<boolean> {
    const next = await reader?.read()
    raw += next?.value ?? ''
    return next?.done === false
  }
  return {
    status: answer.status,
    headers: answer.headers,
    async hear(words) {
      // White space at the end goes out with the next word.
      while (!readEvents(raw).text.includes(words.trimEnd())) {
        if (!(await readMore())) throw new Error(`the stream ended without "${words}": ${raw}`)
      }
    },
    async rest() {
      while (await readMore());
      return readEvents(raw)
    },
    hangUp: () => call.abort(),
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
