import type { Dispatcher } from 'undici'
import { createJsonDecoder, createStreamDecoder } from './completion-decoder.ts'
import type { CompletionDecoder, DecodedRead } from './completion-decoder.ts'
import type { FailureReason } from './failure.ts'
import { createTextDelivery } from './text-delivery.ts'
import type { TextDelivery } from './text-delivery.ts'
import type { Completion, CompletionListener } from './upstream.ts'

type Controller = Dispatcher.DispatchController
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** How one request ended. `error` and `body` are for a debug log only. */
export type Outcome =
  | { readonly type: 'completed'; readonly completion: Completion }
  | {
      readonly type: 'failed'
      readonly reason: FailureReason
      readonly status: number | undefined
      readonly error?: unknown
    }
  /** The listener's signal was aborted, or the listener itself failed. */
  | { readonly type: 'abandoned'; readonly error: unknown }

interface ResponseHandlerOptions {
  readonly listener: CompletionListener
  readonly firstTokenTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly stripThink: boolean
  /** Called once. */
  readonly onOutcome: (outcome: Outcome) => void
  /** What a refusal said, its beginning; after the outcome. */
  readonly onRefusal: (body: string) => void
}

/** Some endpoints send neither [DONE] nor an end after the finish reason; usage may still come. */
const AFTER_FINISH_MS = 1000
/** A response whose rest nobody needs may end by itself, so that its connection can be used again. */
const DRAIN_MS = 1000
const MAX_REFUSAL_BYTES = 2048

interface Receiving {
  readonly options: ResponseHandlerOptions
  readonly delivery: TextDelivery
  readonly onAbort: () => void
  controller: Controller | undefined
  status: number | undefined
  decoder: CompletionDecoder | undefined
  isFramed: boolean
  /** `ending`: the answer is whole, the listener has not taken all of it. */
  phase: 'open' | 'ending' | 'over'
  hasBegun: boolean
  isFinished: boolean
  timer: NodeJS.Timeout | undefined
  refusal: string
}

/**
 * Turns the callbacks of one HTTP request into one outcome, text on the way. No promise is made per
 * chunk: at 50 tokens a second and call, that hop was a third of the transport's cost.
 */
export function createResponseHandler(options: ResponseHandlerOptions): Dispatcher.DispatchHandler {
  const { signal, onText } = options.listener
  const receiving: Receiving = {
    options,
    delivery: createTextDelivery({
      onText,
      pause: () => receiving.controller?.pause(),
      resume: () => receiving.controller?.resume(),
      onError: (error) => settle(receiving, { type: 'abandoned', error }),
    }),
    onAbort: () => settle(receiving, { type: 'abandoned', error: signal.reason }),
    controller: undefined,
    status: undefined,
    decoder: undefined,
    isFramed: false,
    phase: 'open',
    hasBegun: false,
    isFinished: false,
    timer: undefined,
    refusal: '',
  }
  signal.addEventListener('abort', receiving.onAbort, { once: true })
  limit(receiving, options.firstTokenTimeoutMs, 'first_token_timeout')
  return {
    onRequestStart: (controller) => {
      receiving.controller = controller
      if (receiving.phase === 'over') controller.abort(new Error('nobody waits for the answer'))
    },
    onResponseStart: (_, status, headers) => takeHead(receiving, status, headers),
    onResponseData: (controller, bytes) => takeBody(receiving, controller, bytes),
    onResponseEnd: () => takeEnd(receiving),
    onResponseError: (_, error) => takeError(receiving, error),
  }
}

function takeHead(receiving: Receiving, status: number, headers: Headers): void {
  if (status < 200 || receiving.phase === 'over') return
  receiving.status = status
  receiving.isFramed =
    headers['transfer-encoding'] === 'chunked' || headers['content-length'] !== undefined
  if (status >= 300) {
    fail(receiving, 'status')
    return
  }
  receiving.decoder = decoderFor(headers, receiving.options)
  if (receiving.decoder === undefined) fail(receiving, 'content_type')
}

function decoderFor(
  headers: Headers,
  { stripThink }: ResponseHandlerOptions,
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

function takeBody(receiving: Receiving, controller: Controller, bytes: Buffer): void {
  const { decoder, phase } = receiving
  if (phase === 'over' && receiving.status !== undefined && receiving.status >= 300) {
    receiving.refusal += bytes.toString()
    if (receiving.refusal.length > MAX_REFUSAL_BYTES) controller.abort(new Error('refused'))
  }
  if (phase === 'open' && decoder !== undefined) takeRead(receiving, decoder, decoder.push(bytes))
}

function takeEnd(receiving: Receiving): void {
  const { decoder, phase } = receiving
  if (phase === 'over') drained(receiving)
  if (phase !== 'open' || decoder === undefined) return
  takeRead(receiving, decoder, decoder.end(receiving.isFramed))
}

function takeError(receiving: Receiving, error: unknown): void {
  if (receiving.phase === 'over') drained(receiving)
  // An answer that is whole stays so, whatever becomes of the connection.
  if (receiving.phase !== 'open') return
  if (receiving.isFinished && receiving.decoder !== undefined)
    conclude(receiving, receiving.decoder)
  else fail(receiving, receiving.controller === undefined ? 'connect' : 'broken', error)
}

function drained(receiving: Receiving): void {
  clearTimeout(receiving.timer)
  if (receiving.refusal !== '') {
    receiving.options.onRefusal(receiving.refusal.slice(0, MAX_REFUSAL_BYTES))
  }
  receiving.refusal = ''
}

function takeRead(receiving: Receiving, decoder: CompletionDecoder, read: DecodedRead): void {
  if (read.failure !== undefined) {
    fail(receiving, read.failure)
    return
  }
  if (read.text !== '') receiving.delivery.add(read.text)
  if (read.progress === 'done') {
    conclude(receiving, decoder)
  } else if (read.progress === 'finished' && !receiving.isFinished) {
    receiving.isFinished = true
    arm(receiving, AFTER_FINISH_MS, () => conclude(receiving, decoder))
  } else if (read.hasToken && !receiving.hasBegun) {
    limit(receiving, receiving.options.idleTimeoutMs, 'idle_timeout')
  } else if (read.hasToken) {
    receiving.timer?.refresh()
  }
  receiving.hasBegun ||= read.hasToken
}

function conclude(receiving: Receiving, decoder: CompletionDecoder): void {
  receiving.phase = 'ending'
  clearTimeout(receiving.timer)
  receiving.delivery.whenTaken(() => {
    const completion = decoder.completion()
    if (completion === undefined) fail(receiving, 'empty')
    else settle(receiving, { type: 'completed', completion })
  })
}

function fail(receiving: Receiving, reason: FailureReason, error?: unknown): void {
  settle(receiving, { type: 'failed', reason, status: receiving.status, error })
}

function settle(receiving: Receiving, outcome: Outcome): void {
  if (receiving.phase === 'over') return
  receiving.phase = 'over'
  const { controller, delivery, options } = receiving
  options.listener.signal.removeEventListener('abort', receiving.onAbort)
  delivery.stop()
  clearTimeout(receiving.timer)
  const mayDrain =
    outcome.type === 'completed' || (outcome.type === 'failed' && outcome.reason === 'status')
  if (mayDrain) arm(receiving, DRAIN_MS, () => controller?.abort(new Error('not drained in time')))
  else controller?.abort(new Error('nobody waits for the answer'))
  options.onOutcome(outcome)
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
