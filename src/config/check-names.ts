import { isRecord, valueAtPath } from './plain-value.ts'
import type { Finding, Path } from './problem.ts'

const NAMED: readonly Path[] = [
  ['upstreams'],
  ['flow', 'states'],
  ['flow', 'variables'],
  ['flow', 'default_dynamic_variables'],
  ['tools'],
  ['mcp'],
  ['retell', 'actions'],
  ['conversation_relay', 'actions'],
]

/** What every object has already: such an entry would be lost, or read where none was written. */
const RESERVED = ['__proto__', 'constructor', 'prototype']

/** Looks at the file as it was written, since a schema drops `__proto__` without a word. */
export function checkNames(written: unknown): readonly Finding[] {
  return NAMED.flatMap((path) => {
    const entries = valueAtPath(written, path)
    if (!isRecord(entries)) return []
    return RESERVED.filter((name) => Object.hasOwn(entries, name)).map((name) => ({
      path: [...path, name],
      atKey: true,
      severity: 'error' as const,
      message: 'this name is reserved; choose another one',
    }))
  })
}
