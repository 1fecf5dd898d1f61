import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { Tools } from '../../../src/flow/tool-definition.ts'
import type { Log } from '../../../src/observability/log.ts'
import { createToolRunner } from '../../../src/tools/create-tool-runner.ts'
import type { ToolContext, ToolOutcome, ToolRunner } from '../../../src/tools/tool-runner.ts'
import { closeServer, listenOnLoopback } from '../../support/loopback-server.ts'

/** What the other side does with one request, once it has arrived whole. */
export type Step = (response: ServerResponse) => void

interface Received {
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface ScriptedWebhook {
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  connections(): number
  /** Ends all connections that are open, as a server does that has waited long enough. */
  hangUp(): void
  /** Resolves once so many requests have arrived whole. */
  waitFor(count: number): Promise<void>
}

/** A webhook's other side that takes one step per request; the last one goes on for ever. */
export async function startWebhook(...steps: readonly Step[]): Promise<ScriptedWebhook> {
  const received: Received[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', headers } = request
      received.push({ method, headers, body: Buffer.concat(chunks) })
      for (const { count, resolve } of waiting) if (received.length >= count) resolve()
      const step = steps[Math.min(received.length, steps.length) - 1]
      if (step) step(response)
      else response.end('{}')
    })
  })
  server.on('connection', () => (connections += 1))
  const port = await listenOnLoopback(server)
  onTestFinished(() => closeServer(server))
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    connections: () => connections,
    hangUp: () => server.closeAllConnections(),
    waitFor: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
  }
}

/** Answers with a status and headers. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) => response.writeHead(code, headers).end(`{"status":${code}}`)
}

/** Says this, as it is, and hangs up. */
export function raw(...parts: readonly (string | Buffer)[]): Step {
  return ({ socket }) => socket?.end(Buffer.concat(parts.map((part) => Buffer.from(part))))
}

export const ok: Step = (response) => response.end('{"id":1}')
export const hang: Step = () => undefined
export const reset: Step = ({ socket }) => socket?.resetAndDestroy()
/** Headers of success, then nothing more. */
export const half: Step = (response) => response.writeHead(200).write('{"id":')
/** Headers of success, then the end of the connection. */
export const cutOff = raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":')

interface Line {
  readonly level: string
  readonly values: object
  readonly message: string
}

interface Caller {
  readonly runner: ToolRunner
  readonly lines: readonly Line[]
  run(
    context?: Partial<ToolContext>,
    args?: Readonly<Record<string, unknown>>,
  ): Promise<ToolOutcome>
}

interface CallerOptions {
  readonly secret?: string
  readonly now?: () => number
  readonly allowHosts?: readonly string[]
  /** Told of each line as it is logged. */
  readonly onLine?: (line: Line) => void
}

/** A runner with one webhook tool of that definition. */
export function createCaller(tool: object, options: CallerOptions = {}): Caller {
  const lines: Line[] = []
  const at = (level: string) => (values: object, message: string) => {
    const line = { level, values, message }
    lines.push(line)
    options.onLine?.(line)
  }
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const runner = createToolRunner({
    tools: Tools.parse({ tool: { type: 'webhook', ...tool } }),
    schemas: {},
    webhooks: {
      allow_hosts: [...(options.allowHosts ?? ['127.0.0.1'])],
      ...(options.secret === undefined ? {} : { signing_secret: options.secret }),
    },
    metrics: { toolRun: () => undefined },
    log,
    logsContents: false,
    mcp: {},
    now: options.now ?? (() => performance.now()),
  })
  onTestFinished(() => runner.close())
  return {
    runner,
    lines,
    run: (context, args = {}) =>
      runner.run('tool', args, { signal: new AbortController().signal, values: {}, ...context }),
  }
}
