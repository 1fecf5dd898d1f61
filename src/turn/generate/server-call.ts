import type { AnsweredCall } from '../../conversation/journal.ts'
import { assignedFrom } from '../../flow/assign.ts'
import type { ToolDefinition } from '../../flow/tool-definition.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import type { ModelToolCall } from '../../upstream/upstream.ts'
import { refused, toAnswered } from './answered-call.ts'
import { followResult } from './follow-edges.ts'
import { speak } from './speak.ts'
import { assignVariables, type LiveTurn } from './live-turn.ts'

/** A call of one of the server's own tools whose arguments are as they must be. */
export interface ServerCall {
  readonly call: ModelToolCall
  readonly tool: ToolDefinition
  readonly args: Readonly<Record<string, unknown>>
}

/** The call, or the answer to one that cannot be run. */
export function toServerCall(turn: LiveTurn, call: ModelToolCall): ServerCall | AnsweredCall {
  const tool = turn.settings.tools[call.name]
  const shown = turn.settings.showsToolContents ? call : { ...call, arguments: '{}' }
  turn.voice.showTool({ type: 'call', call: shown })
  if (!tool) return note(turn, refused(call, `There is no tool ${call.name}.`))
  const parsed = turn.tools.parseArguments(call.name, call.arguments)
  if (!parsed.ok) return note(turn, refused(call, `Wrong arguments: ${parsed.problem}`))
  return { call, tool, args: parsed.value }
}

/** The call was answered: the conversation knows it from now on. */
export function note(turn: LiveTurn, answer: AnsweredCall, isOk = false): AnsweredCall {
  turn.journalled.serverCalls.push(answer)
  const content = turn.settings.showsToolContents ? answer.result : ''
  turn.voice.showTool({ type: 'result', callId: answer.id, content, isOk })
  return answer
}

/** What the conversation knows from now on. */
export function assignOutcome(turn: LiveTurn, { tool }: ServerCall, outcome: ToolOutcome): void {
  if (outcome.status !== 'ok') return
  assignVariables(turn, assignedFrom(turn.settings.flow, tool.assignments, outcome.value))
}

/** The call was run: what came of it moves the conversation. */
export function followOutcome(
  turn: LiveTurn,
  { call }: ServerCall,
  outcome: ToolOutcome,
): AnsweredCall {
  followResult(turn, call.name, outcome)
  return note(turn, toAnswered(call, outcome.content), outcome.status === 'ok')
}

/** Says that a tool is going to run, once in a turn; who hears it slowly does not hold it up. */
export function announce(turn: LiveTurn, { execution_message: text }: ToolDefinition): void {
  if (text === undefined) return
  const key = JSON.stringify(text)
  if (turn.announced.has(key)) return
  turn.announced.add(key)
  void speak(turn, text, 'filler')
}
