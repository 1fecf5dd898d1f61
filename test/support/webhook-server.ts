import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, listenOnLoopback } from './loopback-server.ts'

interface ReceivedCall {
  readonly method: string
  /** Path and query as they came. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What the server does with a request; `hang` and `reset` act once the whole body has arrived. */
type WebhookBehaviour =
  | { readonly type: 'json'; readonly value: unknown; readonly status?: number }
  | {
      readonly type: 'text'
      readonly text: string
      readonly status?: number
      readonly contentType?: string
    }
  | { readonly type: 'redirect'; readonly to: string }
  /** As many bytes as asked for, without a content-length. */
  | { readonly type: 'huge'; readonly bytes: number }
  /** Headers and the first half at once, the rest never. */
  | { readonly type: 'half' }
  | { readonly type: 'hang' }
  | { readonly type: 'reset' }

export interface WebhookServer {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly received: readonly ReceivedCall[]
  /** TCP connections so far. */
  connections(): number
  /** For all requests from now on; `{}` as JSON at first. */
  behave(behaviour: WebhookBehaviour): void
  /** Resolves once `count` requests have been received whole. */
  waitFor(count: number): Promise<void>
  close(): Promise<void>
}

/** A webhook's other side on 127.0.0.1 that records what reaches it. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const received: ReceivedCall[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let behaviour: WebhookBehaviour = { type: 'json', value: {} }
  let connections = 0

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      })
      for (const { count, resolve } of waiting) if (received.length >= count) resolve()
      answer(behaviour, response)
    })
  })
  server.on('connection', () => (connections += 1))
  const port = await listenOnLoopback(server)

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    connections: () => connections,
    behave: (next) => {
      behaviour = next
    },
    waitFor: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () => closeServer(server),
  }
}

function answer(behaviour: WebhookBehaviour, response: ServerResponse): void {
  switch (behaviour.type) {
    case 'json':
      response.writeHead(behaviour.status ?? 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(behaviour.value))
      return
    case 'text':
      response.writeHead(behaviour.status ?? 200, {
        'content-type': behaviour.contentType ?? 'text/plain',
      })
      response.end(behaviour.text)
      return
    case 'redirect':
      response.writeHead(302, { location: behaviour.to })
      response.end()
      return
    case 'huge':
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.end('x'.repeat(behaviour.bytes))
      return
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"id":')
      return
    case 'hang':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
  }
}
