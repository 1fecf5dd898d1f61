import { TurnstateError } from '../../errors.ts'
import { argumentNames } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import type { LiveTurn } from './live-turn.ts'
import type { Offer } from './offered-tools.ts'
import { readId, runRemembered } from './remembered-read.ts'

/** Reads that were begun before the model has called them. */
export interface Prefetches {
  find(id: string): Promise<ToolOutcome> | undefined
  begin(id: string, run: (signal: AbortSignal) => Promise<ToolOutcome>): void
  /** Those that still run are of no use any more. */
  end(): void
}

export function createPrefetches(): Prefetches {
  const begun = new Map<string, Promise<ToolOutcome>>()
  // Most turns begin none.
  let over: AbortController | undefined
  return {
    find: (id) => begun.get(id),
    begin(id, run) {
      over ??= new AbortController()
      const outcome = run(over.signal)
      // Nobody may ever ask for it.
      outcome.catch(() => undefined)
      begun.set(id, outcome)
    },
    end: () => over?.abort(new TurnstateError('caller_gone', 'The turn is over.')),
  }
}

/** Begins the reads that the model is offered and whose arguments are all known, beside its own call. */
export function prefetch(turn: LiveTurn, { server }: Offer): void {
  const { settings, tools, prefetches, position } = turn
  for (const name of server) {
    const tool = settings.tools[name]
    if (!tool?.prefetch || tools.effectOf(name) !== 'read') continue
    const known = knownArguments(tools.offer(name)?.parameters, position.variables)
    const parsed = known && tools.parseArguments(name, JSON.stringify(known))
    if (!parsed?.ok) continue
    const call = { id: '', name, arguments: JSON.stringify(known) }
    const read = { call, tool, args: parsed.value }
    const id = readId(turn, read)
    if (prefetches.find(id) === undefined) {
      prefetches.begin(id, (signal) => runRemembered(turn, read, { signal }))
    }
  }
}

/** The variables that bear the arguments' names; null if one is not set. */
function knownArguments(
  parameters: unknown,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null {
  const entries = argumentNames(parameters).map((name) => [name, variables[name]] as const)
  return entries.some(([, value]) => value === undefined) ? null : Object.fromEntries(entries)
}
