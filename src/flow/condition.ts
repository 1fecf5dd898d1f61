import type { Comparison, Condition, Operator } from './definition.ts'
import type { Variables } from './position.ts'
import { valueAt } from './value-at.ts'

/** What a condition may look at. */
export interface Facts {
  readonly variables: Variables
  readonly extra: Readonly<Record<string, unknown>>
  readonly exchange: number
  readonly turnsInState: number
  readonly kind: string
  readonly lastUserText: string
}

const BUILT_INS: Readonly<Record<string, (facts: Facts) => unknown>> = {
  $exchange: (facts) => facts.exchange,
  $turns_in_state: (facts) => facts.turnsInState,
  $kind: (facts) => facts.kind,
  $last_user_text: (facts) => facts.lastUserText,
}

/** A name with `$` that conditions know; the rest are variables. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(BUILT_INS, name) || name.startsWith('$extra.')
}

/** Whether the condition is true. Values that cannot be compared make it false, never an error. */
export function holds(condition: Condition, facts: Facts): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, facts))
  if ('any' in condition) return condition.any.some((part) => holds(part, facts))
  if ('not' in condition) return !holds(condition.not, facts)
  return compare(condition, facts)
}

function read(name: string, facts: Facts): unknown {
  if (name.startsWith('$extra.')) return valueAt(facts.extra, name.slice('$extra.'.length))
  const builtIn = Object.hasOwn(BUILT_INS, name) ? BUILT_INS[name] : undefined
  return builtIn ? builtIn(facts) : valueAt(facts.variables, name)
}

const COMPARE = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '>': (left, right) => order(left, right) > 0,
  '>=': (left, right) => order(left, right) >= 0,
  '<': (left, right) => order(left, right) < 0,
  '<=': (left, right) => order(left, right) <= 0,
  contains,
  not_contains: (left, right) => !contains(left, right),
  exists,
  not_exist: (left) => !exists(left),
  matches,
} as const satisfies Record<Operator, (left: unknown, right: unknown) => boolean>

function compare(condition: Comparison, facts: Facts): boolean {
  return COMPARE[condition.op](read(condition.var, facts), condition.value)
}

function exists(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** Callers' words and JSON results spell numbers and truth as text, so `"5"` equals `5`. */
function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (!isScalar(left) || !isScalar(right)) return false
  return typeof left !== typeof right && String(left) === String(right)
}

/** Below, at or above zero; NaN (every comparison false) for what has no order. */
function order(left: unknown, right: unknown): number {
  if (!isScalar(left) || !isScalar(right) || isBlank(left) || isBlank(right)) return Number.NaN
  const difference = Number(left) - Number(right)
  if (!Number.isNaN(difference) || typeof left !== 'string' || typeof right !== 'string') {
    return difference
  }
  // ISO dates and times order as text.
  return left < right ? -1 : left > right ? 1 : 0
}

/** `Number` would read it as zero. */
function isBlank(value: string | number | boolean): boolean {
  return typeof value === 'string' && value.trim() === ''
}

/** Text is searched without regard to case: transcripts spell as they like. */
function contains(left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) return left.some((element) => equal(element, right))
  if (!isScalar(left) || !isScalar(right)) return false
  return String(left).toLowerCase().includes(String(right).toLowerCase())
}

const patterns = new Map<string, RegExp | null>()

/** The regular expression of a `matches` condition; null if the pattern is broken. */
export function toPattern(source: string): RegExp | null {
  const known = patterns.get(source)
  if (known !== undefined) return known
  let pattern: RegExp | null = null
  try {
    pattern = new RegExp(source, 'iu')
  } catch {
    // Broken patterns are refused when the flow is checked.
  }
  patterns.set(source, pattern)
  return pattern
}

/** Bounds the work that a hostile text can cause in the author's pattern. */
const MAX_MATCHED_CHARACTERS = 2000

function matches(left: unknown, right: unknown): boolean {
  if (!isScalar(left) || typeof right !== 'string') return false
  return toPattern(right)?.test(String(left).slice(0, MAX_MATCHED_CHARACTERS)) ?? false
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
