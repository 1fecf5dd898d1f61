import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { closeServer } from './loopback-server.ts'

interface Answer {
  readonly status?: number
  readonly value?: unknown
  /** Until the test answers it; `reset`: the connection is cut instead. */
  readonly fault?: 'hold' | 'reset'
}

interface ToolCall {
  readonly method: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  /** The `Idempotency-Key`. */
  readonly key: string | undefined
  /** On the clock of `performance.now()`. */
  readonly at: number
  /** Resolves once it is over: true if the other side hung up before the answer was whole. */
  readonly closed: Promise<boolean>
  /** Answers one that is held. */
  readonly answer: (answer?: Answer) => void
}

export interface ToolServer {
  readonly port: number
  /** The address of a path: its last segment is how calls are told apart. */
  readonly at: (path: string) => string
  /** Calls of a path so far, in order of arrival. */
  readonly calls: (path: string) => readonly ToolCall[]
  /** The call of a path with this number, from 1; waits until it has arrived. */
  readonly received: (path: string, number?: number) => Promise<ToolCall>
  /** How calls of a path are answered from now on; at first with `{}`. */
  readonly set: (path: string, answer: Answer) => void
  readonly close: () => Promise<void>
}

/** The other side of several webhooks on 127.0.0.1, each of which can be held, broken and counted. By default on any port. */
export async function startToolServer(atPort = 0): Promise<ToolServer> {
  const calls = new Map<string, ToolCall[]>()
  const answers = new Map<string, Answer>()
  const waiting = new Set<() => void>()

  const server = createServer((request, response) => {
    void record(request, response).then(({ path, call }) => {
      calls.set(path, [...(calls.get(path) ?? []), call])
      for (const look of [...waiting]) look()
      const answer = answers.get(path) ?? {}
      if (answer.fault !== 'hold') call.answer(answer)
    })
  })
  server.listen(atPort, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  const close = () => closeServer(server)
  onTestFinished(close)
  return {
    port,
    at: (path) => `http://127.0.0.1:${port}${path}`,
    calls: (path) => calls.get(path) ?? [],
    received: (path, number = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const call = calls.get(path)?.[number - 1]
          if (!call) return
          waiting.delete(look)
          resolve(call)
        }
        waiting.add(look)
        look()
      }),
    set: (path, answer) => void answers.set(path, answer),
    close,
  }
}

async function record(request: IncomingMessage, response: ServerResponse) {
  const closed = new Promise<boolean>((resolve) => {
    response.once('close', () => resolve(!response.writableFinished))
  })
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding was set
  const text = Buffer.concat(chunks).toString()
  const url = new URL(request.url ?? '/', 'http://localhost')
  const key = request.headers['idempotency-key']
  const call: ToolCall = {
    method: request.method ?? '',
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? null : (JSON.parse(text) as unknown),
    key: typeof key === 'string' ? key : undefined,
    at: performance.now(),
    closed,
    answer: ({ status = 200, value = {}, fault } = {}) => {
      if (fault === 'reset') response.destroy()
      else {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(value))
      }
    },
  }
  return { path: url.pathname, call }
}
