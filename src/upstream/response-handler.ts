import { createJsonDecoder, createStreamDecoder } from './completion-decoder.ts'
import type { CompletionDecoder, DecodedRead } from './completion-decoder.ts'
import type { Exchange, ResponseHead } from './connection.ts'
import type { FailureReason } from './failure.ts'
import type { RequestSink } from './send-request.ts'
import { createTextDelivery } from './text-delivery.ts'
import type { TextDelivery } from './text-delivery.ts'
import type { Completion, CompletionListener } from './upstream.ts'

/** How one request ended. `error` is for a debug log only. */
export type Outcome =
  | { readonly type: 'completed'; readonly completion: Completion }
  | {
      readonly type: 'failed'
      readonly reason: FailureReason
      /** That of the response, if one came. */
      readonly head: ResponseHead | undefined
      /** The listener kept the upstream waiting just then. */
      readonly wasPaused: boolean
      readonly error?: unknown
    }
  /** The listener's signal was aborted, or the listener itself failed. */
  | { readonly type: 'abandoned'; readonly error: unknown }

export interface Limits {
  /** From the beginning, connecting included. */
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly totalMs: number
}

interface ReceiveOptions {
  readonly send: (sink: RequestSink) => Exchange
  readonly listener: CompletionListener
  readonly limits: Limits
  readonly stripThink: boolean
  /** Called once, before the listener's own. */
  readonly onFirstToken: () => void
  /** Called once. */
  readonly onOutcome: (outcome: Outcome) => void
  /** What came of a refusal's body in time, its beginning; once after such an outcome. */
  readonly onRefusal: (body: string, isWhole: boolean) => void
}

/** Some endpoints send neither [DONE] nor an end after the finish reason; usage may still come. */
const AFTER_FINISH_MS = 1000
/** A response whose rest nobody needs may end by itself, so that its connection can be used again. */
const DRAIN_MS = 1000
const MAX_DRAINED_BYTES = 64 * 1024
const MAX_REFUSAL_BYTES = 2048

interface Receiving {
  readonly options: ReceiveOptions
  readonly delivery: TextDelivery
  readonly onAbort: () => void
  exchange: Exchange | undefined
  head: ResponseHead | undefined
  decoder: CompletionDecoder | undefined
  /** `ending`: the answer is whole, the listener has not taken all of it. */
  phase: 'open' | 'ending' | 'over'
  hasBegun: boolean
  isFinished: boolean
  hasEnded: boolean
  timer: NodeJS.Timeout | undefined
  readonly totalTimer: NodeJS.Timeout
  /** Only while the rest of a response is waited for. */
  rest: { readonly isRefusal: boolean; bytes: number; text: string } | undefined
}

/**
 * Sends a request and turns what comes back into one outcome, text on the way. No promise is made per
 * chunk: at 50 tokens a second and call, that hop was a third of the transport's cost.
 */
export function receiveCompletion(options: ReceiveOptions): void {
  const { listener, limits } = options
  const { signal, onText } = listener
  const receiving: Receiving = {
    options,
    delivery: createTextDelivery({
      onText,
      pause: () => receiving.exchange?.pause(),
      resume: () => resume(receiving),
      onError: (error) => settle(receiving, { type: 'abandoned', error }),
    }),
    onAbort: () => settle(receiving, { type: 'abandoned', error: signal.reason }),
    exchange: undefined,
    head: undefined,
    decoder: undefined,
    phase: 'open',
    hasBegun: false,
    isFinished: false,
    hasEnded: false,
    timer: undefined,
    totalTimer: setTimeout(() => fail(receiving, 'total_timeout'), limits.totalMs),
    rest: undefined,
  }
  signal.addEventListener('abort', receiving.onAbort, { once: true })
  limit(receiving, limits.firstTokenMs, 'first_token_timeout')
  receiving.exchange = options.send({
    onHead: (head) => takeHead(receiving, head),
    onData: (bytes) => takeBody(receiving, bytes),
    onEnd: () => takeEnd(receiving),
    onError: (error) => takeError(receiving, error),
    onUnreachable: (error) => fail(receiving, 'connect', error),
  })
}

function resume(receiving: Receiving): void {
  receiving.exchange?.resume()
  // The upstream could send nothing until now.
  if (receiving.phase === 'open' && !receiving.isFinished) receiving.timer?.refresh()
}

function takeHead(receiving: Receiving, head: ResponseHead): void {
  receiving.head = head
  if (head.status >= 300) {
    fail(receiving, 'status')
    return
  }
  receiving.decoder = decoderFor(head, receiving.options)
  if (receiving.decoder === undefined) fail(receiving, 'content_type')
}

function decoderFor(
  { headers }: ResponseHead,
  { stripThink }: ReceiveOptions,
): CompletionDecoder | undefined {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return undefined
  const contentType = headers['content-type'] ?? 'text/event-stream'
  if (typeof contentType !== 'string') return undefined
  switch (contentType.split(';')[0]?.trim().toLowerCase()) {
    case 'text/event-stream':
      return createStreamDecoder({ stripThink })
    case 'application/json':
      return createJsonDecoder({ stripThink })
    default:
      return undefined
  }
}

function takeBody(receiving: Receiving, bytes: Buffer): void {
  const { decoder, phase } = receiving
  if (phase === 'open' && decoder !== undefined) takeRead(receiving, decoder, decoder.push(bytes))
  else if (receiving.rest !== undefined) takeRest(receiving, receiving.rest, bytes)
}

function takeEnd(receiving: Receiving): void {
  const { decoder, head, phase } = receiving
  receiving.hasEnded = true
  if (phase === 'over') drained(receiving, true)
  if (phase !== 'open' || decoder === undefined) return
  takeRead(receiving, decoder, decoder.end(head?.isFramed === true))
}

function takeError(receiving: Receiving, error: unknown): void {
  receiving.hasEnded = true
  if (receiving.phase === 'over') drained(receiving, false)
  // An answer that is whole stays so, whatever becomes of the connection.
  if (receiving.phase !== 'open') return
  if (receiving.isFinished && receiving.decoder !== undefined)
    conclude(receiving, receiving.decoder)
  else fail(receiving, isHeadTooLarge(error) ? 'too_large' : 'broken', error)
}

function isHeadTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW'
}

function takeRead(receiving: Receiving, decoder: CompletionDecoder, read: DecodedRead): void {
  if (read.failure !== undefined) {
    fail(receiving, read.failure)
    return
  }
  if (read.hasToken && !receiving.hasBegun && !begin(receiving)) return
  if (read.text !== '') receiving.delivery.add(read.text)
  if (read.progress === 'done') {
    conclude(receiving, decoder)
  } else if (read.progress === 'finished' && !receiving.isFinished) {
    receiving.isFinished = true
    arm(receiving, AFTER_FINISH_MS, () => conclude(receiving, decoder))
  } else if (read.hasToken && !receiving.isFinished) {
    receiving.timer?.refresh()
  }
}

/** False if nobody wants the answer any more, now that it begins. */
function begin(receiving: Receiving): boolean {
  const { listener, limits, onFirstToken } = receiving.options
  receiving.hasBegun = true
  limit(receiving, limits.idleMs, 'idle_timeout')
  onFirstToken()
  try {
    listener.onFirstToken?.()
  } catch (error) {
    settle(receiving, { type: 'abandoned', error })
  }
  return receiving.phase === 'open'
}

function conclude(receiving: Receiving, decoder: CompletionDecoder): void {
  receiving.phase = 'ending'
  clearTimeout(receiving.timer)
  // What is left is the listener's time, not the upstream's.
  clearTimeout(receiving.totalTimer)
  receiving.delivery.whenTaken(() => {
    const completion = decoder.completion()
    if (completion === undefined) fail(receiving, 'empty')
    else settle(receiving, { type: 'completed', completion })
  })
}

function fail(receiving: Receiving, reason: FailureReason, error?: unknown): void {
  const { head, delivery } = receiving
  settle(receiving, { type: 'failed', reason, head, wasPaused: delivery.isWaiting(), error })
}

function settle(receiving: Receiving, outcome: Outcome): void {
  if (receiving.phase === 'over') return
  receiving.phase = 'over'
  const { delivery, exchange, options } = receiving
  options.listener.signal.removeEventListener('abort', receiving.onAbort)
  delivery.stop()
  clearTimeout(receiving.timer)
  clearTimeout(receiving.totalTimer)
  const isRefusal = outcome.type === 'failed' && outcome.reason === 'status'
  if (outcome.type !== 'completed' && !isRefusal) {
    exchange?.abort()
  } else if (!receiving.hasEnded) {
    receiving.rest = { isRefusal, bytes: 0, text: '' }
    arm(receiving, DRAIN_MS, () => stopDraining(receiving))
  }
  options.onOutcome(outcome)
}

function takeRest(receiving: Receiving, rest: NonNullable<Receiving['rest']>, bytes: Buffer): void {
  rest.bytes += bytes.length
  if (rest.isRefusal) rest.text += bytes.toString()
  if (rest.bytes > (rest.isRefusal ? MAX_REFUSAL_BYTES : MAX_DRAINED_BYTES)) stopDraining(receiving)
}

function stopDraining(receiving: Receiving): void {
  receiving.exchange?.abort()
  drained(receiving, false)
}

function drained(receiving: Receiving, isWhole: boolean): void {
  const { rest } = receiving
  clearTimeout(receiving.timer)
  receiving.rest = undefined
  if (rest?.isRefusal) receiving.options.onRefusal(rest.text.slice(0, MAX_REFUSAL_BYTES), isWhole)
}

function limit(receiving: Receiving, afterMs: number, reason: FailureReason): void {
  arm(receiving, afterMs, () => {
    // The time that the listener takes is not the upstream's.
    if (receiving.delivery.isWaiting()) receiving.timer?.refresh()
    else fail(receiving, reason)
  })
}

function arm(receiving: Receiving, afterMs: number, onFire: () => void): void {
  clearTimeout(receiving.timer)
  receiving.timer = setTimeout(onFire, afterMs)
}
