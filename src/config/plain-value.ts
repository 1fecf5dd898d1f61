import type { Path } from './problem.ts'

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path, undefined if there is none. Only own properties count. */
export function valueAtPath(root: unknown, path: Path): unknown {
  let current = root
  for (const part of path) {
    if (Array.isArray(current) && typeof part === 'number') {
      const items: readonly unknown[] = current
      current = items[part]
    } else if (isRecord(current) && Object.hasOwn(current, part)) {
      current = current[part]
    } else {
      return undefined
    }
  }
  return current
}
