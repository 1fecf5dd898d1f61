import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { TurnGate } from '../turn-gate.ts'
import { takeUpgrades } from './upgrades.ts'
import {
  openVoiceSocket,
  type SocketPeer,
  type SocketTimes,
  type VoiceSocket,
} from './voice-socket.ts'

/** A path on which a platform connects, one connection per call. */
export interface SocketRoute {
  readonly path: string
  readonly platform: string
  /** Who calls; throws before anything is upgraded. */
  readonly authenticate: (request: FastifyRequest) => string
  readonly accept: (socket: VoiceSocket, opening: Opening) => SocketPeer
}

export interface Opening {
  /** The name of the key that the request carries. */
  readonly caller: string
  readonly request: FastifyRequest
}

export interface VoiceSockets {
  serve(route: SocketRoute): void
  /** Each connection ends as soon as nothing is said on it. */
  drain(): void
  /** All connections end now, as after a crash: platforms dial again. */
  drop(): void
}

interface Options {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'socketsOpen'>
  readonly gate: TurnGate
  readonly maxSockets: number
  readonly maxFrameBytes: number
  readonly times: SocketTimes
  /** Whether a request is for one of the paths, as its URL came. */
  readonly isSocketPath: (request: IncomingMessage) => boolean
}

/** Registers the WebSocket front ends, and knows all of their connections. */
export function createVoiceSockets(server: FastifyInstance, options: Options): VoiceSockets {
  const { log, metrics, gate, times } = options
  const open = new Set<ReturnType<typeof openVoiceSocket>>()
  const routes: SocketRoute[] = []

  function admit(request: FastifyRequest, route: SocketRoute): void {
    if (gate.isDraining()) throw new TurnstateError('draining', 'The server is stopping.')
    request.caller = route.authenticate(request)
    if (open.size >= options.maxSockets) {
      throw new TurnstateError('overloaded', 'Too many connections are open.')
    }
  }

  function register(scope: FastifyInstance, route: SocketRoute): void {
    const { path, platform, accept } = route
    scope.route({
      method: 'GET',
      url: path,
      onRequest: (request, _reply, done) => {
        admit(request, route)
        done()
      },
      handler: () => {
        throw new TurnstateError('invalid_request', 'This path takes WebSocket connections only')
      },
      wsHandler: (ws, request) => {
        const { caller } = request
        const opened = openVoiceSocket(ws, {
          log,
          platform,
          times,
          accept: (socket) => accept(socket, { caller, request }),
        })
        open.add(opened)
        metrics.socketsOpen(platform, 1)
        ws.once('close', () => {
          open.delete(opened)
          metrics.socketsOpen(platform, -1)
        })
      },
    })
  }

  // In a scope of its own: the plugin wraps every handler that it sees.
  server.register(async (scope) => {
    await scope.register(websocket, {
      options: {
        // It only listens for `upgrade`, and gets those that are meant for it.
        server: takeUpgrades(server.server, options.isSocketPath) as typeof server.server,
        maxPayload: options.maxFrameBytes,
        perMessageDeflate: false,
        clientTracking: false,
      },
      // What ends a connection is told by the connection itself.
      errorHandler: () => undefined,
      preClose: (done) => done(),
    })
    for (const route of routes) register(scope, route)
  })

  return {
    serve: (route) => void routes.push(route),
    drain() {
      for (const { drain } of open) drain()
    },
    drop() {
      for (const { socket } of open) socket.drop()
    },
  }
}
