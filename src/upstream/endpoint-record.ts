import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { createCircuitBreaker } from './circuit-breaker.ts'
import type { Attempt } from './circuit-breaker.ts'
import { createFirstTokenTimes } from './first-token-times.ts'
import type { FirstTokenTimes } from './first-token-times.ts'
import { refusalCode, retryAfterMs } from './refusal.ts'
import type { Outcome } from './response-handler.ts'

interface EndpointRecordOptions {
  readonly name: string
  /** Not to stand in a log. */
  readonly secrets: readonly string[]
  readonly log: Log
  readonly metrics: Metrics
  /** In milliseconds. */
  readonly now: () => number
}

/** What is written down of one request: `withdraw` alone, or else `ended`. */
interface Entry {
  /** It was not sent. */
  readonly withdraw: () => void
  readonly tookFirstToken: () => void
  readonly ended: (outcome: Outcome) => void
  readonly refused: (body: string, isWhole: boolean) => void
}

export interface EndpointRecord {
  readonly admits: () => boolean
  readonly isUsable: () => boolean
  readonly isToldToWait: () => boolean
  readonly firstTokenP95Ms: () => number | undefined
  readonly begin: () => Entry
}

/** How an endpoint's requests went, for routing, log and metrics. */
export function createEndpointRecord(options: EndpointRecordOptions): EndpointRecord {
  const { name, log, metrics, now } = options
  const times = createFirstTokenTimes()
  const breaker = createCircuitBreaker({
    now,
    onOpened(reason, forMs) {
      log.warn({ upstream: name, reason, openMs: Math.ceil(forMs) }, 'circuit opened')
      metrics.upstreamCircuit(name, true)
    },
    onClosed() {
      log.info({ upstream: name }, 'circuit closed')
      metrics.upstreamCircuit(name, false)
    },
  })
  metrics.upstreamCircuit(name, false)
  return {
    admits: breaker.admits,
    isUsable: breaker.isUsable,
    isToldToWait: breaker.isToldToWait,
    firstTokenP95Ms: times.p95Ms,
    begin: () => createEntry(options, times, breaker.begin()),
  }
}

function createEntry(
  options: EndpointRecordOptions,
  times: FirstTokenTimes,
  attempt: Attempt,
): Entry {
  const { name: upstream, metrics, now } = options
  const startedAt = now()
  let hasToken = false
  let failed: Failed | undefined
  return {
    withdraw: attempt.abandoned,
    tookFirstToken() {
      hasToken = true
      const ms = now() - startedAt
      const averageSeconds = times.add(ms) / 1000
      metrics.upstreamFirstToken({ upstream, seconds: ms / 1000, averageSeconds })
    },
    ended(outcome) {
      const isFailed = outcome.type === 'failed'
      metrics.upstreamRequest({ upstream, outcome: isFailed ? outcome.reason : outcome.type })
      const isLate = isFailed && outcome.reason === 'first_token_timeout'
      const isUnfinished = outcome.type === 'abandoned' && !hasToken
      if (isLate || isUnfinished) times.addUnfinished(now() - startedAt)
      judge(attempt, outcome)
      if (!isFailed) return
      failed = outcome
      // A refusal is logged once its body has come, which a caller need not wait for.
      if (outcome.reason !== 'status') logFailure(options, outcome)
    },
    refused(body, isWhole) {
      if (failed === undefined) return
      logFailure(options, failed, refusalCode(body))
      if (body === '') return
      options.log.debug(
        { upstream, body: withoutSecrets(body, isWhole, options) },
        'upstream refused',
      )
    },
  }
}

type Failed = Extract<Outcome, { type: 'failed' }>

/** These say something of the request, not of the endpoint. */
const WRONG_REQUEST: ReadonlySet<number> = new Set([400, 413, 422])

function judge(attempt: Attempt, outcome: Outcome): void {
  if (outcome.type === 'completed') {
    attempt.succeeded()
    return
  }
  const isCallers =
    outcome.type === 'abandoned' ||
    (outcome.reason === 'total_timeout' && outcome.wasPaused) ||
    (outcome.reason === 'status' && WRONG_REQUEST.has(outcome.head?.status ?? 0))
  if (isCallers) {
    attempt.abandoned()
    return
  }
  const { reason, head } = outcome
  const waitMs = reason === 'status' && head ? retryAfterMs(head.headers, new Date()) : undefined
  attempt.failed(reason, waitMs)
}

function logFailure(
  { name: upstream, log }: EndpointRecordOptions,
  { reason, head, error }: Failed,
  refusal?: string,
): void {
  const values = { upstream, status: head?.status, reason, ...(refusal && { refusal }) }
  log.warn(values, 'upstream request failed')
  if (error !== undefined) log.debug({ upstream, err: error }, 'upstream error')
}

/** Some endpoints quote the key that they refuse; a body cut short may end in a part of it. */
function withoutSecrets(body: string, isWhole: boolean, options: EndpointRecordOptions): string {
  const secrets = options.secrets.toSorted((one, other) => other.length - one.length)
  const text = secrets.reduce((left, secret) => left.replaceAll(secret, '***'), body)
  return isWhole ? text : text.slice(0, text.length - (secrets[0]?.length ?? 0))
}
