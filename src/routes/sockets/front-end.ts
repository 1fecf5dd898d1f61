import type { FastifyInstance } from 'fastify'
import type { Authenticate } from '../authenticate.ts'
import type { SocketTurnDependencies } from './socket-turns.ts'
import type { VoiceSockets } from './voice-sockets.ts'

/** What a front end on WebSockets is wired with. */
export interface FrontEnd extends SocketTurnDependencies {
  readonly app: FastifyInstance
  readonly sockets: VoiceSockets
  /** A key may also stand in the query, as `?key=`: these platforms can send no header. */
  readonly authenticate: Authenticate
}
