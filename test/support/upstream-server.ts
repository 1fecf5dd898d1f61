import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { closeServer } from './loopback-server.ts'
import type { Certificate } from './certificate.ts'

interface RecordedMessage {
  readonly role: string
  readonly content: unknown
  readonly tool_calls?: readonly {
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }[]
  readonly tool_call_id?: string
}

/** The chat-completions body as this server received it. */
interface RecordedBody extends Readonly<Record<string, unknown>> {
  readonly model: string
  readonly messages: readonly RecordedMessage[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}

interface RecordedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: string
  readonly body: RecordedBody
  /** The other end's port: the same for all requests on one connection. */
  readonly remotePort: number | undefined
  /** Resolves once the exchange is over: true if the other side hung up before the answer was whole. */
  readonly closed: Promise<boolean>
}

/**
 * One answer. `say` and `calls` make an ordinary OpenAI stream; `sse` is sent as it is; `status` and
 * `body` make a plain answer.
 */
export interface Reply {
  readonly say?: string
  /** Pieces that `say` is streamed in; by default one per word. */
  readonly deltas?: number
  readonly calls?: readonly {
    readonly id?: string
    readonly name: string
    /** A text is sent as it is. */
    readonly arguments?: object | string
  }[]
  readonly finishReason?: string
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number }
  readonly sse?: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /**
   * `hang`: not even headers. `reset`: the socket is destroyed instead. `stall`: what is to be said, then nothing, no end. `break`: the same,
   * then the socket is destroyed.
   */
  readonly fault?: 'hang' | 'reset' | 'stall' | 'break'
}

type Answer = Reply | ((request: RecordedRequest) => Reply | Promise<Reply>)

export interface UpstreamServer {
  /** Base URL for an upstream's options: `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  /** In order of arrival. */
  readonly requests: readonly RecordedRequest[]
  /** All that were ever accepted, TLS included, in order. */
  readonly connections: readonly Socket[]
  /** Queues answers; each is used once, before that of `always`. Without any: 500. */
  reply(...answers: readonly Answer[]): void
  /** Answers whatever finds the queue empty. */
  always(answer: Answer): void
  /** The request with this number, from 1; waits until it has arrived. */
  received(number?: number): Promise<RecordedRequest>
  close(): Promise<void>
}

/** A language model endpoint over real HTTP (or HTTPS) that does what the test says. */
export async function startUpstreamServer(tls?: Certificate, atPort = 0): Promise<UpstreamServer> {
  const requests: RecordedRequest[] = []
  const connections: Socket[] = []
  const queue: Answer[] = []
  let always: Answer = { status: 500, body: '{"error":{"message":"no reply was queued"}}' }
  let waiting: { readonly number: number; readonly resolve: (request: RecordedRequest) => void }[] =
    []

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await record(incoming, response)
    requests.push(request)
    for (const { number, resolve } of waiting) if (number === requests.length) resolve(request)
    waiting = waiting.filter(({ number }) => number > requests.length)
    const answer = queue.shift() ?? always
    send(response, typeof answer === 'function' ? await answer(request) : answer)
  }

  const answer = (incoming: IncomingMessage, response: ServerResponse) => {
    handle(incoming, response).catch((error: unknown) => response.destroy(error as Error)) // whatever it is, the test sees a broken connection
  }
  const server = tls ? createTlsServer(tls, answer) : createServer(answer)
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => connections.push(socket))
  server.listen(atPort, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/v1`,
    requests,
    connections,
    reply: (...answers) => {
      queue.push(...answers)
    },
    always: (answer) => {
      always = answer
    },
    received: (number = 1) =>
      new Promise((resolve) => {
        const request = requests[number - 1]
        if (request) resolve(request)
        else waiting.push({ number, resolve })
      }),
    close: () => closeServer(server),
  }
}

async function record(
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<RecordedRequest> {
  const closed = new Promise<boolean>((resolve) => {
    response.once('close', () => resolve(!response.writableFinished))
  })
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer) // no encoding was set
  const rawBody = Buffer.concat(chunks).toString()
  return {
    path: incoming.url ?? '',
    headers: incoming.headers,
    rawBody,
    remotePort: incoming.socket.remotePort,
    body: JSON.parse(rawBody) as RecordedBody, // what the test asserts on
    closed,
  }
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.fault === 'reset') response.destroy()
  if (reply.fault === 'hang' || reply.fault === 'reset') return
  const isPlain = reply.status !== undefined || reply.body !== undefined
  response.writeHead(reply.status ?? 200, {
    'content-type': isPlain ? 'application/json' : 'text/event-stream',
    ...reply.headers,
  })
  if (isPlain) {
    if (reply.fault === 'stall') response.write(reply.body ?? '')
    else response.end(reply.body ?? '')
    return
  }
  const isWhole = reply.fault === undefined
  const events = reply.sse === undefined ? toEvents(reply, isWhole) : [reply.sse]
  for (const event of events) response.write(event)
  if (isWhole) response.end()
  else if (reply.fault === 'break') response.write(': ', () => response.destroy())
}

/** An OpenAI stream, one event per element. */
export function toEvents(reply: Reply, isWhole = true): readonly string[] {
  const calls = reply.calls ?? []
  const deltas = [
    { role: 'assistant', content: '' },
    ...pieces(reply.say ?? '', reply.deltas).map((content) => ({ content })),
    ...calls.flatMap((call, index) => [
      {
        tool_calls: [
          {
            index,
            id: call.id ?? `call_test_${index + 1}`,
            type: 'function',
            function: { name: call.name, arguments: '' },
          },
        ],
      },
      { tool_calls: [{ index, function: { arguments: argumentsText(call.arguments) } }] },
    ]),
  ]
  const events = deltas.map((delta) =>
    event({ choices: [{ index: 0, delta, finish_reason: null }] }),
  )
  if (!isWhole) return events
  const finish = reply.finishReason ?? (calls.length > 0 ? 'tool_calls' : 'stop')
  return [
    ...events,
    event({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
    ...(reply.usage ? [event({ choices: [], usage: reply.usage })] : []),
    'data: [DONE]\n\n',
  ]
}

function event(fields: object): string {
  const chunk = { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1, model: 'test' }
  return `data: ${JSON.stringify({ ...chunk, ...fields })}\n\n`
}

function argumentsText(value: object | string = {}): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function pieces(text: string, count?: number): readonly string[] {
  if (count === undefined) return text.match(/\s*\S+\s*/g) ?? []
  const size = Math.max(1, Math.ceil(text.length / count))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  )
}
