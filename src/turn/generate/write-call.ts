import type { AnsweredCall, JournalledEffect } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { ToolDefinition } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { waitFor } from '../wait-for.ts'
import { effectKey } from '../effect-keys.ts'
import { outcomeWaitMs } from '../outcome-wait.ts'
import { untilAborted } from '../../until-aborted.ts'
import { refused, toAnswered } from './answered-call.ts'
import { awaitUndo } from './await-undo.ts'
import { askToConfirm } from './confirm.ts'
import { givenValues } from './given-values.ts'
import { hasToSay } from './follow-edges.ts'
import { keepTurn, type LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import { announce, assignOutcome, followOutcome, note, type ServerCall } from './server-call.ts'
import { toEffect } from './to-effect.ts'
import { toUndo } from './to-undo.ts'
import { HAS_TO_SAY, NO_STORE, STILL_RUNNING, whyNoWrite, whyNotThisWrite } from './why-no-write.ts'

const DEFAULT_SETTLE_MS = 600

/**
 * Runs a tool that changes something, by its commit rule, once at its place in the conversation:
 * another attempt to answer the same exchange gets the first one's outcome, and so does a later one
 * as long as the caller was not told. Once begun it goes on to its own limit, whoever hangs up.
 */
export function runWrite(turn: LiveTurn, write: ServerCall): Promise<AnsweredCall> {
  return runByRule(turn, write).finally(turn.fillers.wait(write.tool))
}

async function runByRule(turn: LiveTurn, write: ServerCall): Promise<AnsweredCall> {
  const whyNone = whyNoWrite(turn)
  if (whyNone === NO_STORE) return refuseOrTell(turn, write)
  if (whyNone !== null) return refuse(turn, write, whyNone)
  await untilAborted(awaitUndo(turn, write), turn.signal)
  const effect = toEffect(turn.prepared, { ...write.call, given: givenValues(turn, write) })
  const whyNotThis = whyNotThisWrite(turn, effect)
  if (whyNotThis !== null) return refuse(turn, write, whyNotThis)
  if (write.tool.commit === 'confirmed' && !(await wasDone(turn, write, effect))) {
    if (hasToSay(turn)) return note(turn, refused(write.call, HAS_TO_SAY))
    const unconfirmed = askToConfirm(turn, write)
    if (unconfirmed) return note(turn, unconfirmed)
  }
  turn.journalled.effects.push(effect)
  const done = commit(turn, write, effect)
  turn.writes.begin(turn.journalled, done)
  return untilAborted(done, turn.signal)
}

/** Without the store nothing is begun; but what this process has done itself is known all the same. */
async function refuseOrTell(turn: LiveTurn, write: ServerCall): Promise<AnsweredCall> {
  const effect = toEffect(turn.prepared, { ...write.call, given: givenValues(turn, write) })
  const key = effectKey(turn.prepared.identity, effect)
  const known = await turn.ledger.outcomeOf(key, 0).catch(() => null)
  if (known === null) return refuse(turn, write, NO_STORE)
  if (known === 'running') return refuse(turn, write, STILL_RUNNING)
  turn.metrics.effect({ tool: write.call.name, result: 'answered' })
  return note(turn, toAnswered(write.call, known.content))
}

/** Done on an earlier yes, and the caller was not told: they are told now, and not asked once more. */
async function wasDone(
  { ledger, prepared, signal }: LiveTurn,
  { tool }: ServerCall,
  effect: JournalledEffect,
): Promise<boolean> {
  const key = effectKey(prepared.identity, effect)
  const known = ledger.outcomeOf(key, outcomeWaitMs(tool)).catch(() => null)
  const outcome = await untilAborted(known, signal)
  return outcome !== null && outcome !== 'running' && outcome.status === 'ok'
}

/** What came of it belongs to this turn even if nobody waits for that any more. */
async function commit(
  turn: LiveTurn,
  write: ServerCall,
  effect: JournalledEffect,
): Promise<AnsweredCall> {
  const outcome = await runOnce(turn, write, effect)
  if (outcome === 'barred') return cancel(turn, write, effect)
  if (outcome !== 'no_store') return conclude(turn, write, { effect, outcome })
  effect.status = 'cancelled'
  await keepTurn(turn)
  return refuse(turn, write, NO_STORE)
}

async function runOnce(
  turn: LiveTurn,
  write: ServerCall,
  effect: JournalledEffect,
): Promise<ToolOutcome | 'barred' | 'no_store'> {
  const { ledger, prepared, journalled, replaced, metrics } = turn
  const key = effectKey(prepared.identity, effect)
  try {
    const known = await ledger.outcomeOf(key, 0)
    if (known === null || known === 'running') announce(turn, write.tool)
    if (known === null) await settle(turn, write.tool)
    if (journalled.superseded || replaced.aborted) return 'barred'
    effect.status = 'running'
    // Who comes later must know that it was begun.
    if (!(await keepTurn(turn))) return 'no_store'
    const outcome = await ledger.run(key, {
      start: (idempotencyKey) => start(turn, write, idempotencyKey),
      isIdempotent: write.tool.idempotent,
      waitMs: outcomeWaitMs(write.tool),
      isBarred: () => journalled.superseded || replaced.aborted,
      ...barOf(turn),
    })
    if (outcome === 'barred' || outcome.sent === false) return outcome
    const isAnswered = known !== null && known !== 'running'
    metrics.effect({ tool: write.call.name, result: isAnswered ? 'answered' : 'done' })
    return outcome
  } catch (error) {
    if (error instanceof TurnstateError && error.code === 'store_unavailable') return 'no_store'
    effect.status = effect.status === 'running' ? 'unknown' : 'cancelled'
    await keepTurn(turn)
    throw error
  }
}

/** Waits until nobody has spoken on for long enough; the time that the model took counts. */
async function settle(
  { journalled, now, replaced }: LiveTurn,
  tool: ToolDefinition,
): Promise<void> {
  if (tool.commit === 'immediate') return
  const settleMs = tool.settle_ms ?? DEFAULT_SETTLE_MS
  // A clock that was set back must not make it longer.
  const left = Math.min(settleMs, journalled.startedAt + settleMs - now())
  if (left > 0) await waitFor({ limitMs: left, signal: replaced }).catch(() => undefined)
}

function start(turn: LiveTurn, write: ServerCall, idempotencyKey: string): Promise<ToolOutcome> {
  const { call, args, tool } = write
  // Shielded from whoever hangs up or speaks on, unless the tool says otherwise.
  const signal = tool.cancel_on_interruption === true ? turn.replaced : new AbortController().signal
  const values = scopeValues(turn.position.variables, turn.prepared.scope)
  return turn.tools.run(call.name, args, { signal, values, idempotencyKey })
}

interface Done {
  readonly effect: JournalledEffect
  readonly outcome: ToolOutcome
}

async function conclude(
  turn: LiveTurn,
  write: ServerCall,
  { effect, outcome }: Done,
): Promise<AnsweredCall> {
  effect.status = outcome.status
  assignOutcome(turn, write, outcome)
  effect.undo = toUndo(turn, write, outcome)
  const answer = followOutcome(turn, write, outcome)
  if (effect.undo && turn.prepared.isRemembered) turn.undos.watch(turn.prepared.identity)
  await keepTurn(turn)
  return answer
}

async function cancel(
  turn: LiveTurn,
  { call }: ServerCall,
  effect: JournalledEffect,
): Promise<AnsweredCall> {
  effect.status = 'cancelled'
  turn.metrics.effect({ tool: call.name, result: 'cancelled' })
  turn.log.info({ tool: call.name }, 'effect cancelled, the caller went on speaking')
  await keepTurn(turn)
  return note(turn, refused(call, 'Cancelled, not done: the caller went on speaking.'))
}

function refuse(turn: LiveTurn, { call }: ServerCall, why: string): AnsweredCall {
  turn.metrics.effect({ tool: call.name, result: 'refused' })
  return note(turn, refused(call, why))
}

function barOf({ journals, prepared, journalled }: LiveTurn) {
  const barredBy = journals.barOf(prepared.identity, journalled)
  return barredBy ? { barredBy } : {}
}
