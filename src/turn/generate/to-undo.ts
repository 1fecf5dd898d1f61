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
  { tools, position, prepared }: LiveTurn,
  { call, tool, args }: ServerCall,
  outcome: ToolOutcome,
): Undo | null {
  if (outcome.status !== 'ok' || !tool.compensate) return null
  const declared = declaredArguments(tools.offer(call.name)?.parameters, args)
  const values = scopeValues(position.variables, prepared.scope)
  const lookup = lookupIn({ result: outcome.value }, declared, values)
  const wish = renderValue(tool.compensate.arguments, lookup)
  return { name: tool.compensate.tool, arguments: JSON.stringify(wish), status: 'due' }
}
