import type { ConnectionOptions } from 'node:tls'
import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { createConnectionPool } from './connection-pool.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { encodeRequest } from './encode-request.ts'
import { createEndpointRecord } from './endpoint-record.ts'
import type { EndpointRecord } from './endpoint-record.ts'
import { upstreamError } from './failure.ts'
import { createConnectionOpener } from './open-connection.ts'
import type { OpenAiCompatibleOptions, RoutingOptions } from './options.ts'
import { receiveCompletion } from './response-handler.ts'
import type { Limits } from './response-handler.ts'
import { sendRequest } from './send-request.ts'
import type { CompletionListener, CompletionRequest, Completion, Endpoint } from './upstream.ts'
import { WARMTH_TIMES } from './warmth.ts'
import type { WarmthTimes } from './warmth.ts'

const SHORTEST_SECRET = 8

type Timeout =
  'connect_timeout_ms' | 'first_token_timeout_ms' | 'idle_timeout_ms' | 'turn_timeout_ms'

interface OpenAiCompatibleUpstreamOptions {
  readonly name: string
  readonly options: OpenAiCompatibleOptions
  readonly routing: Pick<RoutingOptions, Timeout>
  readonly stripThink: boolean
  readonly log: Log
  readonly metrics: Metrics
  /** What tests trust. */
  readonly tls?: Pick<ConnectionOptions, 'ca'>
  /** What tests cannot wait for. */
  readonly warmthTimes?: WarmthTimes
}

interface Client {
  readonly options: OpenAiCompatibleOptions
  readonly pool: ConnectionPool
  readonly record: EndpointRecord
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly limits: Limits
  readonly stripThink: boolean
}

/** Any endpoint that speaks OpenAI's streaming chat completions. */
export function createOpenAiCompatibleUpstream({
  name,
  options,
  routing,
  stripThink,
  log,
  metrics,
  tls,
  warmthTimes = WARMTH_TIMES,
}: OpenAiCompatibleUpstreamOptions): Endpoint {
  const url = new URL(options.base_url)
  const now = () => performance.now()
  const limitOf = (timeout: Timeout) => options[timeout] ?? routing[timeout]
  const timeoutMs = limitOf('connect_timeout_ms')
  const record = createEndpointRecord({ name, secrets: secretsIn(options), log, metrics, now })
  const pool = createConnectionPool({
    opener: createConnectionOpener({ url, http2: options.http2, timeoutMs, tls }),
    warmConnections: options.warm_connections,
    times: warmthTimes,
    now,
  })
  const client: Client = {
    options,
    pool,
    record,
    path: `${url.pathname.replace(/\/+$/, '')}/chat/completions`,
    headers: requestHeaders(options),
    limits: {
      firstTokenMs: limitOf('first_token_timeout_ms'),
      idleMs: limitOf('idle_timeout_ms'),
      totalMs: limitOf('turn_timeout_ms'),
    },
    stripThink,
  }
  return {
    name,
    complete: (request, listener) => complete(client, request, listener),
    admits: record.admits,
    isUsable: record.isUsable,
    isToldToWait: record.isToldToWait,
    firstTokenP95Ms: record.firstTokenP95Ms,
    close: () => pool.close(new TurnstateError('draining', 'The server is shutting down')),
  }
}

function complete(
  { options, pool, record, path, headers, limits, stripThink }: Client,
  request: CompletionRequest,
  listener: CompletionListener,
): Promise<Completion> {
  const entry = record.begin()
  return new Promise((resolve, reject) => {
    const { length, pieces } = encode()
    receiveCompletion({
      send: (sink) =>
        sendRequest(
          pool,
          { path, headers: { ...headers, 'content-length': String(length) }, body: pieces },
          sink,
        ),
      listener,
      limits,
      stripThink,
      onFirstToken() {
        // Whoever has begun to answer has read all of it; the connection holds on to the list.
        pieces.length = 0
        entry.tookFirstToken()
      },
      onOutcome: (outcome) => {
        entry.ended(outcome)
        if (outcome.type === 'completed') resolve(outcome.completion)
        else if (outcome.type === 'failed') reject(upstreamError(outcome.reason))
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
        else reject(outcome.error)
      },
      onRefusal: entry.refused,
    })
  })

  function encode() {
    try {
      listener.signal.throwIfAborted()
      return encodeRequest(request, options)
    } catch (error) {
      entry.withdraw()
      throw error
    }
  }
}

/** What an endpoint could quote: the key, and what stands in the configured headers (Azure's key does). */
function secretsIn({ api_key, headers }: OpenAiCompatibleOptions): readonly string[] {
  const words = Object.values(headers).flatMap((value) => value.split(/\s+/))
  const secrets = words.filter(({ length }) => length >= SHORTEST_SECRET)
  return api_key === undefined ? secrets : [...secrets, api_key]
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
