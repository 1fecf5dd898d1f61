import type { TurnstateError } from '../../src/errors.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createOpenAiCompatibleUpstream } from '../../src/upstream/openai-compatible.ts'
import { OpenAiCompatibleOptions } from '../../src/upstream/options.ts'
import type {
  Completion,
  CompletionListener,
  CompletionRequest,
  Endpoint,
} from '../../src/upstream/upstream.ts'
import { WARMTH_TIMES } from '../../src/upstream/warmth.ts'
import type { WarmthTimes } from '../../src/upstream/warmth.ts'

interface LogLine {
  readonly level: string
  readonly values: object
  readonly message: string
}

interface Settings {
  readonly connectMs?: number
  readonly firstTokenMs?: number
  readonly idleMs?: number
  readonly totalMs?: number
  /** Further keys of the upstream's options. */
  readonly options?: object
  /** Certificate of the authority to trust. */
  readonly ca?: string
  readonly warmthTimes?: Partial<WarmthTimes>
}

interface Run {
  readonly texts: readonly string[]
  readonly completion: Promise<Completion>
}

export interface ConnectedUpstream {
  readonly upstream: Endpoint
  /** Everything that was logged. */
  readonly lines: readonly LogLine[]
  /** The values of the warnings among them. */
  warned(): readonly object[]
  /** The metrics whose line holds the text. */
  measured(text: string): Promise<readonly string[]>
  /** One completion; the texts grow as it runs. */
  run(listener?: Partial<CompletionListener>, request?: Partial<CompletionRequest>): Run
}

export const KEY = 'sk-very-secret'

export function connectUpstream(url: string, settings: Settings = {}): ConnectedUpstream {
  const { connectMs = 2000, firstTokenMs = 2500, idleMs = 5000, totalMs = 20_000 } = settings
  const lines: LogLine[] = []
  const metrics = createMetrics()
  const upstream = createOpenAiCompatibleUpstream({
    name: 'primary',
    options: OpenAiCompatibleOptions.parse({
      base_url: url,
      api_key: KEY,
      model: 'm',
      headers: { 'X-Title': 'desk' },
      ...settings.options,
    }),
    routing: {
      connect_timeout_ms: connectMs,
      first_token_timeout_ms: firstTokenMs,
      idle_timeout_ms: idleMs,
      turn_timeout_ms: totalMs,
    },
    stripThink: true,
    log: logTo(lines),
    metrics,
    ...(settings.ca !== undefined && { tls: { ca: settings.ca } }),
    warmthTimes: { ...WARMTH_TIMES, ...settings.warmthTimes },
  })
  return {
    upstream,
    lines,
    warned: () => lines.filter(({ level }) => level === 'warn').map(({ values }) => values),
    measured: async (text) =>
      (await metrics.text())
        .split('\n')
        .filter((line) => !line.startsWith('#') && line.includes(text)),
    run: (listener, request) => runOn(upstream, listener, request),
  }
}

function runOn(
  upstream: Endpoint,
  listener: Partial<CompletionListener> = {},
  request: Partial<CompletionRequest> = {},
): Run {
  const texts: string[] = []
  const completion = upstream.complete(
    {
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [],
      parameters: {},
      wantsUsage: true,
      state: 's',
      ...request,
    },
    {
      signal: listener.signal ?? new AbortController().signal,
      onText: (text) => {
        texts.push(text)
        return listener.onText?.(text)
      },
      ...(listener.onFirstToken && { onFirstToken: listener.onFirstToken }),
    },
  )
  return { texts, completion }
}

function logTo(lines: LogLine[]): Log {
  const method = (level: string) => (values: object, message: string) =>
    void lines.push({ level, values, message })
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

export async function failure(completion: Promise<unknown>): Promise<unknown> {
  return completion.then(
    () => 'did not fail',
    (error: unknown) => error,
  )
}

export async function codeOf(completion: Promise<unknown>): Promise<string> {
  return ((await failure(completion)) as TurnstateError).code // any other error has none
}
