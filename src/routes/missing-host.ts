import type { FastifyInstance } from 'fastify'
import { TurnstateError } from '../errors.ts'

/** Refuses what HTTP/1.1 says must be refused, in the form of every other error. */
export function refuseMissingHost(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const isMissing = request.headers.host === undefined && request.raw.httpVersion === '1.1'
    done(
      isMissing ? new TurnstateError('invalid_request', 'The Host header is missing') : undefined,
    )
  })
}
