import type { Log } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { Metrics } from '../../src/observability/metrics.ts'
import { upstreamError } from '../../src/upstream/failure.ts'
import type { FailureReason } from '../../src/upstream/failure.ts'
import type { RoutingOptions } from '../../src/upstream/options.ts'
import { createRouting } from '../../src/upstream/routing.ts'
import type {
  Completion,
  CompletionListener,
  CompletionRequest,
  Endpoint,
  Upstream,
} from '../../src/upstream/upstream.ts'

/** One request to an endpoint, answered by the test as it goes on. */
export interface Asking {
  readonly request: CompletionRequest
  readonly signal: AbortSignal
  /** Gives the first token without text, as a part of a tool call does. */
  token(): void
  /** What the listener answered. */
  say(text: string): unknown
  complete(completion?: Partial<Completion>): void
  fail(reason: FailureReason | Error): void
  isRunning(): boolean
}

export interface HandMadeEndpoint extends Endpoint {
  readonly askings: readonly Asking[]
  /** The request with this number, from 1; waits until it has come. */
  asked(number?: number): Promise<Asking>
  isAdmitting: boolean
  isWaiting: boolean
  p95: number | undefined
  /** How often it was asked whether it admits. */
  admissions: number
  isClosed: boolean
}

export function createEndpoint(name: string): HandMadeEndpoint {
  const askings: Asking[] = []
  const waiting: { readonly number: number; readonly resolve: (asking: Asking) => void }[] = []
  const endpoint: HandMadeEndpoint = {
    name,
    askings,
    asked: (number = 1) =>
      new Promise((resolve) => {
        const asking = askings[number - 1]
        if (asking) resolve(asking)
        else waiting.push({ number, resolve })
      }),
    isAdmitting: true,
    isWaiting: false,
    p95: undefined,
    admissions: 0,
    isClosed: false,
    complete: (request, listener) =>
      new Promise((resolve, reject) => {
        const asking = createAsking(request, listener, { resolve, reject })
        askings.push(asking)
        for (const { number, resolve } of waiting) if (number === askings.length) resolve(asking)
      }),
    admits: () => {
      endpoint.admissions++
      return endpoint.isAdmitting
    },
    isToldToWait: () => endpoint.isWaiting,
    firstTokenP95Ms: () => endpoint.p95,
    isUsable: () => endpoint.isAdmitting,
    close: async () => {
      endpoint.isClosed = true
    },
  }
  return endpoint
}

interface Settling {
  readonly resolve: (completion: Completion) => void
  readonly reject: (error: unknown) => void
}

function createAsking(
  request: CompletionRequest,
  { signal, onText, onFirstToken }: CompletionListener,
  { resolve, reject }: Settling,
): Asking {
  let isRunning = true
  let hasBegun = false
  let text = ''
  function end(): void {
    isRunning = false
    signal.removeEventListener('abort', onAbort)
  }
  function onAbort(): void {
    end()
    reject(signal.reason)
  }
  function token(): void {
    if (!hasBegun) onFirstToken?.()
    hasBegun = true
  }
  signal.addEventListener('abort', onAbort)
  return {
    request,
    signal,
    token,
    say: (delta) => {
      token()
      text += delta
      return onText(delta)
    },
    complete: (completion) => {
      end()
      resolve({ text, calls: [], finishReason: 'stop', ...completion })
    },
    fail: (reason) => {
      end()
      reject(typeof reason === 'string' ? upstreamError(reason) : reason)
    },
    isRunning: () => isRunning,
  }
}

export const REQUEST: CompletionRequest = {
  messages: [{ role: 'user', content: 'Hi' }],
  tools: [],
  parameters: {},
  wantsUsage: false,
  state: 's',
}

interface LogLine {
  readonly level: string
  readonly message: string
  readonly values: object
}

interface Routed {
  readonly upstream: Upstream
  readonly lines: readonly LogLine[]
  /** Counters of failovers, hedges and continuations, as `failover a`, `hedge won`. */
  readonly counted: readonly string[]
  readonly run: (listener?: Partial<CompletionListener>) => RoutedRun
}

interface RoutedRun {
  readonly texts: readonly string[]
  readonly completion: Promise<Completion>
  /** How often the first token was reported. */
  readonly firstTokens: () => number
}

/** Routing over these endpoints, and what it logs and counts. */
export function routeOver(endpoints: readonly Endpoint[], hedge?: RoutingOptions['hedge']): Routed {
  const lines: LogLine[] = []
  const counted: string[] = []
  const upstream = createRouting({ endpoints, hedge, log: logTo(lines), metrics: countTo(counted) })
  return { upstream, lines, counted, run: (listener) => runOn(upstream, listener) }
}

function runOn(upstream: Upstream, listener: Partial<CompletionListener> = {}): RoutedRun {
  const texts: string[] = []
  let firstTokens = 0
  const completion = upstream.complete(REQUEST, {
    signal: listener.signal ?? new AbortController().signal,
    onFirstToken: () => {
      firstTokens++
    },
    onText: (text) => {
      texts.push(text)
      return listener.onText?.(text)
    },
  })
  return { texts, completion, firstTokens: () => firstTokens }
}

function logTo(lines: LogLine[]): Log {
  const method = (level: string) => (values: object, message: string) =>
    void lines.push({ level, message, values })
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

function countTo(counted: string[]): Metrics {
  return {
    ...createMetrics(),
    failover: (upstream) => void counted.push(`failover ${upstream}`),
    hedge: (result) => void counted.push(`hedge ${result}`),
    continuation: (result) => void counted.push(`continuation ${result}`),
  }
}
