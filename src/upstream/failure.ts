import { TurnstateError } from '../errors.ts'

/** Why a completion failed; what the log says, since upstream text must not stand there. */
export type FailureReason =
  | 'connect'
  | 'status'
  | 'content_type'
  | 'broken'
  | 'ended_early'
  | 'not_json'
  | 'too_large'
  | 'error_event'
  | 'empty'
  | 'first_token_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'circuit_open'

const CAUSES: Readonly<Record<FailureReason, string>> = {
  connect: 'could not connect',
  status: 'the status was not 200',
  content_type: 'the content was neither an event stream nor JSON',
  broken: 'the connection broke',
  ended_early: 'the stream ended before the answer was whole',
  not_json: 'the data was not a JSON object',
  too_large: 'the answer was too large',
  error_event: 'the stream held an error',
  empty: 'there was neither text nor a tool call',
  first_token_timeout: 'no token arrived in time',
  idle_timeout: 'the tokens stopped',
  total_timeout: 'the answer took too long',
  circuit_open: 'every upstream said to come back later',
}

/** What stands behind the error for the caller; safe for a log: it holds nothing that the upstream said. */
class UpstreamFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason) {
    super(CAUSES[reason])
    this.reason = reason
  }
}

/** The error for the caller; `failureReasonOf` finds the reason in it again. */
export function upstreamError(reason: FailureReason): TurnstateError {
  const cause = new UpstreamFailure(reason)
  return TIMEOUTS.has(reason)
    ? new TurnstateError('upstream_timeout', 'The language model did not answer in time', { cause })
    : new TurnstateError('upstream_failed', 'The language model could not answer', { cause })
}

/** Undefined for an error that no upstream is the reason of: an abort, a listener that threw. */
export function failureReasonOf(error: unknown): FailureReason | undefined {
  const cause = error instanceof TurnstateError ? error.cause : undefined
  return cause instanceof UpstreamFailure ? cause.reason : undefined
}

const TIMEOUTS: ReadonlySet<FailureReason> = new Set([
  'first_token_timeout',
  'idle_timeout',
  'total_timeout',
])
