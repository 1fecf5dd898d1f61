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
  /** Told of each piece of a good answer's text as it comes; never once it is over. */
  readonly onText?: (piece: string) => void
}

/** A POST that is under way. */
export interface Posting {
  /** Resolves when it is over, however it ends. Never rejects. */
  readonly ended: Promise<Attempt>
  /** Resolves once so many characters of text, or a tool call, have come, or when it is over. */
  readonly heard: (characters: number) => Promise<void>
  readonly hasOutput: () => boolean
  /** Takes nothing more and closes the socket, as the platform does; `keep`: only when the signal aborts. */
  readonly leave: (socket?: 'close' | 'keep') => void
  /** Closes the socket since the answer took too long. */
  readonly giveUp: () => void
}

interface Listener {
  readonly characters: number
  readonly resolve: () => void
}

/** Sends a body as the platform does: over a connection of its own, reading the stream as it comes. */
export function post(options: PostOptions): Posting {
  const reading = createStreamReading((piece) => {
    if (ending === undefined && isGood(answer)) options.onText?.(piece)
  })
  const postedAt = performance.now()
  const listeners = new Set<Listener>()
  let resolveEnded: (attempt: Attempt) => void = () => undefined
  const ended = new Promise<Attempt>((resolve) => (resolveEnded = resolve))
  let answer: IncomingMessage | undefined
  let firstOutputMs: number | null = null
  let ending: Attempt['ending'] | undefined

  const hasOutput = () => outputLength() > 0 || reading.hasCalls()
  const outputLength = () => (options.strict && !reading.hasWords() ? 0 : reading.text().length)

  function finish(how: Attempt['ending'], socket: 'close' | 'keep' = 'close'): void {
    if (ending !== undefined) return
    ending = how
    clearTimeout(limit)
    options.signal.removeEventListener('abort', leave)
    resolveEnded(toAttempt({ answer, reading, firstOutputMs, postedAt, ending }))
    for (const { resolve } of listeners) resolve()
    const close = () => void outgoing.destroy()
    if (socket === 'close') close()
    else options.signal.addEventListener('abort', close, { once: true })
  }

  function take(bytes: Buffer): void {
    if (ending !== undefined) return
    const isReadable = reading.push(bytes)
    if (firstOutputMs === null && hasOutput()) firstOutputMs = performance.now() - postedAt
    for (const listener of listeners) {
      if (outputLength() >= listener.characters || reading.hasCalls()) listener.resolve()
    }
    if (!isReadable) finish('limit')
  }

  const leave = () => finish('left')
  const outgoing = openRequest(options)
  watch(outgoing, {
    onAnswer: (incoming) => (answer = incoming),
    onBytes: take,
    onEnd: () => {
      reading.end()
      finish('whole')
    },
    onBreak: () => finish(answer ? 'cut' : 'refused'),
  })
  const limit = setTimeout(() => finish('limit'), options.limitMs)
  options.signal.addEventListener('abort', leave)
  if (options.signal.aborted) leave()

  return {
    ended,
    hasOutput,
    leave: (socket) => finish('left', socket),
    giveUp: () => finish('limit'),
    heard: (characters) =>
      new Promise((resolve) => {
        if (ending !== undefined || outputLength() >= characters) resolve()
        else listeners.add({ characters, resolve })
      }),
  }
}

interface Watcher {
  readonly onAnswer: (incoming: IncomingMessage) => void
  readonly onBytes: (bytes: Buffer) => void
  readonly onEnd: () => void
  /** May come after the end, and more than once. */
  readonly onBreak: () => void
}

/** However the exchange ends, a socket that merely closes included, it is told. */
function watch(outgoing: ClientRequest, { onAnswer, onBytes, onEnd, onBreak }: Watcher): void {
  let hasStream = false
  outgoing.once('response', (incoming) => {
    hasStream = true
    onAnswer(incoming)
    incoming.on('data', onBytes)
    incoming.once('end', onEnd)
    incoming.on('error', onBreak)
    incoming.once('close', onBreak)
  })
  outgoing.once('upgrade', (incoming, socket) => {
    socket.destroy()
    onAnswer(incoming)
    onBreak()
  })
  outgoing.on('error', onBreak)
  // A stream has a close of its own: the socket may close before the last of it was read.
  outgoing.once('close', () => {
    if (!hasStream) onBreak()
  })
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

function isGood(answer: IncomingMessage | undefined): boolean {
  const status = answer?.statusCode ?? 0
  return status >= 200 && status < 300
}

function formOddities(answer: IncomingMessage | undefined): readonly string[] {
  const type = answer?.headers['content-type'] ?? ''
  if (!isGood(answer) || type.startsWith('text/event-stream')) return []
  return ['an answer that is no event stream']
}

function plainHeaders(answer: IncomingMessage | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(answer?.headers ?? {}).map(([name, value]) => [name, String(value)]),
  )
}
