import type { JsonSchema } from '../flow/definition.ts'
import { compileArguments } from './json-schema.ts'
import { isTooDeep } from './nesting.ts'
import type { ToolRunner } from './tool-runner.ts'
import { unkeptNumber } from './unkept-number.ts'

type ParsedArguments = ReturnType<ToolRunner['parseArguments']>

/** Compiles the schemas, by the names of their calls. Throws when one is not usable. */
export function createArgumentsParser(
  schemas: Readonly<Record<string, JsonSchema | undefined>>,
): ToolRunner['parseArguments'] {
  const checks = new Map(
    Object.entries(schemas).flatMap(([name, schema]) =>
      schema ? [[name, compileArguments(schema)] as const] : [],
    ),
  )
  return (name, text) => {
    const parsed = parseObject(text)
    if (!parsed.ok) return parsed
    const problem = checks.get(name)?.(parsed.value) ?? null
    return problem === null ? parsed : { ok: false, problem }
  }
}

function parseObject(text: string): ParsedArguments {
  let value: unknown
  try {
    // Some models write nothing at all when a tool takes no arguments.
    value = JSON.parse(text.trim() === '' ? '{}' : text)
  } catch {
    return { ok: false, problem: 'arguments: must be JSON' }
  }
  if (!isRecord(value)) return { ok: false, problem: 'arguments: must be a JSON object' }
  if (isTooDeep(value)) return { ok: false, problem: 'arguments: are nested too deeply' }
  const path = unkeptNumber(value)
  if (path !== null) {
    return { ok: false, problem: `${path}: is too large for a number; give all digits as text` }
  }
  return { ok: true, value }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
