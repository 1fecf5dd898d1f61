import { openBody } from './open-body.ts'

interface Delta {
  readonly content?: string
  readonly tool_calls?: readonly {
    readonly id?: string
    readonly function: { readonly name?: string; readonly arguments?: string }
  }[]
}
interface Chunk {
  readonly choices: readonly { readonly delta: Delta; readonly finish_reason: string | null }[]
}

interface Streamed {
  readonly text: string
  readonly calls: readonly { readonly id?: string; readonly name?: string }[]
  readonly finish: string | null | undefined
  /** It ended in `[DONE]`. */
  readonly isDone: boolean
}

/** An answer that is being streamed, read as far as the test wants to. */
export interface LiveStream {
  readonly status: number
  readonly headers: Headers
  /** Reads until the text so far holds these words. */
  readonly hear: (words: string | RegExp) => Promise<void>
  /** The text that was read so far. */
  readonly heard: () => string
  /** Reads to the end. */
  readonly rest: () => Promise<Streamed>
  readonly hangUp: () => void
}

export async function openStream(url: string, init: RequestInit): Promise<LiveStream> {
  const { status, headers, raw, until, toEnd, hangUp } = await openBody(url, init)
  const heard = () => toStreamed(raw()).text
  return {
    status,
    headers,
    heard,
    hear: (words) => until(() => holds(heard(), words), words),
    rest: async () => toStreamed(await toEnd()),
    hangUp,
  }
}

/** White space at the end goes out with the next word. */
function holds(text: string, words: string | RegExp): boolean {
  return typeof words === 'string' ? text.includes(words.trimEnd()) : words.test(text)
}

/** The events that are whole. */
function toStreamed(raw: string): Streamed {
  const events = raw.split('\n\n').slice(0, -1)
  const data = events.filter((event) => event.startsWith('data: ')).map((event) => event.slice(6))
  const choices = data
    .filter((event) => event !== '[DONE]')
    .flatMap((event) => (JSON.parse(event) as Chunk).choices) // the form is checked elsewhere
  return {
    text: choices.map(({ delta }) => delta.content ?? '').join(''),
    calls: choices.flatMap(({ delta }) =>
      (delta.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name })),
    ),
    finish: choices.at(-1)?.finish_reason,
    isDone: data.at(-1) === '[DONE]',
  }
}
