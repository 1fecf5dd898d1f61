import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import { createAuthenticate } from './routes/authenticate.ts'
import { canonicalUrl } from './routes/canonical-url.ts'
import { healthRoutes, type Readiness } from './routes/health.ts'
import { answerMalformedHttp } from './routes/malformed-http.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { answerNotFound, createErrorHandler } from './routes/openai/error-reply.ts'
import { openAiRoutes } from './routes/openai/openai-routes.ts'
import { refuseMissingHost } from './routes/missing-host.ts'
import type { AuthKey } from './routes/options.ts'
import { createTurnGate } from './routes/turn-gate.ts'
import { TURN_HEADERS } from './routes/turn-headers.ts'
import type { TurnEngine } from './turn/turn.ts'

interface Dependencies {
  readonly engine: TurnEngine
  /** None: the server is open to everybody who can reach it. */
  readonly keys: readonly AuthKey[]
  readonly log: Log
  readonly limits: { readonly max_body_bytes: number; readonly max_concurrent_turns: number }
  /** The flow's model ids; the first answers requests that name none. */
  readonly models: readonly [string, ...string[]]
  /** How the upstreams, the store and the MCP servers stand. */
  readonly readiness: () => Readiness
  readonly openApiText: string
  readonly metrics: Metrics
  readonly timeouts?: Partial<typeof TIMEOUTS>
}

export interface App {
  readonly server: FastifyInstance
  /** From now on new turns are refused and `/readyz` says so; running turns go on. */
  readonly drain: () => void
  /** Drains, waits for the running turns at most so many milliseconds, then closes every connection. */
  readonly close: (limitMs: number) => Promise<void>
}

const TIMEOUTS = {
  /** A whole request, body included, must have arrived by then. */
  requestMs: 30_000,
  /** A caller that reads nothing of its answer for so long is taken to be gone. */
  drainMs: 15_000,
}

/** Wires the HTTP server. It does not listen, reads no file and never exits. */
export function buildApp(dependencies: Dependencies): App {
  const { engine, keys, log, limits, models, readiness, openApiText, metrics } = dependencies
  const timeouts = { ...TIMEOUTS, ...dependencies.timeouts }
  const pathSecrets = new WeakMap<IncomingMessage, string>()
  const handleError = createErrorHandler(log)
  const gate = createTurnGate({ maxConcurrentTurns: limits.max_concurrent_turns })

  const server = Fastify({
    // Its lines hold the URL, and a URL may hold a secret.
    logger: false,
    bodyLimit: limits.max_body_bytes,
    forceCloseConnections: true,
    return503OnClosing: false,
    requestTimeout: timeouts.requestMs,
    http: {
      headersTimeout: timeouts.requestMs,
      connectionsCheckingInterval: Math.min(timeouts.requestMs, 5000),
      noDelay: true,
      // Node's own refusal has no body.
      requireHostHeader: false,
    },
    rewriteUrl(request) {
      const { url, secret } = canonicalUrl(request.method ?? '', request.url ?? '/')
      if (secret !== undefined) pathSecrets.set(request, secret)
      return url
    },
    clientErrorHandler: answerMalformedHttp,
    frameworkErrors: handleError,
  })
  server.setErrorHandler(handleError)
  server.setNotFoundHandler(answerNotFound)
  refuseMissingHost(server)
  acceptAnyContentType(server)
  allowAnyOrigin(server)
  healthRoutes(server, { readiness, isDraining: gate.isDraining, openApiText })
  const pathSecretOf = (request: { readonly raw: IncomingMessage }) => pathSecrets.get(request.raw)
  const authenticate = createAuthenticate({ keys, pathSecretOf, log })
  metricsRoutes(server, { metrics, readiness, authenticate })
  const { drainMs: drainTimeoutMs } = timeouts
  openAiRoutes(server, { engine, authenticate, gate, log, metrics, models, drainTimeoutMs })

  return {
    server,
    drain: gate.drain,
    async close(limitMs) {
      gate.drain()
      const limit = new AbortController()
      await Promise.race([gate.idle(), sleep(limitMs, undefined, { signal: limit.signal })])
      limit.abort()
      await server.close()
    },
  }
}

/** Bodies are JSON whatever their header says, and each front end parses its own. */
function acceptAnyContentType(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  // Fastify refuses a content type that is malformed before any parser is asked.
  server.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-type'] !== undefined) headers['content-type'] = undefined
    done()
  })
}

function allowAnyOrigin(server: FastifyInstance): void {
  const exposedHeaders = [...Object.keys(TURN_HEADERS), 'retry-after'].join(', ')
  server.addHook('onRequest', (_request, reply, done) => {
    reply.header('access-control-allow-origin', '*')
    reply.header('access-control-expose-headers', exposedHeaders)
    done()
  })
  // In a scope of its own: it works the same two headers out anew for each request that it sees.
  server.register((preflights, _options, done) => {
    preflights.register(cors, {
      origin: '*',
      methods: ['GET', 'HEAD', 'POST'],
      exposedHeaders,
      strictPreflight: false,
      maxAge: 86_400,
    })
    done()
  })
}
