import type { Undo } from '../../conversation/journal.ts'
import { lookupIn } from '../../flow/template.ts'
import { renderValue } from '../../flow/render-value.ts'
import { declaredArguments } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import type { LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import type { ServerCall } from './server-call.ts'

/** How an effect is undone, made while all that its `compensate` names is known; null if it cannot be. */
export function toUndo(
  { tools, position, prepared, log }: LiveTurn,
  { call, tool, args }: ServerCall,
  outcome: ToolOutcome,
): Undo | null {
  if (outcome.status !== 'ok' || !tool.compensate) return null
  const declared = declaredArguments(tools.offer(call.name)?.parameters, args)
  const values = scopeValues(position.variables, prepared.scope)
  const lookup = lookupIn({ result: outcome.value }, declared, values)
  const missing: string[] = []
  const wish = renderValue(tool.compensate.arguments, (path) => {
    const value = lookup(path)
    if (value === undefined || value === null || value === '') missing.push(path)
    return value
  })
  // Half of an undo could take back something else.
  if (missing.length > 0) log.error({ tool: call.name, missing }, 'effect cannot be undone')
  const status = missing.length > 0 ? 'failed' : 'due'
  return { name: tool.compensate.tool, arguments: JSON.stringify(wish), status }
}
