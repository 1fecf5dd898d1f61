import type { Socket } from 'node:net'

/** A POST, its body already in bytes. */
export interface WireRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Uint8Array[]
}

export interface ResponseHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The end of the body is announced, so that it cannot be a cut connection. */
  readonly isFramed: boolean
}

/** What becomes of one request; `onEnd` or `onError` is the last call, and none follows an abort. */
export interface ResponseSink {
  readonly onHead: (head: ResponseHead) => void
  readonly onData: (bytes: Buffer) => void
  readonly onEnd: () => void
  readonly onError: (error: unknown) => void
}

export interface Exchange {
  pause(): void
  resume(): void
  /** Ends it at once: closes the connection (HTTP/1.1) or resets the stream (HTTP/2). */
  abort(): void
}

/** One open connection, whatever it speaks. */
export interface Connection {
  readonly socket: Socket
  /** How many requests it takes now. */
  room(): number
  start(request: WireRequest, sink: ResponseSink): Exchange
  /** Running requests fail with the error. */
  close(error: Error): void
}

export interface ConnectionListener {
  /** A request has ended and another one may start. */
  readonly onFree: () => void
  /** Takes no more requests, though some may still be running; called once. */
  readonly onGone: () => void
}

/** The connection was lost under a request: nothing is known of the endpoint itself. */
export function connectionLost(): Error {
  return Object.assign(new Error('The connection was lost'), { code: 'ECONNRESET' })
}

const LOST: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
])

/** Whether a request failed because its connection was closed, not by what came over it. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOST.has(error.code)
}
