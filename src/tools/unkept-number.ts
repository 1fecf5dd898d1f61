/**
 * Where a parsed JSON value holds a number that is not the one that was written: beyond 2^53 digits
 * are lost. Its path, null if there is none. The value must not be nested deeply.
 */
export function unkeptNumber(value: unknown): string | null {
  const path = pathTo(value)
  return path === null ? null : path.join('.')
}

function pathTo(value: unknown): readonly string[] | null {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? null : []
  if (typeof value !== 'object' || value === null) return null
  for (const [name, inner] of Object.entries(value)) {
    const path = pathTo(inner)
    if (path) return [name, ...path]
  }
  return null
}
