import type { LogLevel } from '../observability/log.ts'
import { suggestion } from '../flow/near-name.ts'
import { OpenAiCompatibleOptions } from '../upstream/options.ts'
import type { Environment } from './environment-values.ts'

/** What the environment says besides the secrets that the file names. Unset ones stay unset. */
export interface EnvironmentSettings {
  readonly host?: string
  readonly port?: number
  readonly logLevel?: LogLevel
  readonly configFile?: string
  /** The upstream that the built-in demo talks to when the user has a key for it. */
  readonly openai?: OpenAiCompatibleOptions
}

export type ReadEnvironment =
  | { readonly ok: true; readonly settings: EnvironmentSettings }
  | { readonly ok: false; readonly problems: readonly string[] }

const LOG_LEVELS = [
  'debug',
  'info',
  'warn',
  'error',
  'silent',
] as const satisfies readonly LogLevel[]

/** An empty variable counts as not set. Problems never hold the value of a secret. */
export function readEnvironment(environment: Environment): ReadEnvironment {
  const problems: string[] = []
  const { HOST, PORT, LOG_LEVEL, TURNSTATE_CONFIG, OPENAI_API_KEY, OPENAI_BASE_URL } = environment
  const port = PORT ? parsePort(PORT) : undefined
  if (PORT && port === undefined) problems.push('PORT: must be a whole number from 0 to 65535')
  const logLevel = LOG_LEVELS.find((level) => level === LOG_LEVEL)
  if (LOG_LEVEL && !logLevel) {
    const near = suggestion(LOG_LEVEL, LOG_LEVELS)
    problems.push(`LOG_LEVEL: must be one of ${LOG_LEVELS.join(', ')}${near}`)
  }
  const openai = OPENAI_API_KEY ? readOpenAi(OPENAI_API_KEY, OPENAI_BASE_URL) : null
  if (openai && !openai.success) {
    for (const { path, message } of openai.error.issues) {
      problems.push(`${path[0] === 'base_url' ? 'OPENAI_BASE_URL' : 'OPENAI_API_KEY'}: ${message}`)
    }
  }
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    settings: {
      ...(HOST && { host: HOST }),
      ...(port !== undefined && { port }),
      ...(logLevel && { logLevel }),
      ...(TURNSTATE_CONFIG && { configFile: TURNSTATE_CONFIG }),
      ...(openai?.success && { openai: openai.data }),
    },
  }
}

/** From 0 (any free one) to 65535; undefined for anything else. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : undefined
}

function readOpenAi(apiKey: string, baseUrl: string | undefined) {
  return OpenAiCompatibleOptions.safeParse({
    base_url: baseUrl ? baseUrl : 'https://api.openai.com/v1',
    api_key: apiKey,
    model: 'gpt-4.1-mini',
  })
}
