import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { JsonSchema } from '../../flow/definition.ts'
import { compileForeignArguments, type ArgumentsCheck } from '../json-schema.ts'
import { isTooDeep } from '../nesting.ts'

/**
 * One page of a server's tools. Read more leniently than the protocol asks: one tool that is broken
 * does not take the others with it.
 */
export const ToolPage = z.looseObject({
  tools: z.array(z.unknown()),
  nextCursor: z.string().optional(),
})

const ListedTool = z.object({
  name: z.string(),
  description: z.string().optional().catch(undefined),
  inputSchema: z.unknown(),
  annotations: z.object({ readOnlyHint: z.unknown() }).optional().catch(undefined),
})

/** A tool as its server describes it; none of it is to be trusted. */
export interface ListedTool {
  readonly name: string
  readonly description?: string
  readonly inputSchema: unknown
  readonly saysItReads: boolean
}

/** Null if it cannot even be named. */
export function parseListedTool(value: unknown): ListedTool | null {
  const parsed = ListedTool.safeParse(value)
  if (!parsed.success) return null
  const { name, description, inputSchema, annotations } = parsed.data
  return {
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema,
    saysItReads: annotations?.readOnlyHint === true,
  }
}

const MAX_SCHEMA_BYTES = 32_768
/** Objects in it: each property is one. Compiling them holds up everybody else. */
const MAX_PARTS = 300
/** References to parts that refer on, twice each, double the work at every step. */
const MAX_REFERENCES = 32
const SchemaObject = z.record(z.string(), z.unknown())

export type UsableSchema =
  | { readonly ok: true; readonly schema: JsonSchema; readonly check: ArgumentsCheck }
  | { readonly ok: false; readonly problem: string }

/** Whether arguments can be held against a server's schema, at a bounded cost. */
export function toUsableSchema(value: unknown): UsableSchema {
  const parsed = SchemaObject.safeParse(value)
  if (!parsed.success) return unusable('its schema is no JSON object')
  const keywords = Object.entries(parsed.data).filter(([key]) => key !== '$schema')
  // As models expect it: some vendors refuse what names its dialect, or no type.
  const schema = { type: 'object', ...Object.fromEntries(keywords) }
  if (isTooDeep(schema)) return unusable('its schema is nested too deeply')
  const text = JSON.stringify(schema)
  if (Buffer.byteLength(text) > MAX_SCHEMA_BYTES) return unusable('its schema is too large')
  if (referencesIn(text) > MAX_REFERENCES) return unusable('its schema has too many references')
  if (partsIn(schema) > MAX_PARTS) return unusable('its schema has too many parts')
  const compiled = schema.type === 'object' ? compileForeignArguments(schema) : null
  if (!compiled) return unusable('its schema is not usable')
  const check = guarded(compiled)
  // A schema that refers to itself only shows it now.
  if (check({}) === UNCHECKABLE) return unusable('its schema is not usable')
  return { ok: true, schema, check }
}

/** Whether a server says the same as before, however it orders it; what is too deep is never compared. */
export function isSameSchema(before: unknown, now: unknown): boolean {
  return before === now || (!isTooDeep(now) && isDeepStrictEqual(before, now))
}

function unusable(problem: string): UsableSchema {
  return { ok: false, problem }
}

function referencesIn(text: string): number {
  return text.split(/"\$(?:dynamicRef|recursiveRef|ref)":/).length - 1
}

function partsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce<number>((sum, each) => sum + partsIn(each), 0)
  return inner + (Array.isArray(value) ? 0 : 1)
}

const UNCHECKABLE = 'arguments: cannot be checked'

function guarded(check: ArgumentsCheck): ArgumentsCheck {
  return (value) => {
    try {
      return check(value)
    } catch {
      return UNCHECKABLE
    }
  }
}
