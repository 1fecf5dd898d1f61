/** Longer texts are compared as they stand. */
const MAX_CHARACTERS = 100_000
const MAX_DEPTH = 200

/**
 * JSON text in one spelling: keys in order at any depth, no white space. Two texts that say the same
 * give the same; what is no JSON, or too long or too deep to be walked, stays as it is.
 */
export function canonicalJson(text: string): string {
  if (text.length > MAX_CHARACTERS) return text
  try {
    return write(JSON.parse(text), 0)
  } catch {
    return text
  }
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deeply')
  if (Array.isArray(value)) return `[${value.map((inner) => write(inner, depth + 1)).join(',')}]`
  // Numbers beyond the range are read as infinite, which JSON.stringify would take for null.
  if (typeof value === 'number' && !Number.isFinite(value)) return value > 0 ? '1e999' : '-1e999'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const members = entries.map(([key, inner]) => `${JSON.stringify(key)}:${write(inner, depth + 1)}`)
  return `{${members.join(',')}}`
}
