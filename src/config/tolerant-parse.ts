import type { z } from 'zod'
import { isRecord, valueAtPath } from './plain-value.ts'
import type { Finding, Path } from './problem.ts'
import { schemaFindings } from './schema-findings.ts'

export interface TolerantResult<T> {
  /** What is left once everything that does not fit was taken out; undefined if too little is. */
  readonly value: T | undefined
  readonly findings: readonly Finding[]
  /** Where something in `value` stood before entries were taken out of the lists above it. */
  originalPath(path: Path): Path
}

/** Stands in for an entry that is broken, so that what refers to its name is not blamed. */
export interface Placeholder {
  /** Keys from the top of the file; `*` stands for any one key. */
  readonly path: string
  readonly value: unknown
}

const MAX_ROUNDS = 20

/**
 * Parses what can be parsed, so that the checks of what belongs together can run although some of
 * it is wrong, and one start tells every problem.
 */
export function parseTolerantly<T>(
  schema: z.ZodType<T>,
  written: unknown,
  placeholders: readonly Placeholder[] = [],
): TolerantResult<T> {
  const left: unknown = structuredClone(written)
  const indexes = new WeakMap<object, number[]>()
  const findings: Finding[] = []
  const originalPath = (path: Path) => toOriginal(left, indexes, path)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = schema.safeParse(left)
    if (result.success) return { value: result.data, findings, originalPath }
    const found = schemaFindings(schema, left, result.error.issues)
    // Later rounds also complain of what the earlier ones took away; only refinements, which do not
    // run beside other problems, are news.
    const isNews = round === 0 ? found : customOnly(schema, left, result.error.issues)
    findings.push(...isNews.map((each) => ({ ...each, path: originalPath(each.path) })))
    if (!takeOut(left, found, { indexes, placeholders })) break
  }
  return { value: undefined, findings, originalPath }
}

function customOnly(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]) {
  const custom = issues.filter((issue) => issue.code === 'custom')
  return schemaFindings(schema, value, custom)
}

interface Context {
  readonly indexes: WeakMap<object, number[]>
  readonly placeholders: readonly Placeholder[]
}

/** False if there is nothing that could be taken out. */
function takeOut(root: unknown, findings: readonly Finding[], context: Context): boolean {
  const { indexes, placeholders } = context
  const targets = findings.map(({ path }) =>
    placeholderFor(path, placeholders) ? path : existing(root, path),
  )
  if (targets.some((path) => path.length === 0)) return false
  const listEntries = new Map<unknown[], Set<number>>()
  for (const path of new Map(targets.map((each) => [JSON.stringify(each), each])).values()) {
    const key = path.at(-1)
    const parent = valueAtPath(root, path.slice(0, -1))
    if (Array.isArray(parent) && typeof key === 'number') {
      const list: unknown[] = parent
      listEntries.set(list, (listEntries.get(list) ?? new Set()).add(key))
    } else if (isRecord(parent) && typeof key === 'string') {
      const placeholder = placeholderFor(path, placeholders)
      if (placeholder && parent[key] !== placeholder.value) parent[key] = placeholder.value
      else Reflect.deleteProperty(parent, key)
    }
  }
  // At the end, so that every path above still means the entry that it meant when it was found.
  for (const [list, entries] of listEntries) {
    const original = indexes.get(list) ?? [...list.keys()]
    indexes.set(
      list,
      original.filter((_, index) => !entries.has(index)),
    )
    for (const entry of [...entries].sort((a, b) => b - a)) list.splice(entry, 1)
  }
  return true
}

function placeholderFor(path: Path, placeholders: readonly Placeholder[]): Placeholder | undefined {
  return placeholders.find((each) => fitsPattern(path, each.path.split('.')))
}

function fitsPattern(path: Path, pattern: readonly string[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((part, index) => part === '*' || part === path[index])
  )
}

/** The path itself, or the nearest one above it that holds something. */
function existing(root: unknown, path: Path): Path {
  let end = path.length
  while (end > 0 && valueAtPath(root, path.slice(0, end)) === undefined) end--
  return path.slice(0, end)
}

function toOriginal(root: unknown, indexes: WeakMap<object, number[]>, path: Path): Path {
  return path.map((part, depth) => {
    if (typeof part !== 'number') return part
    const list = valueAtPath(root, path.slice(0, depth))
    return (Array.isArray(list) ? indexes.get(list)?.[part] : undefined) ?? part
  })
}
