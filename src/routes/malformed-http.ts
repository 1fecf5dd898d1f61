import type { Socket } from 'node:net'
import { TurnstateError } from '../errors.ts'
import { toOpenAIError } from './openai/error-reply.ts'

const REASONS = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'The request took too long to arrive',
  },
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'The headers of the request are too large',
  },
} as const

const NO_HTTP = { status: '400 Bad Request', message: 'This is not valid HTTP' }

/** Answers what never became a request, in the form of every other error. */
export function answerMalformedHttp(
  error: Error & { readonly code?: string },
  socket: Socket,
): void {
  // Anything written now would stand in the middle of an answer.
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const { status, message } =
    error.code !== undefined && error.code in REASONS
      ? REASONS[error.code as keyof typeof REASONS] // a key, checked in the line before
      : NO_HTTP
  const body = JSON.stringify(toOpenAIError(new TurnstateError('invalid_request', message)).body)
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
