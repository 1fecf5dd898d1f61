import { setMaxListeners } from 'node:events'
import type { FetchLike } from '@modelcontextprotocol/client'
import type { Dispatcher } from 'undici'
import { exchangeHttp, type McpHttpFailure } from './mcp-http.ts'

/** Of everything but lists of tools, which may be long. */
const MAX_BODY_BYTES = 262_144
const MAX_LIST_BYTES = 1_048_576

/** Of what nobody waits for, as a note that a call was cancelled. */
const NOTE_LIMIT_MS = 5000

/** Names the call that a request belongs to, between the client and here; never sent on. */
const CALL_HEADER = 'x-turnstate-call'

/** What somebody wants to know of the request that carries a call. */
interface CallWatch {
  /** Aborted when nobody waits for the call any more. */
  readonly signal: AbortSignal
  onSent(): void
  onEnd(why?: McpHttpFailure): void
}

export interface McpFetch {
  readonly fetch: FetchLike
  /** Headers that bind a request to its watch, until `stop`. */
  watch(watch: CallWatch): {
    readonly headers: Readonly<Record<string, string>>
    readonly stop: () => void
  }
  /** Event streams without a request that are open now. */
  openStreams(): number
}

/** What the MCP client talks through: always to the configured address, whatever it is told. */
export function createMcpFetch(dependencies: {
  readonly dispatcher: Dispatcher
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}): McpFetch {
  const { dispatcher, url } = dependencies
  const watches = new Map<string, CallWatch>()
  let calls = 0
  let openStreams = 0

  return {
    async fetch(_url, init = {}) {
      const headers = new Headers(dependencies.headers)
      new Headers(init.headers).forEach((value, name) => headers.set(name, value))
      const watch = watches.get(headers.get(CALL_HEADER) ?? '')
      headers.delete(CALL_HEADER)
      const { method, body, maxBytes, mayLast } = kindOf(init)
      const limit = watch || mayLast ? null : new AbortController()
      const timer = limit && setTimeout(() => limit.abort(), NOTE_LIMIT_MS).unref()
      if (method === 'GET') openStreams += 1
      // That of the connection ends all of its requests, of which there may be many.
      if (init.signal) setMaxListeners(0, init.signal)
      return exchangeHttp(dispatcher, {
        url,
        method,
        headers: Object.fromEntries(headers),
        body,
        maxBytes,
        signals: [init.signal, watch?.signal, limit?.signal].filter((signal) => signal != null),
        onSent: () => watch?.onSent(),
        onEnd(why) {
          if (timer) clearTimeout(timer)
          if (method === 'GET') openStreams -= 1
          watch?.onEnd(why)
        },
      })
    },
    watch(watch) {
      const id = String((calls += 1))
      watches.set(id, watch)
      return { headers: { [CALL_HEADER]: id }, stop: () => void watches.delete(id) }
    },
    openStreams: () => openStreams,
  }
}

/** By its message: the client's requests are JSON-RPC, one to a request. */
function kindOf(init: RequestInit): {
  readonly method: Dispatcher.HttpMethod
  readonly body: string | null
  readonly maxBytes: number
  readonly mayLast: boolean
} {
  const body = typeof init.body === 'string' ? init.body : null
  if (init.method === 'GET') return { method: 'GET', body, maxBytes: MAX_BODY_BYTES, mayLast: true }
  const method = init.method === 'DELETE' ? 'DELETE' : 'POST'
  const name = methodIn(body)
  return {
    method,
    body,
    maxBytes: name === 'tools/list' ? MAX_LIST_BYTES : MAX_BODY_BYTES,
    mayLast: name === 'subscriptions/listen',
  }
}

function methodIn(body: string | null): unknown {
  const message: unknown = body === null ? null : JSON.parse(body)
  return typeof message === 'object' && message !== null && 'method' in message
    ? message.method
    : undefined
}
