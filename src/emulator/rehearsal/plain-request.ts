import { request as httpRequest } from 'node:http'
import type { OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

const LIMIT_MS = 4000
const MAX_BODY_BYTES = 1_000_000

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
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
    const typed = bytes && { 'content-type': 'application/json', 'content-length': bytes.length }
    const outgoing = open(url, {
      method,
      agent: false,
      headers: { ...typed, ...headers },
      signal: limited,
    })
    const none = () => resolve({ status: null, text: '' })
    outgoing.once('error', none)
    outgoing.once('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
        if (text.length > MAX_BODY_BYTES) outgoing.destroy()
      })
      answer.once('error', none)
      answer.once('close', none)
      answer.once('end', () => resolve({ status: answer.statusCode ?? null, text }))
    })
    outgoing.end(bytes)
  })
}
