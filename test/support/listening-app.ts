import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { buildApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import type { Log } from '../../src/observability/log.ts'
import { ConversationRelayOptions } from '../../src/routes/conversation-relay/options.ts'
import { RetellOptions } from '../../src/routes/retell/options.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { fakeEngine } from './fake-engine.ts'

export interface LogLine {
  readonly level: string
  readonly values: Readonly<Record<string, unknown>>
  readonly message: string
}

export interface ListeningApp extends App {
  readonly url: string
  readonly port: number
  readonly lines: readonly LogLine[]
}

type Options = Partial<Parameters<typeof buildApp>[0]>

/** The real app on a free port, closed when the test is over. */
export async function listeningApp(options: Options = {}): Promise<ListeningApp> {
  const { log, lines } = recordingLog()
  const app = buildApp({
    engine: fakeEngine(),
    keys: [],
    log,
    metrics: createMetrics(),
    limits: { max_body_bytes: 4_194_304, max_concurrent_turns: 100, max_sockets: 100 },
    retell: RetellOptions.parse({}),
    conversationRelay: ConversationRelayOptions.parse({}),
    models: ['clinic-booking'],
    readiness: () => ({ upstream: 'ok' }),
    openApiText: 'openapi: 3.1.0\n',
    ...options,
  })
  const url = await app.server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close(0))
  const { port } = app.server.server.address() as AddressInfo // listens on TCP
  return { ...app, url, port, lines }
}

export function recordingLog(): { log: Log; lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (values: object, message: string) =>
    void lines.push({ level, values: { ...values }, message })
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
  }
}

/** Posts a body as JSON, or as it is when it is a text. */
export function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
