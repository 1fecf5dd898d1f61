import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorObject } from 'openai/resources/shared'
import { TurnstateError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'

interface Wire {
  readonly status: number
  readonly type: 'invalid_request_error' | 'server_error'
  readonly code: string
  readonly headers?: Readonly<Record<string, string>>
}

const WIRE = {
  invalid_request: { status: 400, type: 'invalid_request_error', code: 'invalid_request' },
  unauthorized: {
    status: 401,
    type: 'invalid_request_error',
    code: 'invalid_api_key',
    headers: { 'www-authenticate': 'Bearer' },
  },
  not_found: { status: 404, type: 'invalid_request_error', code: 'not_found' },
  body_too_large: { status: 413, type: 'invalid_request_error', code: 'body_too_large' },
  overloaded: {
    status: 503,
    type: 'server_error',
    code: 'overloaded',
    headers: { 'retry-after': '1' },
  },
  // When to come back is known to the limit alone, which says it in a header of its own.
  rate_limited: { status: 429, type: 'invalid_request_error', code: 'rate_limited' },
  draining: {
    status: 503,
    type: 'server_error',
    code: 'draining',
    headers: { 'retry-after': '5' },
  },
  upstream_failed: { status: 502, type: 'server_error', code: 'upstream_failed' },
  upstream_timeout: { status: 504, type: 'server_error', code: 'upstream_timeout' },
  store_unavailable: {
    status: 503,
    type: 'server_error',
    code: 'store_unavailable',
    headers: { 'retry-after': '1' },
  },
  // Nobody is there to read it.
  caller_gone: { status: 499, type: 'invalid_request_error', code: 'caller_gone' },
  internal: { status: 500, type: 'server_error', code: 'internal' },
} as const satisfies Record<ErrorCode, Wire>

interface OpenAIErrorReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error: ErrorObject }
}

/** The only maker of OpenAI's error body. */
export function toOpenAIError(error: TurnstateError): OpenAIErrorReply {
  const { status, type, code, headers }: Wire = WIRE[error.code]
  return {
    status,
    headers: headers ?? {},
    body: { error: { message: error.message, type, param: error.param ?? null, code } },
  }
}

/** Whatever was thrown, as the one error class; what nobody foresaw is `internal`. */
function toTurnstateError(error: unknown): TurnstateError {
  if (error instanceof TurnstateError) return error
  const status = statusOf(error)
  if (status === 413)
    return new TurnstateError('body_too_large', 'The body is too large', { cause: error })
  if (status === 404) return new TurnstateError('not_found', NOT_FOUND, { cause: error })
  if (status >= 400 && status < 500) {
    return new TurnstateError('invalid_request', 'The request could not be read', { cause: error })
  }
  return new TurnstateError('internal', 'The server made a mistake', { cause: error })
}

const NOT_FOUND =
  'There is nothing here. The base URL of this API ends in /v1, its main routes are POST /v1/chat/completions and POST /v1/responses'

/** Answers every error of every route; `internal` is logged whole, since nobody expected it. */
export function createErrorHandler(log: Log) {
  return (thrown: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
    const error = toTurnstateError(thrown)
    if (error.code === 'caller_gone') {
      reply.hijack()
      reply.raw.destroy()
      return
    }
    const { status, headers, body } = toOpenAIError(error)
    if (error.code === 'internal') log.error({ err: error.cause ?? error }, 'request failed')
    else log.warn({ status, code: error.code, param: error.param }, 'request refused')
    // Fastify would close at once, and a client that still sends would lose the answer to a reset.
    if (reply.hasHeader('connection')) reply.removeHeader('connection')
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body)
  }
}

export function answerNotFound(): never {
  throw new TurnstateError('not_found', NOT_FOUND)
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500
}
