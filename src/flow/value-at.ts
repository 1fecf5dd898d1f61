/**
 * The value at a dotted path (`items.0.id`), undefined if there is none. Only own properties count,
 * so that no path can reach a prototype.
 */
export function valueAt(value: unknown, path: string): unknown {
  let current: unknown = value
  for (const key of path.split('.')) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key))
      return undefined
    current = (current as Readonly<Record<string, unknown>>)[key] // an own property, checked above
  }
  return current
}
