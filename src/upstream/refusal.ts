import { isRecord, parseJson } from './json-value.ts'

const LONGEST_WAIT_MS = 5 * 60_000

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** When to come back, as the headers of a refusal say it (seconds, a date, or milliseconds). */
export function retryAfterMs(headers: Headers, now: Date): number | undefined {
  const waitMs = inMilliseconds(headers['retry-after-ms']) ?? inSeconds(headers['retry-after'], now)
  return waitMs === undefined ? undefined : Math.min(waitMs, LONGEST_WAIT_MS)
}

const NUMBER = /^\d+(\.\d+)?$/

function inMilliseconds(value: Headers[string]): number | undefined {
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined
}

function inSeconds(value: Headers[string], now: Date): number | undefined {
  if (typeof value !== 'string') return undefined
  if (NUMBER.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}

/** A vendor's own name for an error; anything else could be words of a caller. */
const NAME = /^[\w.-]{1,64}$/

/** The error's `code`, else its `type` or (Google's word for it) `status`, of a refusal's body. */
export function refusalCode(body: string): string | undefined {
  const whole = parseJson(body)
  const first: unknown = Array.isArray(whole) ? whole[0] : whole
  if (!isRecord(first)) return undefined
  const error = isRecord(first.error) ? first.error : first
  return [error.code, error.type, error.status].find(
    (value): value is string => typeof value === 'string' && NAME.test(value),
  )
}
