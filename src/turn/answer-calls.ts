import type { AnsweredCall } from '../conversation/journal.ts'
import type { MessageCall } from '../conversation/message.ts'
import { hasSameArguments } from '../conversation/platform-call.ts'
import { assignedByName, assignedFrom } from '../flow/assign.ts'
import { followOpenEdges, resultEdge, toTransition, transitionTools } from '../flow/edges.ts'
import { declaredArguments, effectOf } from '../flow/tool-definition.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import type { ModelToolCall } from '../upstream/upstream.ts'
import { assignVariables, canTransition, takeTransition, type LiveTurn } from './live-turn.ts'
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
  /** The step asked for nothing but what was done already. */
  readonly isRepeat: boolean
}

interface StepOptions {
  readonly offer: Offer
  /** Platform calls of this exchange that went out already: never issued twice. */
  readonly issued: readonly MessageCall[]
}

/**
 * Runs the server calls in call order, then takes the transitions; whatever is not allowed is
 * answered with an error that the model can act on. Platform calls are only set apart.
 */
export async function answerCalls(
  turn: LiveTurn,
  calls: readonly ModelToolCall[],
  { offer, issued }: StepOptions,
): Promise<AnsweredStep> {
  const isOffered = new Set(offer.tools.map((tool) => tool.name))
  const platform: ModelToolCall[] = []
  const transitions: ModelToolCall[] = []
  const answered: AnsweredCall[] = []
  let repeats = 0
  for (const call of calls) {
    turn.signal.throwIfAborted()
    if (!isOffered.has(call.name)) {
      answered.push(refused(call, `There is no tool ${call.name} here. Use only what is offered.`))
    } else if (offer.server.has(call.name)) {
      const answer = toAnswered(call, await runServerCall(turn, call))
      turn.journalled.serverCalls.push(answer)
      answered.push(answer)
    } else if (!offer.platform.has(call.name)) {
      transitions.push(call)
    } else if (issued.some((done) => done.name === call.name && hasSameArguments(done, call))) {
      repeats++
      answered.push(refused(call, 'Already done; it is not done twice.'))
    } else if (!isJson(call.arguments)) {
      answered.push(refused(call, 'Wrong arguments: they are not valid JSON'))
    } else {
      platform.push(call)
    }
  }
  for (const call of transitions) answered.push(toAnswered(call, answerTransition(turn, call)))
  return { answered, platform, enteredSay: hasToSay(turn), isRepeat: repeats === calls.length }
}

/** The turn entered a state that has something to say, which must be heard before it goes on. */
function hasToSay({ journalled, position, settings }: LiveTurn): boolean {
  const entered = journalled.changes.some((change) => change.type === 'transition')
  return entered && settings.flow.states[position.state]?.say !== undefined
}

function refused(call: ModelToolCall, why: string): AnsweredCall {
  return toAnswered(call, errorResult(why))
}

function toAnswered({ id, name, arguments: text }: ModelToolCall, result: string): AnsweredCall {
  // Model servers refuse a history whose arguments are no JSON.
  return { id, name, arguments: isJson(text) ? text : '{}', result }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function errorResult(message: string): string {
  return JSON.stringify({ error: message })
}

async function runServerCall(turn: LiveTurn, call: ModelToolCall): Promise<string> {
  const tool = turn.settings.tools[call.name]
  if (!tool) return errorResult(`There is no tool ${call.name}.`)
  const refusal = effectOf(tool) === 'write' ? refuseWrite(turn) : null
  if (refusal) return errorResult(refusal)
  const parsed = turn.tools.parseArguments(call.name, call.arguments)
  if (!parsed.ok) return errorResult(`Wrong arguments: ${parsed.problem}`)
  const outcome = await turn.tools.run(call.name, parsed.value, {
    signal: turn.signal,
    values: scopeValues(turn.position.variables, turn.prepared.scope),
  })
  // What the hang-up itself cut off has neither failed nor moved the flow.
  if (outcome.status === 'failed') turn.signal.throwIfAborted()
  if (outcome.status === 'ok') {
    assignVariables(turn, assignedFrom(turn.settings.flow, tool.assignments, outcome.value))
  }
  if (!turn.signal.aborted || outcome.status === 'ok') followResult(turn, call.name, outcome)
  return outcome.content
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

/** The edge that the result opens, then the edges that follow from the new values. */
function followResult(turn: LiveTurn, tool: string, outcome: ToolOutcome): void {
  // A second call of the step must not lead on before the caller heard what the first led to.
  if (hasToSay(turn)) return
  const { flow } = turn.settings
  const { exchange } = turn.prepared.facts
  const from = turn.position.state
  const edge = resultEdge(flow, from, { tool, status: outcome.status })
  if (edge && canTransition(turn)) {
    takeTransition(turn, toTransition(from, edge, exchange))
    if (flow.states[turn.position.state]?.say) return
  }
  followEdges(turn)
}

function followEdges(turn: LiveTurn): void {
  const { flow, limits } = turn.settings
  const taken = followOpenEdges(flow, turn.position, {
    factsAt: turn.prepared.factsAt,
    enteredAfter: turn.prepared.facts.exchange,
    budget: limits.max_transitions_per_turn - turn.transitions,
  })
  for (const transition of taken) takeTransition(turn, transition)
}

function answerTransition(turn: LiveTurn, call: ModelToolCall): string {
  const { flow } = turn.settings
  const tool = transitionTools(flow, turn.position.state).find(({ name }) => name === call.name)
  if (!tool)
    return errorResult('The conversation has moved on; that step is not possible any more.')
  if (hasToSay(turn)) return errorResult('Not now: the caller must hear something first.')
  if (!canTransition(turn)) {
    return errorResult('Too many steps in one turn. Answer the caller first.')
  }
  const parsed = turn.tools.parseArguments(tool.schemaName, call.arguments)
  if (!parsed.ok) return errorResult(`Wrong arguments: ${parsed.problem}`)
  const transition = toTransition(turn.position.state, tool.edge, turn.prepared.facts.exchange)
  const args = declaredArguments(tool.parameters, parsed.value)
  takeTransition(turn, { ...transition, values: assignedByName(flow, args) })
  if (!flow.states[turn.position.state]?.say) followEdges(turn)
  return JSON.stringify({ status: 'ok', state: turn.position.state })
}
