import type { AnsweredCall } from '../../conversation/journal.ts'
import type { MessageCall } from '../../conversation/message.ts'
import { hasSameArguments } from '../../conversation/platform-call.ts'
import { assignedByName } from '../../flow/assign.ts'
import { toTransition, transitionTools } from '../../flow/edges.ts'
import type { Variables } from '../../flow/position.ts'
import { declaredArguments } from '../../flow/tool-definition.ts'
import type { ModelToolCall } from '../../upstream/upstream.ts'
import { errorResult, refused, toAnswered } from './answered-call.ts'
import { followEdges, hasToSay } from './follow-edges.ts'
import { canTransition, takeTransition, type LiveTurn } from './live-turn.ts'
import type { Offer } from './offered-tools.ts'
import { completeArguments } from './platform-arguments.ts'
import { runReads } from './read-call.ts'
import { toServerCall, type ServerCall } from './server-call.ts'
import { runWrite } from './write-call.ts'

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
 * Runs the reads together, then the writes one after another, then takes the transitions, each in
 * the order of the calls; whatever is not allowed is answered with an error that the model can act
 * on. Platform calls are only set apart, and none goes out where the caller is to confirm something.
 */
export async function answerCalls(
  turn: LiveTurn,
  calls: readonly ModelToolCall[],
  options: StepOptions,
): Promise<AnsweredStep> {
  turn.signal.throwIfAborted()
  const step = sortCalls(turn, calls, options)
  const answered = [...step.refused, ...(await runReads(turn, step.reads))]
  for (const write of step.writes) {
    turn.signal.throwIfAborted()
    answered.push(await runWrite(turn, write))
  }
  for (const call of step.transitions) {
    answered.push(toAnswered(call, answerTransition(turn, call)))
  }
  return {
    answered,
    platform: turn.readBack ? [] : step.platform,
    enteredSay: hasToSay(turn),
    isRepeat: step.repeats === calls.length,
  }
}

interface SortedCalls {
  readonly refused: AnsweredCall[]
  readonly reads: ServerCall[]
  readonly writes: ServerCall[]
  readonly transitions: ModelToolCall[]
  readonly platform: ModelToolCall[]
  /** Platform calls that were issued already. */
  repeats: number
}

function sortCalls(
  turn: LiveTurn,
  calls: readonly ModelToolCall[],
  { offer, issued }: StepOptions,
): SortedCalls {
  const isOffered = new Set(offer.tools.map((tool) => tool.name))
  const sorted: SortedCalls = {
    refused: [],
    reads: [],
    writes: [],
    transitions: [],
    platform: [],
    repeats: 0,
  }
  const refuse = (call: ModelToolCall, why: string) => sorted.refused.push(refused(call, why))
  for (const call of calls) {
    if (!isOffered.has(call.name)) {
      refuse(call, `There is no tool ${call.name} here. Use only what is offered.`)
    } else if (offer.server.has(call.name)) {
      const server = toServerCall(turn, call)
      if (!('tool' in server)) sorted.refused.push(server)
      else if (turn.tools.effectOf(call.name) === 'write') sorted.writes.push(server)
      else sorted.reads.push(server)
    } else if (!offer.platform.has(call.name)) {
      sorted.transitions.push(call)
    } else {
      const completed = completeCall(turn, call)
      if (!completed.ok) refuse(call, `Wrong arguments: ${completed.problem}`)
      else if (!isIssued(issued, completed.call)) sorted.platform.push(completed.call)
      else {
        sorted.repeats += 1
        refuse(call, 'Already done; it is not done twice.')
      }
    }
  }
  return sorted
}

function isIssued(issued: readonly MessageCall[], call: ModelToolCall): boolean {
  return issued.some((done) => done.name === call.name && hasSameArguments(done, call))
}

/** The call with arguments that the platform will take. */
function completeCall(turn: LiveTurn, call: ModelToolCall) {
  const { request } = turn.prepared
  const tool = request.platformTools.find(({ name }) => name === call.name)
  const completed = tool
    ? completeArguments(tool, call.arguments, shownVariables(turn))
    : ({ ok: false, problem: 'there is no such tool' } as const)
  return completed.ok
    ? ({ ok: true, call: { ...call, arguments: completed.arguments } } as const)
    : completed
}

/** What a platform may be told. */
function shownVariables({ settings, position }: LiveTurn): Variables {
  const { variables } = settings.flow
  return Object.fromEntries(
    Object.entries(position.variables).filter(([name]) => !variables[name]?.sensitive),
  )
}

function answerTransition(turn: LiveTurn, call: ModelToolCall): string {
  const { flow } = turn.settings
  const tool = transitionTools(flow, turn.position.state).find(({ name }) => name === call.name)
  if (!tool)
    return errorResult('The conversation has moved on; that step is not possible any more.')
  if (turn.readBack) return errorResult('Not now: the caller is asked to confirm something first.')
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
