import { isRecord, type JsonRecord } from '../../upstream/json-value.ts'

/*
 * Readers of one argument's schema. It comes with the request and may be anything: nothing of it is
 * compiled or followed, own properties only, and what cannot be read restricts nothing.
 */

const IS_TYPE = new Map<string, (value: unknown) => boolean>([
  ['string', (value) => typeof value === 'string'],
  ['number', (value) => Number.isFinite(value)],
  ['integer', (value) => Number.isInteger(value)],
  ['boolean', (value) => typeof value === 'boolean'],
  ['object', isRecord],
  ['array', Array.isArray],
  ['null', (value) => value === null],
])

export function ownValue(record: JsonRecord, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

export function ownRecord(record: JsonRecord, key: string): JsonRecord {
  const value = ownValue(record, key)
  return isRecord(value) ? value : {}
}

/** Empty if any type will do. */
export function typesOf(schema: JsonRecord): readonly string[] {
  const type = ownValue(schema, 'type')
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  const known = types.filter((one) => typeof one === 'string').filter((one) => IS_TYPE.has(one))
  if (known.length < types.length) return []
  return ownValue(schema, 'nullable') === true ? [...known, 'null'] : known
}

/** Any JSON value if the schema names no type. */
export function hasType(schema: JsonRecord, value: unknown): boolean {
  const types = typesOf(schema)
  const accepted = types.length > 0 ? types : [...IS_TYPE.keys()]
  return accepted.some((type) => IS_TYPE.get(type)?.(value))
}

/** The values of `const` or `enum`; empty if any value will do. */
export function choicesOf(schema: JsonRecord): readonly unknown[] {
  const only = ownValue(schema, 'const')
  if (only !== undefined) return [only]
  const choices = ownValue(schema, 'enum')
  return Array.isArray(choices) ? choices : []
}

/** Lists and objects are not compared. */
export function isChoice(schema: JsonRecord, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return true
  const choices = choicesOf(schema)
  return choices.length === 0 || choices.includes(value)
}

/** Whether null is a value here, and not just nothing. */
export function allowsNull(schema: JsonRecord): boolean {
  return typesOf(schema).includes('null') || choicesOf(schema).includes(null)
}

/** The value that stands in the schema for one that was left out, best first. */
export function valuesForMissing(schema: JsonRecord): readonly unknown[] {
  const choices = choicesOf(schema)
  return [ownValue(schema, 'default'), ...(choices.length === 1 ? choices : [])]
}
