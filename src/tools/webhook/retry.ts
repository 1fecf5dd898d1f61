import type { HttpResult } from './http-call.ts'

const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 200
/** A try that had less time would only end in a time-out. */
const MIN_TRY_MS = 100

const BUSY_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** Of a gateway that gave up: what it had handed on may be done all the same. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 504])
const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Whether the call may have been done although no success was answered. */
export function mayBeDone(result: HttpResult): boolean {
  return result.type === 'failure' ? result.sent : GATEWAY_STATUSES.has(result.status)
}

interface RetryConditions {
  /** A second request does no harm: a read, or a write whose key the other side honours. */
  readonly mayRepeat: boolean
  readonly leftMs: number
  /** From 0 to 1. */
  readonly random: number
}

/** Milliseconds to wait until a call is tried once more; null if it must not be, or has no time. */
export function pauseBeforeRetry(
  result: HttpResult,
  { mayRepeat, leftMs, random }: RetryConditions,
): number | null {
  if (!isSafeToRepeat(result, mayRepeat)) return null
  const askedMs = result.type === 'answer' ? (result.retryAfterMs ?? 0) : 0
  const jitteredMs = MIN_PAUSE_MS + random * (MAX_PAUSE_MS - MIN_PAUSE_MS)
  const pauseMs = Math.max(askedMs, jitteredMs)
  return pauseMs + MIN_TRY_MS <= leftMs ? pauseMs : null
}

function isSafeToRepeat(result: HttpResult, mayRepeat: boolean): boolean {
  if (result.type === 'answer') return mayRepeat && BUSY_STATUSES.has(result.status)
  if (result.why !== 'broken') return false
  return !result.sent || (mayRepeat && RESET_CODES.has(result.code ?? ''))
}
