const MAX_DEPTH = 100

/**
 * True for a value of more than 100 levels. It is kept, compared and written as JSON again, and much
 * deeper ones would exhaust the stack there. (`JSON.parse` itself does not recurse.)
 */
export function isTooDeep(value: unknown): boolean {
  return isDeeperThan(value, MAX_DEPTH)
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}
