import type { Flow, Variable } from './definition.ts'
import type { Variables } from './position.ts'
import type { Assignment } from './tool-definition.ts'
import { valueAt } from './value-at.ts'

/** The variables that a tool's result sets; a path that leads nowhere sets nothing. */
export function assignedFrom(
  flow: Flow,
  assignments: readonly Assignment[],
  result: unknown,
): Variables {
  return fitting(
    flow,
    assignments.map(({ variable, value_path }) => [variable, valueAt(result, value_path)]),
  )
}

/** The variables of the same name that a transition's arguments set. */
export function assignedByName(flow: Flow, values: Readonly<Record<string, unknown>>): Variables {
  return fitting(
    flow,
    Object.keys(flow.variables).map((name) => [name, valueAt(values, name)]),
  )
}

function fitting(flow: Flow, entries: readonly (readonly [string, unknown])[]): Variables {
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const variable = Object.hasOwn(flow.variables, name) ? flow.variables[name] : undefined
      const fitted = variable ? toType(variable.type, value) : value
      return fitted === undefined || fitted === null ? [] : [[name, fitted] as const]
    }),
  )
}

/** The value as the declared type, undefined if it cannot be one. */
function toType(type: Variable['type'], value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : only('string', value)
    case 'number':
      return toNumber(value)
    case 'integer': {
      const number = toNumber(value)
      return Number.isInteger(number) ? number : undefined
    }
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : only('boolean', value)
    case 'array':
      return Array.isArray(value) ? value : undefined
    case 'object':
      return Array.isArray(value) ? undefined : only('object', value)
  }
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function only(type: string, value: unknown): unknown {
  return typeof value === type ? value : undefined
}
