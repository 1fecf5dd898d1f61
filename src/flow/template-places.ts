import type { Flow } from './definition.ts'
import { templatePaths } from './template.ts'
import { argumentNames, type Tools } from './tool-definition.ts'

type Path = readonly (string | number)[]

interface TemplatePlace {
  readonly path: Path
  /** What stands between the braces. */
  readonly names: readonly string[]
  /** Names that have a value here besides variables: arguments, `result`. */
  readonly alsoKnown: readonly string[]
}

/** Every text of a flow and its tools in which `{{name}}` is replaced. */
export function templatePlaces(flow: Flow, tools: Tools): readonly TemplatePlace[] {
  return [
    ...textsIn(flow.general_prompt, ['flow', 'general_prompt'], []),
    ...Object.entries(flow.states).flatMap(([id, state]) => {
      const path = ['flow', 'states', id]
      return [
        ...textsIn(state.state_prompt, [...path, 'state_prompt'], []),
        ...textsIn(state.say, [...path, 'say'], []),
        ...textsIn(state.on_silence?.say, [...path, 'on_silence', 'say'], []),
        ...textsIn(state.on_silence?.prompt, [...path, 'on_silence', 'prompt'], []),
      ]
    }),
    ...Object.entries(tools).flatMap(([name, tool]) => toolPlaces(name, tool)),
  ]
}

const TOOL_TEMPLATES = ['url', 'headers', 'query', 'body', 'result', 'readback'] as const
const RESULT_TEMPLATES = ['result_template'] as const

function toolPlaces(name: string, tool: Tools[string]): readonly TemplatePlace[] {
  const fields: Readonly<Record<string, unknown>> = { ...tool }
  const path = ['tools', name]
  const args = argumentNames(tool.parameters)
  return [
    ...TOOL_TEMPLATES.flatMap((field) => textsIn(fields[field], [...path, field], args)),
    ...textsIn(tool.execution_message, [...path, 'execution_message'], args),
    ...RESULT_TEMPLATES.flatMap((field) =>
      textsIn(fields[field], [...path, field], [...args, 'result']),
    ),
    ...textsIn(
      tool.compensate?.arguments,
      [...path, 'compensate', 'arguments'],
      [...args, 'result'],
    ),
  ]
}

/** The names that a tool's request is made of; empty where it is made of the arguments alone. */
export function requestTemplateNames(tool: Tools[string]): readonly string[] {
  const fields: Readonly<Record<string, unknown>> = { ...tool }
  const places = ['url', 'headers', 'query', 'body'].flatMap((field) =>
    textsIn(fields[field], [field], []),
  )
  return [...new Set(places.flatMap(({ names }) => names))].sort()
}

/** The templates in a text, or in the texts of a map or list at any depth. */
function textsIn(value: unknown, path: Path, alsoKnown: readonly string[]): TemplatePlace[] {
  if (typeof value === 'string') {
    const names = [...new Set(templatePaths(value))]
    return names.length > 0 ? [{ path, names, alsoKnown }] : []
  }
  if (typeof value !== 'object' || value === null) return []
  const children = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return children.flatMap(([key, child]) => textsIn(child, [...path, key], alsoKnown))
}
