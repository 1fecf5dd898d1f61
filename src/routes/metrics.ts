import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TurnstateError } from '../errors.ts'
import type { Metrics } from '../observability/metrics.ts'
import { METRICS_INCOMPLETE } from '../observability/worker-metrics.ts'
import type { Authenticate } from './authenticate.ts'
import type { Readiness } from './health.ts'

interface Dependencies {
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  readonly authenticate: Authenticate
}

/** The numbers for Prometheus; whoever asks from this machine needs no key. */
export function metricsRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { metrics, readiness, authenticate } = dependencies
  const onRequest = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    if (!isLocal(request)) authenticate(request)
    done()
  }
  // Asked with each scrape: a gauge that waited to be told of a change could miss one.
  metrics.beforeReading(() => tellReadiness(metrics, readiness()))
  app.get('/metrics', { onRequest }, async (_request, reply) => {
    const text = await metrics.text().catch(refusePart)
    return reply.type(metrics.contentType).send(text)
  })
}

/** The sum over some workers only would look like a fall of every counter. */
function refusePart(error: unknown): never {
  if (!(error instanceof Error && 'code' in error && error.code === METRICS_INCOMPLETE)) throw error
  const message = 'Not every worker has told its numbers in time; ask again'
  throw new TurnstateError('overloaded', message, { cause: error })
}

function tellReadiness(metrics: Metrics, { store, mcp = {} }: Readiness): void {
  if (store !== undefined) metrics.storeUp(store === 'ok')
  for (const [server, state] of Object.entries(mcp)) metrics.mcpServerUp(server, state === 'ok')
}

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/i
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

/** What proxies add, and browsers to what a page asks for. */
const HEADER_FROM_ELSEWHERE =
  /^(?:x-forwarded(?:-.*)?|forwarded|via|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip|origin|referer)$/

/**
 * Whether somebody on this machine asks. Behind a reverse proxy on the same machine every request
 * comes from loopback, but with such a header, with the host that was asked for, or as HTTP/1.0,
 * which nginx speaks unless told otherwise. One that only passes bytes on cannot be told.
 */
function isLocal({ socket, headers, raw, originalUrl }: FastifyRequest): boolean {
  const names = raw.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  return (
    LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    // Of several hosts that is the first; another server on the way may have meant the last.
    names.filter((name) => name === 'host').length === 1 &&
    // In its absolute form, which is for proxies, it names another host than the header may.
    originalUrl.startsWith('/') &&
    raw.httpVersion !== '1.0' &&
    (headers['sec-fetch-site'] ?? 'none') === 'none' &&
    !names.some((name) => HEADER_FROM_ELSEWHERE.test(name))
  )
}
