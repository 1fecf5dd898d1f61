import type { AnsweredCall, JournalledEffect } from '../conversation/journal.ts'
import type { Ledger } from '../effects/ledger.ts'
import { assignedFrom } from '../flow/assign.ts'
import { effectOf, type ToolDefinition } from '../flow/tool-definition.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import type { ModelToolCall } from '../upstream/upstream.ts'
import { refused, toAnswered } from './answered-call.ts'
import { followResult } from './follow-edges.ts'
import { assignVariables, type LiveTurn } from './live-turn.ts'
import { scopeValues } from './scope.ts'
import { sameWish } from './untold-effects.ts'

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
  if (isWrite && turn.ledger) {
    const effect: JournalledEffect = {
      name: call.name,
      arguments: call.arguments,
      status: 'running',
      exchange: sameWish(turn.prepared.untold, call)?.exchange ?? turn.prepared.facts.exchange,
    }
    turn.journalled.effects.push(effect)
    // What came of it belongs to this turn even if nobody waits for that any more.
    const done = runOnce(turn, turn.ledger, { effect, run }).then((outcome) => {
      effect.status = outcome.status
      return takeOutcome(turn, call, { tool, outcome })
    })
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

interface Effect {
  readonly effect: JournalledEffect
  readonly run: (signal: AbortSignal) => Promise<ToolOutcome>
}

/**
 * What changes something happens once at its place in the conversation: another attempt to answer the
 * same exchange gets the first one's outcome, and so does a later one as long as the caller was not
 * told. Once begun it goes on to its own time limit, whoever hangs up.
 */
function runOnce(turn: LiveTurn, ledger: Ledger, { effect, run }: Effect): Promise<ToolOutcome> {
  const { exchange, name: tool, arguments: args } = effect
  const key = { conversation: turn.prepared.identity, exchange, tool, arguments: args }
  return ledger.run(key, () => run(new AbortController().signal))
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

/** The same, for a turn that may end before it is there. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
    const leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
