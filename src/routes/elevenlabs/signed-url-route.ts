import type { FastifyInstance } from 'fastify'
import type { Log } from '../../observability/log.ts'
import type { Authenticate } from '../authenticate.ts'
import type { ElevenLabsOptions } from './options.ts'

interface Dependencies {
  readonly options: ElevenLabsOptions | undefined
  readonly authenticate: Authenticate
  readonly log: Log
}

/** `GET /v1/elevenlabs/signed-url`. */
export function signedUrlRoute(app: FastifyInstance, dependencies: Dependencies): void {
  void app
  void dependencies
}
