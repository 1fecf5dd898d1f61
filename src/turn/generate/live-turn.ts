import type { Change, JournalTurn } from '../../conversation/journal.ts'
import type { Ledger } from '../../effects/ledger.ts'
import type { ReadMemory } from '../../effects/read-memory.ts'
import { enter, type Transition } from '../../flow/edges.ts'
import type { Position, Variables } from '../../flow/position.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { ToolRunner } from '../../tools/tool-runner.ts'
import type { Upstream, Usage } from '../../upstream/upstream.ts'
import type { Assents } from '../../effects/assent.ts'
import type { Journals } from '../journals/journals.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'
import type { Voice } from '../reply/voice.ts'
import type { TurnSettings } from '../settings.ts'
import type { Undos } from '../undo/undos.ts'
import type { DueReadBack } from './confirm.ts'
import type { Fillers } from './fillers.ts'
import type { PendingWrites } from './pending-writes.ts'
import type { Prefetches } from './prefetch.ts'

/** What every turn needs of the server. */
export interface TurnDependencies {
  readonly settings: TurnSettings
  readonly upstream: Upstream
  readonly tools: ToolRunner
  readonly ledger: Ledger
  readonly reads: ReadMemory
  readonly writes: PendingWrites
  readonly undos: Undos
  readonly journals: Journals
  /** Whether an answer says yes to a read-back. */
  readonly assents: Assents
  readonly metrics: Metrics
  readonly log: Log
  /** Milliseconds of the clock that journals go by. */
  readonly now: () => number
}

/** A turn while it runs: what it was given, and the place in the flow that it has reached. */
export interface LiveTurn extends TurnDependencies {
  prepared: PreparedTurn
  readonly journalled: JournalTurn
  readonly voice: Voice
  readonly fillers: Fillers
  /** Aborted when nobody waits for the turn any more, or when it took too long. */
  readonly signal: AbortSignal
  /** Aborted when another request takes the turn's place: nothing is begun in it any more. */
  readonly replaced: AbortSignal
  readonly prefetches: Prefetches
  /** Must be said as its last sentence: the caller has to confirm it. */
  readBack: DueReadBack | null
  /** Texts that were said before a tool ran: none is said twice. */
  readonly announced: Set<string>
  position: Position
  /** Taken so far, the ones before generation included. */
  transitions: number
  /** Of all model calls so far; undefined once one of them did not tell. */
  usage: Usage | undefined
}

/** A turn that asks no model uses nothing. */
export const NO_USAGE: Usage = { promptTokens: 0, completionTokens: 0, totalTokens: 0 }

/** What a turn has from its beginning on. */
export type Beginning = Omit<
  LiveTurn,
  keyof TurnDependencies | 'position' | 'transitions' | 'usage' | 'readBack' | 'announced'
>

/** A turn at its beginning. */
export function toLiveTurn(server: TurnDependencies, own: Beginning): LiveTurn {
  // Field by field: an object that is spread from others takes several times the memory.
  return {
    settings: server.settings,
    upstream: server.upstream,
    tools: server.tools,
    ledger: server.ledger,
    reads: server.reads,
    writes: server.writes,
    undos: server.undos,
    journals: server.journals,
    assents: server.assents,
    metrics: server.metrics,
    log: server.log,
    now: server.now,
    prepared: own.prepared,
    journalled: own.journalled,
    voice: own.voice,
    fillers: own.fillers,
    signal: own.signal,
    replaced: own.replaced,
    prefetches: own.prefetches,
    readBack: null,
    announced: new Set(),
    position: own.prepared.start,
    transitions: own.prepared.transitions,
    usage: NO_USAGE,
  }
}

/** What the turn did so far is kept for whoever comes after it. False: they cannot know of it yet. */
export async function keepTurn({ prepared, journals, journalled }: LiveTurn): Promise<boolean> {
  return !prepared.isRemembered || journals.keep(prepared.identity, journalled)
}

/** The same within a moment, together with what follows. */
export function keepTurnSoon({ prepared, journals, journalled }: LiveTurn): void {
  if (prepared.isRemembered) journals.keepSoon(prepared.identity, journalled)
}

/** Where the turn begins, once what the caller spoke over has ended. */
export function beginAnew(turn: LiveTurn): void {
  const { prepared, journalled, settings } = turn
  const anew = { ...prepared, ...prepared.anew() }
  const { start, transitions } = anew
  // The turn that led there could not say it any more.
  const isLedOn = start.state !== prepared.start.state
  const saysOnEntry =
    anew.saysOnEntry || (isLedOn && settings.flow.states[start.state]?.say !== undefined)
  turn.prepared = { ...anew, saysOnEntry }
  turn.position = start
  turn.transitions = transitions
  journalled.start = start
  journalled.saysOnEntry = saysOnEntry
  journalled.transitionsBefore = transitions
}

function change(turn: LiveTurn, entry: Change): void {
  turn.journalled.changes.push(entry)
}

/** Sets variables, at once and for all later turns that stand on this one. */
export function assignVariables(turn: LiveTurn, values: Variables): void {
  if (Object.keys(values).length === 0) return
  turn.position = { ...turn.position, variables: { ...turn.position.variables, ...values } }
  change(turn, { type: 'assignment', values })
}

export function canTransition(turn: LiveTurn): boolean {
  return turn.transitions < turn.settings.limits.max_transitions_per_turn
}

export function takeTransition(turn: LiveTurn, transition: Transition): void {
  turn.position = enter(turn.position, transition)
  turn.transitions++
  change(turn, { type: 'transition', transition })
}

export function addUsage(turn: LiveTurn, usage: Usage | undefined): void {
  const sum = turn.usage
  turn.usage =
    sum && usage
      ? {
          promptTokens: sum.promptTokens + usage.promptTokens,
          completionTokens: sum.completionTokens + usage.completionTokens,
          totalTokens: sum.totalTokens + usage.totalTokens,
        }
      : undefined
}
