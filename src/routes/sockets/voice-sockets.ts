import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer, type WebSocket } from 'ws'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { TurnGate } from '../turn-gate.ts'
import { createOpenSockets } from './open-sockets.ts'
import { routeUpgrades } from './upgrades.ts'
import {
  openVoiceSocket,
  type SocketPeer,
  type SocketTimes,
  type VoiceSocket,
} from './voice-socket.ts'

/** A path on which a platform connects, one connection per call. */
interface SocketRoute {
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
  /** Resolves when no connection is open. */
  ended(): Promise<void>
  /** All connections end now, as after a crash: platforms dial again. */
  drop(): void
}

interface Options {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'socketsOpen'>
  readonly gate: Pick<TurnGate, 'isDraining'>
  readonly maxSockets: number
  readonly maxFrameBytes: number
  readonly times: SocketTimes
}

/** Serves the WebSocket front ends of a server, and knows all of their connections. */
export function createVoiceSockets(app: FastifyInstance, options: Options): VoiceSockets {
  const { gate, metrics, maxSockets } = options
  const upgrade = createUpgrader(app, options)
  const open = createOpenSockets()

  function refuseCrowd(): void {
    if (gate.isDraining()) throw new TurnstateError('draining', 'The server is stopping.')
    if (open.count() >= maxSockets) {
      throw new TurnstateError('overloaded', 'Too many connections are open.')
    }
  }

  function connect(ws: WebSocket, route: SocketRoute, request: FastifyRequest): void {
    const { platform } = route
    const accept = (socket: VoiceSocket) =>
      route.accept(socket, { caller: request.caller, request })
    const { log, times } = options
    const forget = open.add(openVoiceSocket(ws, { log, platform, times, accept }))
    metrics.socketsOpen(platform, 1)
    ws.once('close', () => {
      forget()
      metrics.socketsOpen(platform, -1)
    })
  }

  return {
    serve(route) {
      app.route({
        method: 'GET',
        url: route.path,
        onRequest(request, _reply, done) {
          request.caller = route.authenticate(request)
          done()
        },
        handler(request, reply) {
          refuseCrowd()
          upgrade(request, reply, (ws) => connect(ws, route, request))
        },
      })
    },
    drain: open.drain,
    ended: open.ended,
    drop: open.drop,
  }
}

type Upgrader = (
  request: FastifyRequest,
  reply: FastifyReply,
  connect: (ws: WebSocket) => void,
) => void

/** Makes a WebSocket of a request, or throws what is wrong with it. */
function createUpgrader(app: FastifyInstance, { maxFrameBytes, times }: Options): Upgrader {
  const takeUpgrade = routeUpgrades(app)
  const settings = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    closeTimeout: times.closeMs,
  }
  const server = new WebSocketServer(settings)
  // It would answer by itself, and not in the form of every error.
  server.on('wsClientError', ({ message }: Error) => {
    throw new TurnstateError('invalid_request', message)
  })
  return (request, reply, connect) => {
    const upgrade = takeUpgrade(request.raw)
    if (!upgrade) {
      throw new TurnstateError('invalid_request', 'This path takes WebSocket connections only.')
    }
    const { socket, head, response } = upgrade
    reply.header('sec-websocket-version', '13')
    server.handleUpgrade(request.raw, socket, head, (ws) => {
      reply.hijack()
      // It would keep the request in memory for as long as the connection lasts.
      response.detachSocket(socket)
      connect(ws)
    })
  }
}
