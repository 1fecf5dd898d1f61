import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { TurnstateError } from '../../errors.ts'
import type { Agent, PlatformTools, RenderPrompt } from './agent.ts'
import type { CustomLlm } from './custom-llm.ts'
import { admit } from './server/admit.ts'
import { serveClient, type Staff } from './server/connection.ts'
import { answerHttp, SOCKET_PATH, type HttpNeeds } from './server/http-answers.ts'
import { createSignedUrls } from './server/signed-urls.ts'
import { DEFAULT_TIMING, type EmulatorTiming } from './timing.ts'

export interface EmulatorOptions {
  /** The first answers clients that name none. */
  readonly agents: readonly Agent[]
  readonly llm: (agent: Agent) => CustomLlm
  readonly tools: (agent: Agent) => PlatformTools
  readonly renderPrompt: RenderPrompt
  readonly host: string
  /** 0: any. */
  readonly port: number
  /** What `xi-api-key` must be for signed URLs; null: any that is not empty. */
  readonly apiKey: string | null
  /** Takes one plain line each. */
  readonly log: (line: string) => void
  /** Other waits than the platform's, for tests. */
  readonly timing?: Partial<EmulatorTiming>
}

export interface Emulator {
  /** `http://127.0.0.1:PORT`; clients need it with `ws:`. */
  readonly url: string
  /** Ends all conversations and the server. */
  readonly close: () => Promise<void>
}

const MAX_FRAME_BYTES = 1024 * 1024
const MAX_CONVERSATIONS = 200

/** A stand-in for the platform that clients of its agents connect to. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  if (options.agents.length === 0) {
    throw new TurnstateError('invalid_request', 'The emulator needs an agent.')
  }
  const timing = { ...DEFAULT_TIMING, ...options.timing }
  const http: HttpNeeds = { ...options, signedUrls: createSignedUrls(timing.signedUrlValidityMs) }
  const sockets = new WebSocketServer(socketOptions(timing))
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, response, http)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade({ request, socket, head }, { ...options, timing, http, sockets })
  })
  const url = await listen(server, options)
  return { url, close: () => close(server, sockets) }
}

/** Not written into the constructor's call: the types do not know `closeTimeout` yet. */
function socketOptions({ closeLimitMs }: EmulatorTiming) {
  return {
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    closeTimeout: closeLimitMs,
    // Beside it clients may offer `bearer.<token>`, which is none to speak.
    handleProtocols: (offered: Set<string>) => (offered.has('convai') ? 'convai' : false),
  } as const
}

async function listen(server: Server, { host, port }: EmulatorOptions): Promise<string> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw new TurnstateError('invalid_request', `Cannot listen on ${host}:${port}.`, { cause })
  }
  const address = server.address() as AddressInfo // a TCP server that listens has one
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${name}:${address.port}`
}

function answer(request: IncomingMessage, response: ServerResponse, http: HttpNeeds): void {
  request.resume()
  const url = urlOf(request)
  const apiKey = request.headers['xi-api-key']
  const { status, body } = answerHttp(
    {
      method: request.method ?? '',
      url,
      apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    },
    http,
  )
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** With the host that the client knows this server by. */
function urlOf({ url = '/', headers }: IncomingMessage): URL {
  const text = `http://${headers.host ?? 'localhost'}${url}`
  return new URL(URL.canParse(text) ? text : 'http://localhost/')
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

interface UpgradeNeeds extends EmulatorOptions {
  readonly timing: EmulatorTiming
  readonly http: HttpNeeds
  readonly sockets: WebSocketServer
}

/** Refusals are close codes and not HTTP errors: clients can read only these. */
function upgrade({ request, socket, head }: Upgrade, needs: UpgradeNeeds): void {
  const url = urlOf(request)
  if (url.pathname !== SOCKET_PATH) {
    socket.on('error', () => socket.destroy())
    // The server is done with it and waits for nobody's half of the end.
    socket.once('finish', () => socket.destroy())
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    return
  }
  needs.sockets.handleUpgrade(request, socket, head, (client) => {
    serve(client, url.searchParams, needs)
  })
}

function serve(client: WebSocket, query: URLSearchParams, needs: UpgradeNeeds): void {
  const refuse = (code: number, reason: string) => {
    client.on('error', () => undefined)
    needs.log(`client refused with ${code}: ${reason}`)
    client.close(code, reason)
  }
  if (needs.sockets.clients.size > MAX_CONVERSATIONS) {
    refuse(1013, 'Too many conversations at once.')
    return
  }
  const { agents, llm, tools } = needs
  const admission = admit(query, agents, needs.http.signedUrls)
  if (!admission.ok) {
    refuse(1008, admission.reason)
    return
  }
  const { agent, conversationId } = admission
  const staff = (one: Agent): Staff => ({ agent: one, llm: llm(one), tools: tools(one) })
  serveClient(client, {
    ...{ ...needs, ...staff(agent), conversationId },
    staffOf: (id) => agents.filter((each) => each.id === id).map(staff)[0],
  })
}

async function close(server: Server, sockets: WebSocketServer): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  for (const client of sockets.clients) client.close(1001, 'The emulator stops.')
  await closed
}
