import { request as httpRequest } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

const LIMIT_MS = 4000
const MAX_BODY_LENGTH = 1_000_000

export interface PlainAnswer {
  /** Null: there was none in time. */
  readonly status: number | null
  readonly text: string
}

interface PlainRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: unknown
  readonly signal: AbortSignal
}

/** An answer that is no stream. Never rejects. */
export async function fetchPlain({
  method,
  url,
  headers,
  body,
  signal,
}: PlainRequest): Promise<PlainAnswer> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  return new Promise((resolve) => {
    const typed = bytes && { 'content-type': 'application/json', 'content-length': bytes.length }
    const outgoing = open(url, { method, agent: false, headers: { ...typed, ...headers } })
    const finish = (answer: PlainAnswer) => {
      clearTimeout(limit)
      signal.removeEventListener('abort', none)
      resolve(answer)
      outgoing.destroy()
    }
    const none = () => finish({ status: null, text: '' })
    // A timer that keeps the process alive: once the socket is gone nothing else does.
    const limit = setTimeout(none, LIMIT_MS)
    signal.addEventListener('abort', none)
    if (signal.aborted) none()
    outgoing.on('error', none)
    outgoing.once('upgrade', ({ statusCode }, socket) => {
      socket.destroy()
      finish({ status: statusCode ?? null, text: '' })
    })
    let isAnswered = false
    outgoing.once('close', () => {
      if (!isAnswered) none()
    })
    outgoing.once('response', (answer) => {
      isAnswered = true
      readWhole(answer, (text) =>
        finish(
          text === null ? { status: null, text: '' } : { status: answer.statusCode ?? null, text },
        ),
      )
    })
    outgoing.end(bytes)
  })
}

/** Null: it was broken off, or is too long. */
function readWhole(answer: IncomingMessage, onEnd: (text: string | null) => void): void {
  let text = ''
  answer.setEncoding('utf8')
  answer.on('data', (piece: string) => {
    text += piece
    if (text.length > MAX_BODY_LENGTH) onEnd(null)
  })
  answer.on('error', () => onEnd(null))
  answer.once('close', () => onEnd(null))
  answer.once('end', () => onEnd(text))
}
