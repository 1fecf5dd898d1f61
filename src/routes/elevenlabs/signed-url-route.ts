import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import { refuseOpenServer, type Authenticate } from '../authenticate.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import { createSignedUrls } from './fetch-signed-url.ts'
import type { ElevenLabsOptions } from './options.ts'
import { createRateLimit } from './rate-limit.ts'
import { readSignedUrlQuery } from './signed-url-query.ts'

interface Dependencies {
  readonly options: ElevenLabsOptions | undefined
  readonly authenticate: Authenticate
  /** For the call to the platform. */
  readonly timeoutMs: number
  readonly log: Log
}

const PATH = '/v1/elevenlabs/signed-url'

/** `GET /v1/elevenlabs/signed-url`: lets a browser talk to a private agent without the platform's key. */
export function signedUrlRoute(app: FastifyInstance, dependencies: Dependencies): void {
  const { options, authenticate, timeoutMs, log } = dependencies
  const onRequest = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    request.caller = authenticate(request)
    refuseOpenServer(request.caller)
    done()
  }
  // A HEAD would use a signed URL up and show it to nobody.
  const route = { exposeHeadRoute: false, onRequest }
  if (!options) {
    app.get(PATH, route, refuse)
    return
  }
  const signedUrls = createSignedUrls({ ...options, timeoutMs, log })
  app.addHook('onClose', () => signedUrls.close())
  const limit = createRateLimit({
    perMinute: options.signed_urls_per_minute,
    now: () => performance.now(),
  })
  app.get(PATH, route, async (request, reply) => {
    const query = readSignedUrlQuery(request.query, options.agents)
    const waitSeconds = limit(request.caller)
    if (waitSeconds !== null) {
      void reply.header('retry-after', String(waitSeconds))
      throw new TurnstateError(
        'rate_limited',
        'Too many signed URLs were asked for. Try again later',
      )
    }
    const signedUrl = await signedUrls.fetch(query, hangUpSignal(reply.raw))
    return reply.header('cache-control', 'no-store').send(signedUrl)
  })
}

function refuse(): never {
  const message =
    'ElevenLabs is not set up on this server: set elevenlabs.api_key and elevenlabs.agents'
  throw new TurnstateError('not_found', message)
}
