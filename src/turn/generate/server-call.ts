import type { AnsweredCall, JournalledEffect } from '../../conversation/journal.ts'
import { assignedFrom } from '../../flow/assign.ts'
import { effectOf, type ToolDefinition } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import type { ModelToolCall } from '../../upstream/upstream.ts'
import { refused, toAnswered } from './answered-call.ts'
import { followResult } from './follow-edges.ts'
import { assignVariables, type LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import { untilAborted } from '../until-aborted.ts'
import { toEffect } from '../prepare/untold-effects.ts'

/** Runs one of the server's own tools; the call and its result belong to the turn. */
export async function runServerCall(turn: LiveTurn, call: ModelToolCall): Promise<AnsweredCall> {
  const tool = turn.settings.tools[call.name]
  if (!tool) return note(turn, refused(call, `There is no tool ${call.name}.`))
  const isWrite = effectOf(tool) === 'write'
  const refusal = isWrite ? refuseWrite(turn) : null
  if (refusal) return note(turn, refused(call, refusal))
  const parsed = turn.tools.parseArguments(call.name, call.arguments)
  if (!parsed.ok) return note(turn, refused(call, `Wrong arguments: ${parsed.problem}`))
  const run = (signal: AbortSignal) =>
    turn.tools.run(call.name, parsed.value, {
      signal,
      values: scopeValues(turn.position.variables, turn.prepared.scope),
    })
  if (isWrite) {
    const effect = toEffect(turn.prepared, call)
    turn.journalled.effects.push(effect)
    // What came of it belongs to this turn even if nobody waits for that any more.
    const done = runOnce(turn, effect, run).then((outcome) => {
      effect.status = outcome.status
      return takeOutcome(turn, call, { tool, outcome })
    })
    turn.writes.begin(turn.journalled, done)
    return untilAborted(done, turn.signal)
  }
  const outcome = await run(turn.signal)
  // What the hang-up itself cut off has neither failed nor moved the flow.
  if (outcome.status === 'failed') turn.signal.throwIfAborted()
  if (!turn.signal.aborted || outcome.status === 'ok') {
    return takeOutcome(turn, call, { tool, outcome })
  }
  return note(turn, toAnswered(call, outcome.content))
}

/** The call was answered: the conversation knows it from now on. */
function note(turn: LiveTurn, answer: AnsweredCall): AnsweredCall {
  turn.journalled.serverCalls.push(answer)
  return answer
}

interface ToolResult {
  readonly tool: ToolDefinition
  readonly outcome: ToolOutcome
}

function takeOutcome(
  turn: LiveTurn,
  call: ModelToolCall,
  { tool, outcome }: ToolResult,
): AnsweredCall {
  if (outcome.status === 'ok') {
    assignVariables(turn, assignedFrom(turn.settings.flow, tool.assignments, outcome.value))
  }
  followResult(turn, call.name, outcome)
  return note(turn, toAnswered(call, outcome.content))
}

/**
 * What changes something happens once at its place in the conversation: another attempt to answer the
 * same exchange gets the first one's outcome, and so does a later one as long as the caller was not
 * told. Once begun it goes on to its own time limit, whoever hangs up.
 */
function runOnce(
  { ledger, prepared }: LiveTurn,
  effect: JournalledEffect,
  run: (signal: AbortSignal) => Promise<ToolOutcome>,
): Promise<ToolOutcome> {
  const { exchange, generation, name: tool, arguments: args } = effect
  const key = { conversation: prepared.identity, exchange, generation, tool, arguments: args }
  const start = () => run(new AbortController().signal)
  return ledger ? ledger.run(key, start) : start()
}

/** Why a tool that changes something may not run in this turn; null if it may. */
function refuseWrite({ prepared, journalled }: LiveTurn): string | null {
  if (prepared.facts.conversation === null) {
    return 'Not done: this call cannot be told apart from others, so nothing may be changed in it. Tell the caller that you cannot do that here.'
  }
  if (journalled.refusesWrites) {
    return 'Not done: the caller is still speaking. Wait for the rest.'
  }
  return null
}
