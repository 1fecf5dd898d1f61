import type { TurnstateError } from '../../src/errors.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createOpenAiCompatibleUpstream } from '../../src/upstream/openai-compatible.ts'
import { OpenAiCompatibleOptions } from '../../src/upstream/options.ts'
import type { Completion, CompletionListener, Upstream } from '../../src/upstream/upstream.ts'

interface LogLine {
  readonly level: string
  readonly values: object
  readonly message: string
}

interface Limits {
  readonly firstTokenMs?: number
  readonly idleMs?: number
}

interface Run {
  readonly texts: readonly string[]
  readonly completion: Promise<Completion>
}

interface ConnectedUpstream {
  readonly upstream: Upstream
  /** Everything that was logged. */
  readonly lines: readonly LogLine[]
  /** The values of the warnings among them. */
  warned(): readonly object[]
  /** One completion; the texts grow as it runs. */
  run(listener?: Partial<CompletionListener>): Run
}

export const KEY = 'sk-very-secret'

export function connectUpstream(
  url: string,
  { firstTokenMs = 2500, idleMs = 5000 }: Limits = {},
): ConnectedUpstream {
  const lines: LogLine[] = []
  const upstream = createOpenAiCompatibleUpstream({
    name: 'primary',
    options: OpenAiCompatibleOptions.parse({
      base_url: url,
      api_key: KEY,
      model: 'm',
      headers: { 'X-Title': 'desk' },
    }),
    routing: { first_token_timeout_ms: firstTokenMs, idle_timeout_ms: idleMs },
    stripThink: true,
    log: logTo(lines),
    metrics: createMetrics(),
  })
  return {
    upstream,
    lines,
    warned: () => lines.filter(({ level }) => level === 'warn').map(({ values }) => values),
    run: (listener) => runOn(upstream, listener),
  }
}

function runOn(upstream: Upstream, listener: Partial<CompletionListener> = {}): Run {
  const texts: string[] = []
  const completion = upstream.complete(
    {
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [],
      parameters: {},
      wantsUsage: true,
      state: 's',
    },
    {
      signal: listener.signal ?? new AbortController().signal,
      onText: (text) => {
        texts.push(text)
        return listener.onText?.(text)
      },
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
