import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { JsonSchema } from '../flow/definition.ts'

/** What is wrong with a tool's arguments, as one line for the model; null if nothing is. */
export type ArgumentsCheck = (value: unknown) => string | null

const MAX_PROBLEMS = 5

// Ajv knows no format by itself; those it is not given are ignored, as models are offered them as hints.
const FORMATS = {
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  time: /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(z|[+-]\d\d:?\d\d)?$/i,
  'date-time':
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[t ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(z|[+-]\d\d:?\d\d)?$/i,
  email: /^[^\s@]+@[^\s@]+$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
}

// addUsedSchema: two tools may use schemas with the same $id. References elsewhere are never loaded.
const OPTIONS = {
  strict: false,
  allErrors: true,
  coerceTypes: false,
  addUsedSchema: false,
  formats: FORMATS,
  logger: false,
} as const

// It never forgets what it compiled, so that is our own schemas only.
const ajv = new Ajv(OPTIONS)

/** What may take any time: patterns and uniqueness in a check, the others in compiling. */
const NOT_HELD_AGAINST = ['pattern', 'patternProperties', 'uniqueItems', 'dependencies'] as const

/** Beside patterns for names that are not held against, no other name is one too many. */
const ANY_NAME = Object.assign(() => ({ test: () => true }), {
  code: '() => ({ test: () => true })',
})

/** What makes `schema` unusable for a tool's arguments, null if nothing does. */
export function checkJsonSchema(schema: JsonSchema): string | null {
  const type = schema['type'] ?? 'object'
  if (type !== 'object') return 'must have type: object, as arguments are always an object'
  try {
    compileArguments(schema)
    return null
  } catch (error) {
    return `is not a usable JSON Schema: ${error instanceof Error ? error.message : 'unknown problem'}`
  }
}

/** Throws if the schema is not usable; `checkJsonSchema` tells beforehand. */
export function compileArguments(schema: JsonSchema): ArgumentsCheck {
  return toCheck(ajv.compile(forArguments(schema)))
}

/**
 * Of a schema that somebody else wrote, null if it is not usable: only keywords that are cheap are
 * held against arguments, and nothing of it is kept but the check.
 */
export function compileForeignArguments(schema: JsonSchema): ArgumentsCheck | null {
  const own = forArguments(schema)
  // Our own Ajv keeps nothing of what it only looks at, and knows how already.
  if (ajv.validateSchema(own) !== true) return null
  const code = { regExp: ANY_NAME, optimize: false }
  const passing = new Ajv({ ...OPTIONS, code, meta: false, validateSchema: false })
  for (const keyword of NOT_HELD_AGAINST) passing.removeKeyword(keyword)
  try {
    return toCheck(passing.compile(own))
  } catch {
    return null
  }
}

function forArguments(schema: JsonSchema): JsonSchema {
  // Ajv refuses dialects that it does not know, although the keywords of arguments are the same, and
  // an $async schema would answer with a promise.
  const keywords = Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$async')
  return { type: 'object', ...Object.fromEntries(keywords) }
}

function toCheck(validate: ValidateFunction): ArgumentsCheck {
  return (value) => (validate(value) ? null : problemLine(validate.errors ?? []))
}

function problemLine(errors: readonly ErrorObject[]): string {
  const problems = [...new Set(errors.map(toProblem))]
  const shown = problems.slice(0, MAX_PROBLEMS).join('; ')
  const left = problems.length - MAX_PROBLEMS
  return left > 0 ? `${shown}; and ${left} more` : shown
}

function toProblem(error: ErrorObject): string {
  // Ajv types the parameters of all its keywords as one loose record.
  const params: Readonly<Record<string, unknown>> = error.params
  const path = error.instancePath.split('/').slice(1).map(unescapePointer)
  switch (error.keyword) {
    case 'required':
      return `${[...path, String(params['missingProperty'])].join('.')}: is required`
    case 'additionalProperties':
      return `${[...path, String(params['additionalProperty'])].join('.')}: is not allowed`
    case 'enum':
      return `${nameOf(path)}: must be one of ${JSON.stringify(params['allowedValues'])}`
    default:
      return `${nameOf(path)}: ${error.message ?? 'is not valid'}`
  }
}

function nameOf(path: readonly string[]): string {
  return path.length > 0 ? path.join('.') : 'arguments'
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
