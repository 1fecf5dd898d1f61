import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { onTestFinished } from 'vitest'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import { createAuthenticate } from '../../src/routes/authenticate.ts'
import { answerNotFound, createErrorHandler } from '../../src/routes/openai/error-reply.ts'
import type { AuthKey } from '../../src/routes/options.ts'
import { createVoiceSockets, type Opening } from '../../src/routes/sockets/voice-sockets.ts'
import { requestsWithUpgrades } from '../../src/routes/sockets/upgrades.ts'
import type { SocketPeer, SocketTimes, VoiceSocket } from '../../src/routes/sockets/voice-socket.ts'
import { createStop, type Stop } from '../../src/routes/stop.ts'
import { createTurnGate, type TurnGate } from '../../src/routes/turn-gate.ts'
import { recordingLog, type LogLine } from './listening-app.ts'

interface SocketServer extends Stop {
  readonly port: number
  /** Of the path `/line/:id`. */
  readonly url: string
  readonly gate: TurnGate
  readonly lines: readonly LogLine[]
  readonly metrics: Metrics
  /** TCP connections that are open. */
  readonly connections: () => Promise<number>
}

interface Options {
  /** What comes of a connection; by default each frame is sent back. */
  readonly accept?: (socket: VoiceSocket, opening: Opening, needs: Needs) => Partial<SocketPeer>
  readonly keys?: readonly AuthKey[]
  readonly times?: Partial<SocketTimes>
  readonly maxSockets?: number
  readonly maxFrameBytes?: number
}

interface Needs {
  readonly gate: TurnGate
  readonly log: ReturnType<typeof recordingLog>['log']
}

const TIMES: SocketTimes = {
  firstFrameMs: 30_000,
  heartbeatMs: 20_000,
  drainMs: 15_000,
  closeMs: 5000,
}

/** A server with one WebSocket path, `/line/:id`, and nothing of any platform. */
export async function socketServer(options: Options = {}): Promise<SocketServer> {
  const { accept = echo, keys = [], maxSockets = 1000, maxFrameBytes = 4_194_304 } = options
  const { log, lines } = recordingLog()
  const metrics = createMetrics(null)
  const gate = createTurnGate({ maxConcurrentTurns: 100 })
  const server = Fastify({
    forceCloseConnections: true,
    http: { IncomingMessage: requestsWithUpgrades((url) => /^\/line\/[^?]/.test(url)) },
  })
  server.setErrorHandler(createErrorHandler(log))
  server.setNotFoundHandler(answerNotFound)
  server.decorateRequest('caller', '')
  server.get('/plain', () => ({ plain: true }))
  server.get('/slow', () => new Promise(() => undefined))
  const times = { ...TIMES, ...options.times }
  const sockets = createVoiceSockets(server, {
    log,
    metrics,
    gate,
    maxSockets,
    maxFrameBytes,
    times,
  })
  // As the wire gives them.
  const urlSecretsOf = ({ query }: { query: unknown }) => [(query as { key?: string }).key ?? '']
  sockets.serve({
    path: '/line/:id',
    platform: 'test',
    authenticate: createAuthenticate({ keys, urlSecretsOf, log }),
    accept: (socket, opening) => ({
      onFrame: () => undefined,
      onDrain: () => socket.close(1012, 'the server stops'),
      conversation: () => (opening.request.params as { id: string }).id, // of the path
      ...accept(socket, opening, { gate, log }),
    }),
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  const stop = createStop({ server, gate, sockets })
  onTestFinished(() => stop.close(0))
  const { port } = server.server.address() as AddressInfo // listens on TCP
  return {
    ...stop,
    port,
    url: `ws://127.0.0.1:${port}/line/call-1`,
    gate,
    lines,
    metrics,
    connections: () =>
      new Promise((resolve, reject) => {
        server.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
      }),
  }
}

function echo(socket: VoiceSocket): Partial<SocketPeer> {
  return { onFrame: (frame) => void socket.send(frame) }
}
