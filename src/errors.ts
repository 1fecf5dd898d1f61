/** The closed list of what can go wrong; every front end owns a table from code to its wire. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'not_found'
  | 'body_too_large'
  | 'overloaded'
  | 'rate_limited'
  | 'draining'
  | 'upstream_failed'
  | 'upstream_timeout'
  | 'caller_gone'
  | 'store_unavailable'
  | 'internal'

interface ErrorDetails {
  /** What went wrong underneath; for the log, never for the caller. */
  readonly cause?: unknown
  /** The field of the request that is wrong, as a path: `messages[2].role`. */
  readonly param?: string
}

/**
 * The one error class. The message is for the caller: what happened and what to do. It holds no
 * stack, key, URL or upstream text.
 */
export class TurnstateError extends Error {
  readonly code: ErrorCode
  readonly param: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'TurnstateError'
    this.code = code
    this.param = details.param
  }
}
