import type { AnsweredCall, JournalledEffect } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { ToolDefinition } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { waitFor } from '../journals/wait-for.ts'
import { toEffect, wasMadeOtherwise } from '../prepare/untold-effects.ts'
import { placeOf } from '../effect-keys.ts'
import { untilAborted } from '../until-aborted.ts'
import { refused, toAnswered } from './answered-call.ts'
import { awaitUndo } from './await-undo.ts'
import { askToConfirm } from './confirm.ts'
import { effectKey } from './effect-key.ts'
import { givenValues } from './given-values.ts'
import { hasToSay } from './follow-edges.ts'
import { keepTurn, type LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import { announce, assignOutcome, followOutcome, note, type ServerCall } from './server-call.ts'
import { toUndo } from './to-undo.ts'

const DEFAULT_SETTLE_MS = 600
/** Of tools that wait for nobody. */
const DEFAULT_TIMEOUT_MS = 6000

/**
 * Runs a tool that changes something, by its commit rule, once at its place in the conversation:
 * another attempt to answer the same exchange gets the first one's outcome, and so does a later one
 * as long as the caller was not told. Once begun it goes on to its own limit, whoever hangs up.
 */
export async function runWrite(turn: LiveTurn, write: ServerCall): Promise<AnsweredCall> {
  const refusal = refuseWrite(turn)
  if (refusal === NO_STORE) return refuseOrTell(turn, write)
  if (refusal !== null) return refuse(turn, write, refusal)
  await untilAborted(awaitUndo(turn, write), turn.signal)
  const effect = toEffect(turn.prepared, { ...write.call, given: givenValues(turn, write) })
  if (wasMadeOtherwise(turn.prepared.journal.turns, effect)) return refuse(turn, write, OTHERWISE)
  if (mayBeUndone(turn, effect)) return refuse(turn, write, PERHAPS_UNDONE)
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

/** It was done, was to be undone, and no answer came to that. */
function mayBeUndone({ prepared }: LiveTurn, effect: JournalledEffect): boolean {
  const place = placeOf(effect)
  return prepared.journal.turns.some(({ effects }) =>
    effects.some((other) => other.undo?.status === 'unknown' && placeOf(other) === place),
  )
}

/** Done on an earlier yes, and the caller was not told: they are told now, and not asked once more. */
async function wasDone(
  { ledger, prepared, signal }: LiveTurn,
  { tool }: ServerCall,
  effect: JournalledEffect,
): Promise<boolean> {
  const key = effectKey(prepared.identity, effect)
  const known = ledger.outcomeOf(key, timeoutOf(tool)).catch(() => null)
  const outcome = await untilAborted(known, signal)
  return outcome !== null && outcome !== 'running' && outcome.status === 'ok'
}

const HAS_TO_SAY = 'Not now: the caller must hear something first.'

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
    await keepTurn(turn)
    const outcome = await ledger.run(key, {
      start: (idempotencyKey) => start(turn, write, idempotencyKey),
      isIdempotent: write.tool.idempotent,
      waitMs: timeoutOf(write.tool),
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

function timeoutOf(tool: ToolDefinition): number {
  return 'timeout_ms' in tool ? tool.timeout_ms : DEFAULT_TIMEOUT_MS
}

const PERHAPS_UNDONE =
  'It was done, and it is not known whether it was undone since, so it is not done again. Tell the caller that a person has to look at it.'
const OTHERWISE =
  'Not done: the same call was made before, for something else that the conversation has left behind. Tell the caller that you cannot do that just now.'
const NO_STORE =
  'Not begun: the records that keep things from being done twice cannot be reached. Whether an earlier attempt has done it cannot be seen either, so do not say that it was not done. Tell the caller that you cannot do that just now and that they may try again in a few minutes.'
const STILL_RUNNING = 'It is being done already, and it is not known yet what comes of it.'
const NO_KEY =
  'Not done: this call cannot be told apart from others, so nothing may be changed in it. Tell the caller that you cannot do that here.'
const STILL_SPEAKING = 'Not done: the caller is still speaking. Wait for the rest.'

/** Why a tool that changes something may not run in this turn; null if it may. */
function refuseWrite({ prepared, journals, journalled }: LiveTurn): string | null {
  if (prepared.facts.conversation === null) return NO_KEY
  if (journalled.refusesWrites) return STILL_SPEAKING
  // Its place in the conversation is not sure, so it could be done a second time.
  if (journals.remembers && !prepared.isRemembered) return NO_STORE
  return null
}
