import type { Variables } from '../../flow/position.ts'
import { isTooDeep } from '../../tools/nesting.ts'
import { isRecord, parseJson, textOf, type JsonRecord } from '../../upstream/json-value.ts'
import type { OfferedTool } from '../../upstream/upstream.ts'
import {
  allowsNull,
  choicesOf,
  hasType,
  isChoice,
  ownRecord,
  ownValue,
  typesOf,
  valuesForMissing,
} from './argument-schema.ts'

const MAX_REQUIRED = 200
const MAX_PROBLEMS = 5
const MAX_NAME_CHARACTERS = 64
const MAX_DESCRIPTION_CHARACTERS = 200
const MAX_CHOICES = 20

/** The platform's name for text that it speaks with any tool, and its older names by tool. */
const SPOKEN = 'system__message_to_speak'
const SPOKEN_BEFORE: ReadonlyMap<string, string> = new Map([
  ['end_call', 'message'],
  ['transfer_to_number', 'client_message'],
])

type CompletedArguments =
  | { readonly ok: true; readonly arguments: string }
  | { readonly ok: false; readonly problem: string }

/**
 * A platform call's arguments as the request's own schema wants them. A required one that is missing
 * is taken from the platform's other name for it, from the schema, or from the variable of its name
 * (give only those that may leave the server). What cannot be put right is one line for the model.
 */
export function completeArguments(
  tool: OfferedTool,
  argumentsText: string,
  variables: Variables,
): CompletedArguments {
  const trimmed = argumentsText.trim()
  const text = trimmed === '' || trimmed === 'null' ? '{}' : argumentsText
  const given = parseJson(text)
  if (!isRecord(given)) return { ok: false, problem: 'arguments: must be a JSON object' }
  if (!isRecord(tool.parameters)) return { ok: true, arguments: text }
  const call: Call = {
    tool: tool.name,
    properties: ownRecord(tool.parameters, 'properties'),
    required: requiredIn(tool.parameters),
    values: new Map(Object.entries(given)),
    variables,
  }
  const filled = [...call.required].map((name) => fill(call, name))
  const changes = [...filled, ...[...call.values.keys()].map((name) => check(call, name))]
  const problems = changes.flatMap(({ problem }) => problem ?? [])
  if (problems.length > 0) return { ok: false, problem: toLine(problems) }
  if (!changes.some((change) => change.isChanged)) return { ok: true, arguments: text }
  const values = Object.fromEntries(call.values)
  if (isTooDeep(values)) return { ok: false, problem: 'arguments: are nested too deeply' }
  return { ok: true, arguments: JSON.stringify(values) }
}

interface Call {
  readonly tool: string
  /** Schemas by argument. */
  readonly properties: JsonRecord
  readonly required: ReadonlySet<string>
  /** The arguments as they stand so far. */
  readonly values: Map<string, unknown>
  readonly variables: Variables
}

/** What became of one argument. */
interface Change {
  readonly isChanged?: true
  readonly problem?: string
}

function requiredIn(parameters: JsonRecord): ReadonlySet<string> {
  const required = ownValue(parameters, 'required')
  const names: readonly unknown[] = Array.isArray(required) ? required.slice(0, MAX_REQUIRED) : []
  return new Set(names.filter((name) => typeof name === 'string'))
}

/** Finds a value for a required argument that is missing. */
function fill(call: Call, name: string): Change {
  if (!isMissing(call, name, call.values.get(name))) return {}
  const schema = ownRecord(call.properties, name)
  const alias = otherNames(call, name).find((other) => textOf(call.values.get(other)).trim() !== '')
  const candidates = [
    alias === undefined ? undefined : call.values.get(alias),
    ...valuesForMissing(schema),
    ownValue(call.variables, name),
  ]
  const value = candidates.find(
    (candidate) =>
      !isMissing(call, name, candidate) &&
      hasType(schema, candidate) &&
      isChoice(schema, candidate),
  )
  if (value === undefined) {
    call.values.delete(name)
    return { problem: `${shown(name)} is missing${purposeOf(schema)}` }
  }
  call.values.set(name, value)
  // Under both names it would be spoken twice.
  if (alias !== undefined && value === call.values.get(alias) && !call.required.has(alias)) {
    call.values.delete(alias)
  }
  return { isChanged: true }
}

function isMissing({ tool, properties }: Call, name: string, value: unknown): boolean {
  if (value === undefined) return true
  const schema = ownRecord(properties, name)
  if (value === null) return !allowsNull(schema)
  const isSpoken = name === SPOKEN || name === SPOKEN_BEFORE.get(tool)
  const minLength = ownValue(schema, 'minLength')
  const needsText = isSpoken || (typeof minLength === 'number' && minLength > 0)
  return needsText && typeof value === 'string' && value.trim() === ''
}

/** Where the model may have put spoken text, as the platform has renamed that argument. */
function otherNames({ tool, properties }: Call, name: string): readonly string[] {
  const before = SPOKEN_BEFORE.get(tool)
  if (name === before) return [SPOKEN]
  if (name !== SPOKEN) return []
  // A `message` that a tool declares itself need not be for the caller.
  return [...SPOKEN_BEFORE.values()].filter(
    (other) => other === before || !Object.hasOwn(properties, other),
  )
}

/** Holds an argument against its type and its choices. */
function check({ properties, required, values }: Call, name: string): Change {
  const schema = ownRecord(properties, name)
  const given = values.get(name)
  const value = hasType(schema, given) ? given : numberIn(given)
  if (hasType(schema, value) && isChoice(schema, value)) {
    if (value === given) return {}
    values.set(name, value)
    return { isChanged: true }
  }
  // Models write null for what they leave out.
  if (given === null && !required.has(name)) {
    values.delete(name)
    return { isChanged: true }
  }
  const wanted = hasType(schema, value)
    ? `one of ${listed(choicesOf(schema))}`
    : typesOf(schema).join(' or ') || 'a finite number'
  return { problem: `${shown(name)} must be ${wanted}` }
}

/** The number that a text spells, if it spells it as JSON would; else what was given. */
function numberIn(given: unknown): unknown {
  if (typeof given !== 'string') return given
  const number = Number(given)
  return String(number) === given.trim() ? number : given
}

function shown(name: string): string {
  return name.slice(0, MAX_NAME_CHARACTERS)
}

function purposeOf(schema: JsonRecord): string {
  const description = textOf(ownValue(schema, 'description')).slice(0, MAX_DESCRIPTION_CHARACTERS)
  const words = description.split(/\s+/).filter((word) => word !== '')
  return words.length > 0 ? `: ${words.join(' ')}` : ''
}

function listed(choices: readonly unknown[]): string {
  const values = choices.filter((choice) => typeof choice !== 'object' || choice === null)
  const texts = values.slice(0, MAX_CHOICES).map((choice) => shown(JSON.stringify(choice)))
  return texts.join(', ') + (values.length > MAX_CHOICES ? ', ...' : '')
}

function toLine(problems: readonly string[]): string {
  const left = problems.length - MAX_PROBLEMS
  const line = problems.slice(0, MAX_PROBLEMS).join('; ')
  return left > 0 ? `${line}; and ${left} more` : line
}
