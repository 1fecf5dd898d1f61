import type { TurnRequest } from '../../turn/turn-request.ts'
import { isJsonObject } from '../json-object.ts'
import { refuseDeepNesting } from './json-body.ts'
import type { JsonObject } from '../json-object.ts'

type OfferedTool = TurnRequest['platformTools'][number]

/** The functions of `tools` and of the legacy `functions`; entries that name none are skipped. */
export function readTools(body: JsonObject): readonly OfferedTool[] {
  const definitions = [...listOf(body.tools).map(definitionIn), ...listOf(body.functions)]
  const tools = new Map<string, OfferedTool>()
  for (const definition of definitions) {
    const tool = readTool(definition)
    // Upstreams refuse two tools of one name.
    if (tool && !tools.has(tool.name)) tools.set(tool.name, tool)
  }
  return [...tools.values()]
}

/** The Responses API has the definition bare, beside the type. */
function definitionIn(entry: unknown): unknown {
  if (!isJsonObject(entry)) return undefined
  return entry.function ?? (entry.type === 'function' ? entry : undefined)
}

function readTool(definition: unknown): OfferedTool | undefined {
  if (!isJsonObject(definition)) return undefined
  const { name, description, parameters, strict } = definition
  if (typeof name !== 'string' || name === '') return undefined
  refuseDeepNesting(parameters, 'tools')
  return {
    name,
    ...(typeof description === 'string' && { description }),
    ...(isJsonObject(parameters) && { parameters }),
    ...(typeof strict === 'boolean' && { strict }),
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
