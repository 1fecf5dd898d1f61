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
}

/** The error for the caller. Its cause is safe for a log: it holds nothing that the upstream said. */
export function upstreamError(reason: FailureReason): TurnstateError {
  const cause = new Error(CAUSES[reason])
  return reason === 'first_token_timeout' || reason === 'idle_timeout'
    ? new TurnstateError('upstream_timeout', 'The language model did not answer in time', { cause })
    : new TurnstateError('upstream_failed', 'The language model could not answer', { cause })
}
