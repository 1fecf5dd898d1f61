import type { z } from 'zod'
import { suggestion } from '../flow/near-name.ts'
import { isRecord, valueAtPath } from './plain-value.ts'
import type { Finding, Path } from './problem.ts'
import { keysAt } from './schema-keys.ts'

type Issue = z.core.$ZodIssue
type Schema = z.core.$ZodType

/** Why a value does not fit its schema, in words that say what to write instead. */
export function schemaFindings(
  schema: Schema,
  value: unknown,
  issues: readonly Issue[],
): readonly Finding[] {
  return issues.flatMap((issue) => toFindings(schema, value, issue, []))
}

function toFindings(schema: Schema, root: unknown, issue: Issue, base: Path): readonly Finding[] {
  const path = [...base, ...toPath(issue.path)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        severity: 'error',
        message: unknownKey(key, keysAt(schema, path)),
      }))
    case 'invalid_key': {
      const message = issue.issues.map((inner) => plainMessage(inner)).join(', ')
      return [{ path, atKey: true, severity: 'error', message: `as a key ${message}` }]
    }
    case 'invalid_union':
      return unionFindings(schema, root, issue, path)
    default: {
      const message = issueMessage(issue, valueAtPath(root, path))
      return [{ path, severity: 'error', message }]
    }
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  return known.includes(key)
    ? 'is a key of another type; remove it'
    : `unknown key${suggestion(key, known)}`
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>

/** A union's own message says nothing; the branch that was meant says what is wrong. */
function unionFindings(
  schema: Schema,
  root: unknown,
  issue: UnionIssue,
  path: Path,
): readonly Finding[] {
  const { note, options } = issue as { note?: string; options?: unknown } // Zod's types leave out `options`.
  if (issue.errors.length === 0 && note !== undefined && Array.isArray(options)) {
    return [{ path, severity: 'error', message: oneOf(options, valueAtPath(root, path)) }]
  }
  const branches = issue.errors.map(flatten)
  const value = valueAtPath(root, path)
  const fitting = branches.filter(
    (branch) => !branch.some((each) => each.path.length === 0 && isOfKind(each)),
  )
  if (fitting.length === 0) {
    const kinds = branches.flatMap((branch) => branch.filter(isOfKind).map(expectedKind))
    const message = mustBe([...new Set(kinds)].join(' or ') || 'something else', value)
    return [{ path, severity: 'error', message }]
  }
  const typed = fitting.filter((branch) => !branch.some(isWrongType))
  if (typed.length === 0) {
    const types = fitting.flatMap((branch) =>
      branch.filter(isWrongType).flatMap((each) => each.values),
    )
    const typePath = [...path, 'type']
    const message = oneOf([...new Set(types)], valueAtPath(root, typePath))
    return [{ path: typePath, severity: 'error', message }]
  }
  const [best] = typed.sort((left, right) => distance(left) - distance(right))
  return (best ?? []).flatMap((each) => toFindings(schema, root, each, path))
}

/** Puts the branches of unions that are themselves branches beside their sisters' issues. */
function flatten(branch: readonly Issue[]): readonly Issue[] {
  return branch.flatMap((issue) => {
    if (issue.code !== 'invalid_union' || issue.path.length > 0) return [issue]
    const inner = issue.errors.map(flatten)
    return [...inner].sort((left, right) => score(left) - score(right))[0] ?? [issue]
  })
}

function score(branch: readonly Issue[]): number {
  return (branch.some(isWrongType) ? 10_000 : 0) + distance(branch)
}

type WrongType = Extract<Issue, { code: 'invalid_value' }>

function isWrongType(issue: Issue): issue is WrongType {
  return issue.code === 'invalid_value' && issue.path.length === 1 && issue.path[0] === 'type'
}

function isOfKind(issue: Issue): issue is Extract<Issue, { code: 'invalid_type' }> {
  return issue.code === 'invalid_type' && issue.path.length === 0
}

/** Keys that are missing or too many tell more about which branch was meant than what is below them. */
function distance(branch: readonly Issue[]): number {
  const atTop = branch.filter((issue) => issue.path.length <= 1)
  const keys = atTop.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length : 1))
  return keys.reduce((sum, count) => sum + count, 0) * 100 + branch.length
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === 'number' ? part : String(part)))
}

function issueMessage(issue: Issue, value: unknown): string {
  if (value === undefined && issue.code !== 'custom') {
    return issue.code === 'invalid_value' ? oneOf(issue.values, undefined) : 'is required'
  }
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(expectedKind(issue), value)
    case 'invalid_value':
      return oneOf(issue.values, value)
    case 'too_small':
      return sizeMessage(issue.origin, Number(issue.minimum), 'at least')
    case 'too_big':
      return sizeMessage(issue.origin, Number(issue.maximum), 'at most')
    default:
      return plainMessage(issue)
  }
}

function plainMessage(issue: Issue): string {
  const message = issue.message.replace(/^Invalid [a-z ]+: /i, '')
  return message === '' ? 'is not valid' : message
}

function sizeMessage(origin: string, size: number, bound: 'at least' | 'at most'): string {
  if (origin === 'number' || origin === 'int') return `must be ${bound} ${size}`
  if (size === 1 && bound === 'at least') return 'must not be empty'
  return `must have ${bound} ${size} ${origin === 'string' ? 'characters' : 'entries'}`
}

function oneOf(values: readonly unknown[], value: unknown): string {
  // A discriminator that may be left out has `undefined` among its values.
  const names = values.filter((each) => each !== undefined).map(String)
  const words =
    names.length === 1 ? `must be ${names[0] ?? ''}` : `must be one of ${names.join(', ')}`
  if (value === undefined) return `is required: ${words}`
  return typeof value === 'string' ? `${words}${suggestion(value, names)}` : words
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

function expectedKind(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const format: unknown = 'format' in issue ? issue.format : undefined
  return KINDS[format === 'safeint' ? 'int' : issue.expected] ?? issue.expected
}

function mustBe(expected: string, value: unknown): string {
  if (value === undefined) return 'is required'
  if (value === null) return `must be ${expected}, but nothing is written here`
  const quotes = expected === 'a text' && typeof value !== 'object' ? ' (put it in quotes)' : ''
  return `must be ${expected}, not ${kindOf(value)}${quotes}`
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isRecord(value)) return 'a mapping'
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'boolean') return String(value)
  return Number.isInteger(value) ? 'a number' : 'a number with a fraction'
}
