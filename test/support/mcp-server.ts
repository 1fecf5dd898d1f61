import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import {
  createMcpHandler,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { closeServer, listenOnLoopback } from './loopback-server.ts'

interface ReceivedMessage {
  readonly httpMethod: string
  readonly headers: IncomingMessage['headers']
  /** The JSON-RPC message; undefined for GET and DELETE. */
  readonly message:
    { readonly id?: unknown; readonly method?: string; readonly params?: unknown } | undefined
}

/** Answers a request in the place of the server; false leaves it to the server. */
export type Interception = (
  received: ReceivedMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>

export interface RunningMcpServer {
  readonly url: string
  readonly port: number
  readonly received: readonly ReceivedMessage[]
  /** How often a JSON-RPC method was asked for. */
  count(method: string): number
  /** For all requests from now on. */
  intercept(interception: Interception | null): void
  /** Tells every client that the list of tools has changed. */
  tellChange(): Promise<void>
  /** As after a restart: nobody knows the sessions any more, and their streams break. */
  forgetSessions(): Promise<void>
  close(): Promise<void>
}

interface Options {
  /** `sessions` as of 2025; `modern` as of 2026, without; `stateless` as of 2025, a server to a request. */
  readonly kind?: 'sessions' | 'modern' | 'stateless'
  readonly port?: number
}

/** A real MCP server over real HTTP on 127.0.0.1; `register` gives each of its sessions the tools. */
export async function startMcpServer(
  register: (server: McpServer) => void,
  { kind = 'sessions', port = 0 }: Options = {},
): Promise<RunningMcpServer> {
  const received: ReceivedMessage[] = []
  let interception: Interception | null = null
  const face = FACES[kind](() => {
    const server = new McpServer(
      { name: 'clinic', version: '1' },
      { capabilities: { tools: { listChanged: true } } },
    )
    register(server)
    return server
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request)
    const message = {
      httpMethod: request.method ?? '',
      headers: request.headers,
      message: body === '' ? undefined : (JSON.parse(body) as ReceivedMessage['message']), // the client's own
    }
    received.push(message)
    if (await interception?.(message, response)) return
    await reply(await face.fetch(toRequest(request, body)), response)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const boundPort = await (port === 0 ? listenOnLoopback(server) : listenOn(server, port))
  return {
    url: `http://127.0.0.1:${boundPort}/mcp`,
    port: boundPort,
    received,
    count: (method) => received.filter(({ message }) => message?.method === method).length,
    intercept: (next) => {
      interception = next
    },
    tellChange: face.tellChange,
    forgetSessions: face.close,
    close: async () => {
      await closeServer(server)
      await face.close()
    },
  }
}

interface Face {
  fetch(request: Request): Promise<Response>
  readonly tellChange: () => Promise<void>
  readonly close: () => Promise<void>
}

const FACES = {
  sessions: sessionsFace,
  stateless: statelessFace,
  modern(create: () => McpServer): Face {
    const handler = createMcpHandler(create, { keepAliveMs: 0 })
    return {
      fetch: handler.fetch,
      tellChange: async () => handler.notify.toolsChanged(),
      close: handler.close,
    }
  },
}

function sessionsFace(create: () => McpServer): Face {
  const sessions = new Map<
    string,
    { readonly server: McpServer; readonly transport: WebStandardStreamableHTTPServerTransport }
  >()
  return {
    async fetch(request) {
      const id = request.headers.get('mcp-session-id')
      const known = id === null ? undefined : sessions.get(id)
      if (known) return known.transport.handleRequest(request)
      if (id !== null) return new Response(null, { status: 404 })
      const server = create()
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => void sessions.set(session, { server, transport }),
        onsessionclosed: (session) => void sessions.delete(session),
      })
      await server.connect(transport)
      return transport.handleRequest(request)
    },
    async tellChange() {
      for (const { server } of sessions.values()) server.sendToolListChanged()
    },
    async close() {
      const closing = [...sessions.values()].map(({ server }) => server.close())
      sessions.clear()
      await Promise.all(closing)
    },
  }
}

function statelessFace(create: () => McpServer): Face {
  return {
    async fetch(request) {
      if (request.method !== 'POST') return new Response(null, { status: 405 })
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
      await create().connect(transport)
      return transport.handleRequest(request)
    },
    tellChange: async () => undefined,
    close: async () => undefined,
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return port
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set
  return Buffer.concat(chunks).toString()
}

function toRequest(request: IncomingMessage, body: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, String(value))
  }
  return new Request(`http://${request.headers.host ?? ''}${request.url ?? ''}`, {
    method: request.method ?? 'GET',
    headers,
    ...(body === '' ? {} : { body }),
  })
}

async function reply(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.flushHeaders()
  if (!answer.body) {
    response.end()
    return
  }
  const source = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>) // Node's type of the same thing
  await pipeline(source, response)
}

/** An interception that answers one JSON-RPC method by hand. */
export function answering(
  method: string,
  answer: (id: unknown, response: ServerResponse, params: unknown) => void,
): Interception {
  return ({ message }, response) => {
    if (message?.method !== method) return false
    answer(message.id, response, message.params)
    return true
  }
}

/** A JSON-RPC result as the whole body. */
export function sendResult(response: ServerResponse, id: unknown, result: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
