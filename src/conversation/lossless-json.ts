/*
 * JSON has no `undefined`, no infinite numbers and no -0. Where a variable may have such a value it is
 * written as an object with the one key `$`; keys that begin with `$` get another one in front.
 */

const ODD_NUMBERS: Readonly<Record<string, number>> = {
  NaN,
  Infinity,
  '-Infinity': -Infinity,
  '-0': -0,
}

/** A value as JSON can hold it. */
function toJson(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'number') {
    const odd = Object.entries(ODD_NUMBERS).find(([, number]) => Object.is(number, value))
    return odd ? { $: odd[0] } : value
  }
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value
  return toJsonObject(value)
}

export function toJsonObject(object: object): Readonly<Record<string, unknown>> {
  return mapped(object, (key) => (key.startsWith('$') ? `$${key}` : key), toJson)
}

/** The value that was written so. */
function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null) return value
  const name = '$' in value ? value.$ : undefined
  return typeof name === 'string' ? ODD_NUMBERS[name] : objectFromJson(value)
}

export function objectFromJson(object: object): Readonly<Record<string, unknown>> {
  return mapped(object, (key) => (key.startsWith('$$') ? key.slice(1) : key), fromJson)
}

/** `Object.fromEntries` keeps a key `__proto__` as a key like any other. */
function mapped(
  object: object,
  toKey: (key: string) => string,
  toValue: (value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [toKey(key), toValue(value)]),
  )
}
