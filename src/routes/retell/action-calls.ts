import type { TurnRequest } from '../../turn/turn-request.ts'
import type { ServerToolEvent, TurnEvent } from '../../turn/turn.ts'
import type { JsonObject } from '../json-object.ts'
import { needsVariables, toOutcome, type Outcome } from './actions.ts'
import type { RetellAction } from './options.ts'
import type { OutgoingFrame } from './outgoing-frame.ts'

export type Message = TurnRequest['messages'][number]
export type Call = Extract<TurnEvent, { readonly type: 'tool-call' }>['call']

/** A call of the model, and what came of it. */
export interface ActionCall {
  readonly call: Call
  readonly outcome: Outcome
}

interface Step {
  /** What was said before the calls. */
  readonly said: string
  readonly calls: readonly Call[]
  /** A key is to be pressed already. */
  readonly hasDigit: boolean
}

interface Dependencies {
  readonly actions: ReadonlyMap<string, RetellAction>
  /** The flow's variables after these messages. */
  readonly variablesAfter: (step: readonly Message[]) => Promise<JsonObject>
}

/** What the calls of one step of the model come to; nothing is done yet. */
export async function decideOutcomes(
  { said, calls, hasDigit }: Step,
  { actions, variablesAfter }: Dependencies,
): Promise<readonly ActionCall[]> {
  const isAsked = calls.some(({ name }) => needsVariables(actions.get(name)))
  const begun = calls.map((call): ActionCall => ({ call, outcome: UNKNOWN }))
  const variables = isAsked ? await variablesAfter(toStep(said, begun)) : {}
  let pressed = hasDigit
  return calls.map((call) => {
    const action = actions.get(call.name)
    const outcome = action ? toOutcome(action, call, variables) : UNKNOWN
    const isDigit = outcome.type === 'flags' && outcome.flags.digit_to_press !== undefined
    if (isDigit && pressed) return { call, outcome: SECOND_KEY }
    pressed ||= isDigit
    return { call, outcome }
  })
}

const UNKNOWN: Outcome = { type: 'refused', why: 'There is no such action.' }
const SECOND_KEY: Outcome = {
  type: 'refused',
  why: 'One answer presses one key. Wait for what the other side says.',
}

/** The step as the conversation goes on from it. */
export function toStep(said: string, done: readonly ActionCall[]): readonly Message[] {
  return [
    { role: 'assistant', text: said, calls: done.map(({ call }) => call) },
    ...done.map(({ call, outcome }): Message => ({
      role: 'tool',
      text: toResult(outcome),
      callId: call.id,
    })),
  ]
}

function toResult(outcome: Outcome): string {
  return JSON.stringify(
    outcome.type === 'refused' ? { status: 'error', error: outcome.why } : { status: 'ok' },
  )
}

/** For Retell's transcript: what was asked for, and what came of it. */
export function toTranscript({ call, outcome }: ActionCall): readonly OutgoingFrame[] {
  return [
    toToolFrame({ type: 'call', call }),
    toToolFrame({
      type: 'result',
      callId: call.id,
      content: toResult(outcome),
      isOk: outcome.type !== 'refused',
    }),
  ]
}

export function toToolFrame(event: ServerToolEvent): OutgoingFrame {
  if (event.type === 'call') {
    const { id, name, arguments: args } = event.call
    return { response_type: 'tool_call_invocation', tool_call_id: id, name, arguments: args }
  }
  const { callId, content, isOk } = event
  return { response_type: 'tool_call_result', tool_call_id: callId, content, successful: isOk }
}
