import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { effectKey } from '../effect-keys.ts'
import { MAX_OUTCOME_WAIT_MS } from '../outcome-wait.ts'
import { untilAborted } from '../../until-aborted.ts'
import { beginAnew, keepTurnSoon, type LiveTurn } from './live-turn.ts'

/** For another instance to journal what the ledger knows already. */
const MAX_JOURNAL_WAIT_MS = 2000

/**
 * Waits for what the caller spoke over to end, where that changes the world: its result says where
 * the conversation stands.
 */
export async function awaitWrites(turn: LiveTurn): Promise<void> {
  const { prepared, writes, signal } = turn
  const path = [...prepared.resolution.onPath]
  const here = writes.ended(path)
  const elsewhere = runningElsewhere(turn, path)
  const abandoned = prepared.resolution.abandoned.filter(({ status }) => status !== 'running')
  const leftOpen = runningElsewhere(turn, abandoned)
  if (!here && elsewhere.length + leftOpen.length === 0) return
  const ended = Promise.all([
    here,
    ...elsewhere.map((write) => endElsewhere(turn, write)),
    ...leftOpen.map((write) => closeLeftOpen(turn, write)),
  ])
  // It counts for whoever asks the same later, even if this turn has ended by then.
  const begun = ended.then(() => {
    beginAnew(turn)
    keepTurnSoon(turn)
  })
  await untilAborted(begun, signal).finally(turn.fillers.wait())
}

interface WriteElsewhere {
  readonly turn: JournalTurn
  /** Of the effect among the turn's: its record can be read anew. */
  readonly index: number
}

function runningElsewhere(
  { journalled }: LiveTurn,
  path: readonly JournalTurn[],
): readonly WriteElsewhere[] {
  return path
    .filter((turn) => turn.owner !== journalled.owner)
    .flatMap((turn) => [...turn.effects.keys()].map((index) => ({ turn, index })))
    .filter((write) => runningEffect(write) !== null)
}

function runningEffect({ turn, index }: WriteElsewhere): JournalledEffect | null {
  const effect = turn.effects[index]
  return effect?.status === 'running' ? effect : null
}

async function endElsewhere(live: LiveTurn, write: WriteElsewhere): Promise<void> {
  const { log } = live
  const begun = runningEffect(write)
  if (!begun) return
  const outcome =
    (await outcomeOf(live, begun, MAX_OUTCOME_WAIT_MS)) ?? (await outcomeAfterClaim(live, begun))
  const isOver = outcome !== null && outcome !== 'running'
  if (isOver) await journalledElsewhere(live, write)
  const left = runningEffect(write)
  if (!left) return
  // Whoever ran it is gone: what the ledger knows must do.
  left.status = isOver ? outcome.status : outcome === null ? 'cancelled' : 'unknown'
  log.warn({ tool: left.name }, 'an effect of another instance was left open')
}

/** It may have been about to be claimed. */
async function outcomeAfterClaim(live: LiveTurn, effect: JournalledEffect) {
  const { journals, prepared } = live
  const soon = AbortSignal.timeout(MAX_JOURNAL_WAIT_MS)
  await journals.changed(prepared.identity, soon).catch(() => undefined)
  return outcomeOf(live, effect, MAX_OUTCOME_WAIT_MS)
}

/** What a turn that is over has begun, as far as the ledger knows what came of it. */
async function closeLeftOpen(live: LiveTurn, write: WriteElsewhere): Promise<void> {
  const begun = runningEffect(write)
  const outcome = begun && (await outcomeOf(live, begun, 0))
  const left = runningEffect(write)
  if (left && outcome && outcome !== 'running') left.status = outcome.status
}

function outcomeOf(
  { ledger, prepared, log }: LiveTurn,
  effect: JournalledEffect,
  waitMs: number,
): Promise<ToolOutcome | 'running' | null> {
  return ledger.outcomeOf(effectKey(prepared.identity, effect), waitMs).catch((err: unknown) => {
    log.warn({ err }, 'what another instance did is not known')
    return 'running' as const
  })
}

/** Its owner writes down what it led to. */
async function journalledElsewhere(
  { journals, prepared }: LiveTurn,
  write: WriteElsewhere,
): Promise<void> {
  const limit = AbortSignal.timeout(MAX_JOURNAL_WAIT_MS)
  while (runningEffect(write) && !limit.aborted) {
    await journals.changed(prepared.identity, limit).catch(() => undefined)
  }
}
