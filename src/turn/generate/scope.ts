import type { Lookup } from '../../flow/template.ts'
import { lookupIn } from '../../flow/template.ts'
import type { Variables } from '../../flow/position.ts'

/** What templates can name besides variables: `extra.<path>` and `now`. */
export interface Scope {
  readonly extra: Readonly<Record<string, unknown>>
  /** Formatted only when asked for: it costs more than finding the state. */
  readonly now: () => string
}

export function scopeValues(variables: Variables, scope: Scope): Readonly<Record<string, unknown>> {
  return { extra: scope.extra, now: scope.now(), ...variables }
}

export function lookupOf(variables: Variables, scope: Scope): Lookup {
  const lookup = lookupIn(variables, { extra: scope.extra })
  return (path) => lookup(path) ?? (path === 'now' ? scope.now() : undefined)
}

interface Clock {
  readonly format: Intl.DateTimeFormat
  /** It shows no seconds: what it showed last, and in which minute. */
  minute: number
  text: string
}

const clocks = new Map<string, Clock>()
const MINUTE_MS = 60_000

/** `Friday, 20 November 2026 at 11:02 CET`: what a model needs to talk about dates. */
export function formatNow(date: Date, timezone: string): string {
  let clock = clocks.get(timezone)
  if (!clock) clocks.set(timezone, (clock = createClock(timezone)))
  const minute = Math.floor(date.getTime() / MINUTE_MS)
  if (minute !== clock.minute) {
    clock.minute = minute
    clock.text = clock.format.format(date)
  }
  return clock.text
}

function createClock(timeZone: string): Clock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  return { format, minute: Number.NaN, text: '' }
}
