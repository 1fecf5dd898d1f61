import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import { createAuthenticate } from './routes/authenticate.ts'
import { canonicalUrl, isSocketUrl } from './routes/canonical-url.ts'
import { healthRoutes, type Readiness } from './routes/health.ts'
import { answerMalformedHttp } from './routes/malformed-http.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { answerNotFound, createErrorHandler } from './routes/openai/error-reply.ts'
import { openAiRoutes } from './routes/openai/openai-routes.ts'
import { conversationRelayRoute } from './routes/conversation-relay/conversation-relay-route.ts'
import type { ConversationRelayOptions } from './routes/conversation-relay/options.ts'
import type { ElevenLabsOptions } from './routes/elevenlabs/options.ts'
import { signedUrlRoute } from './routes/elevenlabs/signed-url-route.ts'
import { createTurnLog } from './routes/logged-turn.ts'
import type { RetellOptions } from './routes/retell/options.ts'
import { retellRoutes } from './routes/retell/retell-routes.ts'
import type { FrontEnd } from './routes/sockets/front-end.ts'
import { requestsWithUpgrades } from './routes/sockets/upgrades.ts'
import { createVoiceSockets } from './routes/sockets/voice-sockets.ts'
import { speechEngineRoute } from './routes/speech-engine/speech-engine-route.ts'
import { refuseMissingHost } from './routes/missing-host.ts'
import { createChooseProfile } from './routes/openai/platforms/choose-profile.ts'
import type { AuthKey, PlatformChoice } from './routes/options.ts'
import { createStop, type Stop } from './routes/stop.ts'
import { createTurnGate } from './routes/turn-gate.ts'
import { TURN_HEADERS } from './routes/turn-headers.ts'
import type { TurnEngine } from './turn/turn.ts'

interface Dependencies {
  readonly engine: TurnEngine
  /** None: the server is open to everybody who can reach it. */
  readonly keys: readonly AuthKey[]
  /** Who asks over HTTP; by default what each request looks like. */
  readonly platform?: PlatformChoice
  readonly log: Log
  readonly limits: {
    readonly max_body_bytes: number
    readonly max_concurrent_turns: number
    readonly max_sockets: number
  }
  /** The flow's model ids; the first answers requests that name none. */
  readonly models: readonly [string, ...string[]]
  /** How the upstreams, the store and the MCP servers stand. */
  readonly readiness: () => Readiness
  readonly openApiText: string
  readonly metrics: Metrics
  readonly retell: RetellOptions
  readonly conversationRelay: ConversationRelayOptions
  /** Undefined: no signed URLs, and no Speech Engine. */
  readonly elevenlabs?: ElevenLabsOptions | undefined
  readonly timeouts?: Partial<typeof TIMEOUTS>
}

export interface App extends Stop {
  readonly server: FastifyInstance
}

const TIMEOUTS = {
  /** A whole request, body included, must have arrived by then. */
  requestMs: 30_000,
  /** A caller that reads nothing of its answer for so long is taken to be gone. */
  drainMs: 15_000,
  /** A platform that holds a connection has sent its first frame by then. */
  firstFrameMs: 30_000,
  /** Between two pings of the WebSocket protocol. */
  heartbeatMs: 20_000,
  /** A platform that does not answer the end of a connection by then is cut off. */
  closeMs: 5000,
  /** ElevenLabs has given out a signed URL by then. */
  elevenLabsMs: 5000,
}

/** Wires the HTTP server. It does not listen, reads no file and never exits. */
export function buildApp(dependencies: Dependencies): App {
  const { keys, log, limits, metrics } = dependencies
  const timeouts = { ...TIMEOUTS, ...dependencies.timeouts }
  const { server, pathSecretsOf } = createHttpServer({ log, limits, timeouts })
  const gate = createTurnGate({ maxConcurrentTurns: limits.max_concurrent_turns })
  const withTurnLog = createTurnLog({ log, metrics })
  const shared = { engine: dependencies.engine, gate, log, withTurnLog }
  const authenticate = createAuthenticate({ keys, urlSecretsOf: pathSecretsOf, log })
  httpRoutes(server, dependencies, { ...shared, authenticate, drainTimeoutMs: timeouts.drainMs })
  const sockets = createVoiceSockets(server, {
    log,
    metrics,
    gate,
    maxSockets: limits.max_sockets,
    maxFrameBytes: limits.max_body_bytes,
    times: timeouts,
  })
  const urlSecretsOf = (request: FastifyRequest) => [
    ...pathSecretsOf(request),
    ...querySecrets(request),
  ]
  socketRoutes(dependencies, {
    ...shared,
    app: server,
    sockets,
    authenticate: createAuthenticate({ keys, urlSecretsOf, log }),
  })
  return { server, ...createStop({ server, gate, sockets }) }
}

type HttpOptions = Pick<Dependencies, 'log' | 'limits'> & { readonly timeouts: typeof TIMEOUTS }

function createHttpServer({ log, limits, timeouts }: HttpOptions) {
  const pathSecrets = new WeakMap<IncomingMessage, readonly string[]>()
  const handleError = createErrorHandler(log)
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
      IncomingMessage: requestsWithUpgrades((url) => isSocketUrl(canonicalUrl('GET', url).url)),
    },
    rewriteUrl(request) {
      const { url, secret } = canonicalUrl(request.method ?? '', request.url ?? '/')
      if (secret !== undefined) pathSecrets.set(request, [secret])
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
  const pathSecretsOf = ({ raw }: FastifyRequest) => pathSecrets.get(raw) ?? []
  return { server, pathSecretsOf }
}

type HttpRouteNeeds = Omit<Parameters<typeof openAiRoutes>[1], 'models' | 'chooseProfile'>

function httpRoutes(server: FastifyInstance, dependencies: Dependencies, needs: HttpRouteNeeds) {
  const { keys, models, readiness, openApiText, metrics, platform = 'auto' } = dependencies
  const { authenticate, gate } = needs
  healthRoutes(server, { readiness, isDraining: gate.isDraining, openApiText })
  metricsRoutes(server, { metrics, readiness, authenticate })
  openAiRoutes(server, { ...needs, models, chooseProfile: createChooseProfile({ keys, platform }) })
  const { elevenLabsMs: timeoutMs } = { ...TIMEOUTS, ...dependencies.timeouts }
  const options = dependencies.elevenlabs
  signedUrlRoute(server, { options, authenticate, timeoutMs, log: dependencies.log })
}

function socketRoutes(dependencies: Dependencies, frontEnd: FrontEnd): void {
  retellRoutes(frontEnd, dependencies.retell)
  speechEngineRoute(frontEnd, dependencies.elevenlabs?.api_key)
  conversationRelayRoute(frontEnd, dependencies.conversationRelay)
}

/** `?key=`, once or several times; a template that was not filled is no key of anybody's. */
function querySecrets({ query }: FastifyRequest): readonly string[] {
  const { key } = query as { readonly key?: string | string[] } // as Fastify's own parser gives it
  return key === undefined ? [] : [key].flat()
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
