import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { untilAborted } from '../../until-aborted.ts'
import type { LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import type { ServerCall } from './server-call.ts'

interface ReadOptions {
  readonly signal: AbortSignal
  /** Called before it is asked for; not where the answer is known. */
  readonly onRun?: () => void
}

/**
 * Runs a read, unless another attempt at the same exchange did so a moment ago or it was begun ahead.
 * Unlike an effect it is another one where the conversation knows something else by now.
 */
export async function runRemembered(
  turn: LiveTurn,
  read: ServerCall,
  { signal, onRun = () => undefined }: ReadOptions,
): Promise<ToolOutcome> {
  const id = readId(turn, read)
  const begun = turn.prefetches.find(id)
  const prefetched = begun && (await untilAborted(begun, signal).catch(() => undefined))
  const known = prefetched ?? (isRemembered(turn) && turn.reads.find(id))
  if (known && known.status === 'ok') return known
  if (!signal.aborted) onRun()
  const values = scopeValues(turn.position.variables, turn.prepared.scope)
  const outcome = await turn.tools.run(read.call.name, read.args, { signal, values })
  if (isRemembered(turn)) turn.reads.remember(id, outcome)
  return outcome
}

/** What tells one read from another one. */
export function readId(
  { ledger, prepared, position }: LiveTurn,
  { call, args }: Pick<ServerCall, 'call' | 'args'>,
): string {
  // What was changed since, or changed back, may read otherwise now.
  const changes = prepared.journal.turns
    .flatMap(({ effects }) => effects.flatMap(({ status, undo }) => [status, undo?.status]))
    .filter((status) => status === 'ok' || status === 'unknown').length
  return ledger.idOf({
    conversation: prepared.identity,
    exchange: prepared.facts.exchange,
    generation: 0,
    tool: call.name,
    arguments: JSON.stringify([args, position.variables, prepared.scope.extra, changes]),
  })
}

function isRemembered({ prepared }: LiveTurn): boolean {
  return prepared.isRemembered
}
