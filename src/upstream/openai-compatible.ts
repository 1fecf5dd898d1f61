import { Pool } from 'undici'
import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { encodeRequest } from './encode-request.ts'
import { createEndpointHealth } from './endpoint-health.ts'
import { upstreamError } from './failure.ts'
import type { OpenAiCompatibleOptions, RoutingOptions } from './options.ts'
import { createResponseHandler } from './response-handler.ts'
import type { Outcome } from './response-handler.ts'
import type { Upstream } from './upstream.ts'

const CONNECT_TIMEOUT_MS = 2000
/** Turns of one call lie seconds apart; a new TLS connection for each would be heard. */
const KEEP_ALIVE_MS = 30_000

interface OpenAiCompatibleUpstreamOptions {
  readonly name: string
  readonly options: OpenAiCompatibleOptions
  readonly routing: Pick<RoutingOptions, 'first_token_timeout_ms' | 'idle_timeout_ms'>
  readonly stripThink: boolean
  readonly log: Log
  readonly metrics: Metrics
}

/** Any endpoint that speaks OpenAI's streaming chat completions. */
export function createOpenAiCompatibleUpstream({
  name,
  options,
  routing,
  stripThink,
  log,
}: OpenAiCompatibleUpstreamOptions): Upstream {
  const url = new URL(options.base_url)
  const path = `${url.pathname.replace(/\/+$/, '')}/chat/completions`
  const headers = requestHeaders(options)
  const health = createEndpointHealth(() => performance.now())
  const pool = new Pool(url.origin, {
    // As many connections as there are turns at once, which the front end bounds.
    pipelining: 1,
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The limits are on tokens, not on bytes: see response-handler.ts.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  function record(outcome: Outcome): void {
    if (outcome.type === 'completed') health.recordSuccess()
    if (outcome.type !== 'failed') return
    health.recordFailure()
    const { reason, status, error } = outcome
    log.warn({ upstream: name, status, reason }, 'upstream request failed')
    if (error !== undefined) log.debug({ upstream: name, err: error }, 'upstream error')
  }

  return {
    name,
    complete: (request, listener) =>
      new Promise((resolve, reject) => {
        listener.signal.throwIfAborted()
        const { length, pieces } = encodeRequest(request, options)
        const handler = createResponseHandler({
          listener,
          firstTokenTimeoutMs: routing.first_token_timeout_ms,
          idleTimeoutMs: routing.idle_timeout_ms,
          stripThink,
          onOutcome: (outcome) => {
            record(outcome)
            if (outcome.type === 'completed') resolve(outcome.completion)
            else if (outcome.type === 'failed') reject(upstreamError(outcome.reason))
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
            else reject(outcome.error)
          },
          onRefusal: (text) =>
            log.debug({ upstream: name, body: withoutKey(text, options) }, 'upstream refused'),
        })
        pool.dispatch(
          {
            path,
            method: 'POST',
            headers: { ...headers, 'content-length': String(length) },
            // Documented and working: undici's types leave iterables out.
            body: pieces as unknown as Uint8Array,
          },
          handler,
        )
      }),
    isUsable: () => health.isUsable(),
    close: () => pool.destroy(new TurnstateError('draining', 'The server is shutting down')),
  }
}

function requestHeaders({ api_key, headers }: OpenAiCompatibleOptions): Record<string, string> {
  const own = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value] as const)
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'user-agent': 'turnstate',
    ...(api_key !== undefined && { authorization: `Bearer ${api_key}` }),
    ...Object.fromEntries(own),
  }
}

/** Some endpoints quote the key that they refuse. */
function withoutKey(text: string, { api_key }: OpenAiCompatibleOptions): string {
  return api_key === undefined ? text : text.replaceAll(api_key, '***')
}
