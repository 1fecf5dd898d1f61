import type { z } from 'zod'
import type { Path } from './problem.ts'

type Schema = z.core.$ZodType

/** The keys that the schema knows at a path, of all branches of a union; for suggestions only. */
export function keysAt(schema: Schema, path: Path): readonly string[] {
  let schemas = open(schema)
  for (const part of path) schemas = schemas.flatMap((each) => inside(each, part).flatMap(open))
  return [...new Set(schemas.flatMap((each) => Object.keys(shapeOf(each))))]
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const def = defOf(schema)
  return def.type === 'object' ? def.shape : {}
}

function defOf(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  // Every schema that zod makes is one of this union; the definition's `type` tells which.
  return (schema as z.core.$ZodTypes)._zod.def
}

/** Looks through wrappers and unions at what they hold. */
function open(schema: Schema): readonly Schema[] {
  const def = defOf(schema)
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'readonly':
      return open(def.innerType)
    case 'pipe':
      return open(def.in)
    case 'lazy':
      return open(def.getter())
    case 'union':
      return def.options.flatMap(open)
    default:
      return [schema]
  }
}

function inside(schema: Schema, part: string | number): readonly Schema[] {
  const def = defOf(schema)
  switch (def.type) {
    case 'object': {
      const found = def.shape[String(part)]
      return found ? [found] : []
    }
    case 'record':
      return [def.valueType]
    case 'array':
      return [def.element]
    default:
      return []
  }
}
