import type { AnsweredCall } from '../conversation/journal.ts'
import { assignedByName, assignedFrom } from '../flow/assign.ts'
import { followOpenEdges, resultEdge, toTransition, transitionTools } from '../flow/edges.ts'
import { effectOf } from '../flow/tool-definition.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import type { ModelToolCall } from '../upstream/upstream.ts'
import { assign, canTransition, take, type LiveTurn } from './live-turn.ts'
import type { Offer } from './offered-tools.ts'
import { scopeValues } from './scope.ts'

/** One step of the model, taken apart. */
export interface AnsweredStep {
  /** Calls that were answered here, in the order of their answers. */
  readonly answered: readonly AnsweredCall[]
  /** Calls that go to the platform. */
  readonly platform: readonly ModelToolCall[]
  /** The step entered a state that has something to `say`. */
  readonly enteredSay: boolean
}

/**
 * Runs the server calls in call order, then takes the transitions; whatever is not allowed is
 * answered with an error that the model can act on. Platform calls are only set apart.
 */
export async function answerCalls(
  turn: LiveTurn,
  calls: readonly ModelToolCall[],
  offer: Offer,
): Promise<AnsweredStep> {
  const before = turn.transitions
  const transitionNames = new Set(
    offer.tools.flatMap(({ name }) =>
      offer.server.has(name) || offer.platform.has(name) ? [] : [name],
    ),
  )
  const isTransition = (call: ModelToolCall) => transitionNames.has(call.name)
  const platform = calls.filter((call) => offer.platform.has(call.name))
  const inner = calls.filter((call) => !offer.platform.has(call.name))
  const answered: AnsweredCall[] = []
  for (const call of inner.filter((candidate) => !isTransition(candidate))) {
    const result = offer.server.has(call.name)
      ? await runServerCall(turn, call)
      : errorResult(`There is no tool ${call.name} here. Use only the tools that are offered.`)
    answered.push(toAnswered(call, result))
    if (offer.server.has(call.name)) turn.journalled.serverCalls.push(toAnswered(call, result))
  }
  for (const call of inner.filter(isTransition)) {
    answered.push(toAnswered(call, takeTransition(turn, call)))
  }
  const enteredSay =
    turn.transitions > before && turn.script.flow.states[turn.position.state]?.say !== undefined
  return { answered, platform, enteredSay }
}

function toAnswered(call: ModelToolCall, result: string): AnsweredCall {
  return { id: call.id, name: call.name, arguments: validJson(call.arguments), result }
}

/** Model servers refuse a history whose arguments are no JSON. */
function validJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return '{}'
  }
}

function errorResult(message: string): string {
  return JSON.stringify({ error: message })
}

async function runServerCall(turn: LiveTurn, call: ModelToolCall): Promise<string> {
  const tool = turn.script.tools[call.name]
  if (!tool) return errorResult(`There is no tool ${call.name}.`)
  const refusal = effectOf(tool) === 'write' ? refuseWrite(turn) : null
  if (refusal) return errorResult(refusal)
  const parsed = turn.tools.parseArguments(call.name, call.arguments)
  if (!parsed.ok) return errorResult(`Wrong arguments: ${parsed.problem}`)
  const outcome = await turn.tools.run(
    { name: call.name, arguments: call.arguments },
    {
      signal: turn.signal,
      values: scopeValues(turn.position.variables, turn.prepared.scope),
    },
  )
  if (outcome.status === 'ok') {
    assign(turn, assignedFrom(turn.script.flow, tool.assignments, outcome.value))
  }
  followResult(turn, call.name, outcome)
  return outcome.content
}

/** Why a tool that changes something may not run in this turn; null if it may. */
function refuseWrite({ prepared }: LiveTurn): string | null {
  if (prepared.facts.conversation === null) {
    return 'Not done: this call cannot be told apart from others, so nothing may be changed in it. Tell the caller that you cannot do that here.'
  }
  if (prepared.facts.kind === 'late') {
    return 'Not done: the caller is still speaking. Wait for the rest.'
  }
  return null
}

/** The edge that the result opens, then the edges that follow from the new values. */
function followResult(turn: LiveTurn, tool: string, outcome: ToolOutcome): void {
  const { flow } = turn.script
  const { exchange } = turn.prepared.facts
  const from = turn.position.state
  const edge = resultEdge(flow, from, { tool, status: outcome.status })
  if (edge && canTransition(turn)) {
    take(turn, toTransition(from, edge, exchange))
    if (flow.states[turn.position.state]?.say) return
  }
  followEdges(turn)
}

function followEdges(turn: LiveTurn): void {
  const { flow, limits } = turn.script
  const taken = followOpenEdges(flow, turn.position, {
    factsAt: turn.prepared.factsAt,
    enteredAfter: turn.prepared.facts.exchange,
    budget: limits.max_transitions_per_turn - turn.transitions,
  })
  for (const transition of taken) take(turn, transition)
}

function takeTransition(turn: LiveTurn, call: ModelToolCall): string {
  const { flow } = turn.script
  const tool = transitionTools(flow, turn.position.state).find(({ name }) => name === call.name)
  if (!tool)
    return errorResult('The conversation has moved on; that step is not possible any more.')
  if (!canTransition(turn)) {
    return errorResult('Too many steps in one turn. Answer the caller first.')
  }
  const parsed = turn.tools.parseArguments(tool.schemaName, call.arguments)
  if (!parsed.ok) return errorResult(`Wrong arguments: ${parsed.problem}`)
  assign(turn, assignedByName(flow, parsed.value))
  take(turn, toTransition(turn.position.state, tool.edge, turn.prepared.facts.exchange))
  if (!flow.states[turn.position.state]?.say) followEdges(turn)
  return JSON.stringify({ status: 'ok', state: turn.position.state })
}
