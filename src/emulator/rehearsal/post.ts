import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Attempt } from './attempt.ts'
import { createStreamReading, type StreamReading } from './stream-reading.ts'

export interface PostOptions {
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  readonly body: unknown
  /** Milliseconds after which an open answer is given up. */
  readonly limitMs: number
  /** Whitespace counts as nothing. */
  readonly strict: boolean
  readonly signal: AbortSignal
}

/** A POST that is under way. */
export interface Posting {
  /** Resolves when it is over, however it ends. Never rejects. */
  readonly ended: Promise<Attempt>
  /** Resolves once so many characters of text, or a tool call, have come, or when it is over. */
  readonly heard: (characters: number) => Promise<void>
  readonly hasOutput: () => boolean
  /** Closes the socket, as the platform does. */
  readonly leave: () => void
  /** Closes the socket since the answer took too long. */
  readonly giveUp: () => void
}

interface Listener {
  readonly characters: number
  readonly resolve: () => void
}

/** Sends a body as the platform does: over a connection of its own, reading the stream as it comes. */
export function post(options: PostOptions): Posting {
  const reading = createStreamReading()
  const postedAt = performance.now()
  const listeners = new Set<Listener>()
  let resolveEnded: (attempt: Attempt) => void = () => undefined
  const ended = new Promise<Attempt>((resolve) => (resolveEnded = resolve))
  let answer: IncomingMessage | undefined
  let firstOutputMs: number | null = null
  let ending: Attempt['ending'] | undefined

  const hasOutput = () => outputLength() > 0 || reading.calls().length > 0
  const outputLength = () => (options.strict ? reading.text().trim() : reading.text()).length

  function finish(how: Attempt['ending']): void {
    if (ending !== undefined) return
    ending = how
    clearTimeout(limit)
    options.signal.removeEventListener('abort', leave)
    resolveEnded(toAttempt({ answer, reading, firstOutputMs, postedAt, ending }))
    for (const { resolve } of listeners) resolve()
    outgoing.destroy()
  }

  function take(bytes: Buffer): void {
    reading.push(bytes)
    if (firstOutputMs === null && hasOutput()) firstOutputMs = performance.now() - postedAt
    for (const listener of listeners) {
      if (outputLength() >= listener.characters || reading.calls().length > 0) listener.resolve()
    }
  }

  const leave = () => finish('left')
  const outgoing = openRequest(options)
  outgoing.once('response', (incoming) => {
    answer = incoming
    incoming.on('data', take)
    incoming.once('end', () => {
      reading.end()
      finish('whole')
    })
    incoming.once('error', () => finish('cut'))
    incoming.once('close', () => finish('cut'))
  })
  outgoing.once('error', () => finish(answer ? 'cut' : 'refused'))
  const limit = setTimeout(() => finish('limit'), options.limitMs)
  options.signal.addEventListener('abort', leave)
  if (options.signal.aborted) leave()

  return {
    ended,
    hasOutput,
    leave,
    giveUp: () => finish('limit'),
    heard: (characters) =>
      new Promise((resolve) => {
        if (ending !== undefined || outputLength() >= characters) resolve()
        else listeners.add({ characters, resolve })
      }),
  }
}

interface Course {
  readonly answer: IncomingMessage | undefined
  readonly reading: StreamReading
  readonly firstOutputMs: number | null
  readonly postedAt: number
  readonly ending: Attempt['ending']
}

function toAttempt({ answer, reading, ...course }: Course): Attempt {
  return {
    ...course,
    status: answer?.statusCode ?? null,
    headers: plainHeaders(answer),
    text: reading.text(),
    calls: reading.calls(),
    isDone: reading.isDone(),
    oddities: [...formOddities(answer), ...reading.oddities()],
    endedAt: performance.now(),
  }
}

function openRequest({ url, headers, body }: PostOptions): ClientRequest {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const open = url.startsWith('https:') ? httpsRequest : httpRequest
  const outgoing = open(url, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'content-length': bytes.length,
      ...headers,
    },
  })
  outgoing.end(bytes)
  return outgoing
}

function formOddities(answer: IncomingMessage | undefined): readonly string[] {
  const type = answer?.headers['content-type'] ?? ''
  const isGood = (answer?.statusCode ?? 0) >= 200 && (answer?.statusCode ?? 0) < 300
  if (!isGood || type.startsWith('text/event-stream')) return []
  return ['an answer that is no event stream']
}

function plainHeaders(answer: IncomingMessage | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(answer?.headers ?? {}).map(([name, value]) => [name, String(value)]),
  )
}
