import type { Facts } from '../flow/condition.ts'
import type { Flow } from '../flow/definition.ts'
import { enter, followOpenEdges, resultEdge, toTransition } from '../flow/edges.ts'
import { platformResultStatus } from '../flow/platform-result.ts'
import type { Position } from '../flow/position.ts'
import type { ConversationMessage } from './message.ts'
import type { View } from './view.ts'

/** The exchange in which something happened, and what the caller had said. */
export interface Moment {
  readonly exchange: number
  readonly lastUserText: string
}

interface VisibleOptions {
  readonly flow: Flow
  /** Only what follows this message counts; null for the whole history. */
  readonly after: ConversationMessage | null
  /** Number of the first answered block. */
  readonly firstExchange: number
  /** The last turn that is shown was not heard whole. */
  readonly wasCut: boolean
  readonly factsAt: (position: Position, moment: Moment) => Facts
  readonly maxTransitions: number
}

interface AnswerMessage {
  readonly message: ConversationMessage
  readonly moment: Moment
}

function* answers(view: View, firstExchange: number): Generator<AnswerMessage> {
  for (const message of view.greeting) yield { message, moment: { exchange: 0, lastUserText: '' } }
  for (const [index, block] of view.answered.entries()) {
    const moment = { exchange: firstExchange + index, lastUserText: block.user.text }
    for (const message of block.answer) yield { message, moment }
  }
}

export interface VisibleFold {
  readonly position: Position
  /** A result led into a state with `say`, and nothing was said since. */
  readonly isSayDue: boolean
}

/**
 * Moves the position by what the history itself shows after a point: the results of platform tools
 * and the edges that follow from them. Everything else that moved it is known to the journal alone.
 */
export function foldVisible(view: View, start: Position, options: VisibleOptions): VisibleFold {
  const names = new Map<string, string>()
  let counts = options.after === null
  let position = start
  let isSayDue = false
  let settledAt: Moment | null = null
  for (const { message, moment } of answers(view, options.firstExchange)) {
    for (const call of message.calls ?? []) names.set(call.id, call.name)
    if (message.role === 'assistant' && message.text !== '') isSayDue = false
    // Where something is due to be said, the conversation stays until it was heard.
    if (message.role === 'tool' && counts && !isSayDue) {
      const tool = names.get(message.callId ?? '')
      const moved = followResult(position, tool, { message, moment }, options)
      // Without a step, the conditions of one exchange say the same after each of its results.
      const isSettled = moved === position && settledAt === moment
      const next =
        isSettled || hasSay(moved, options, position) ? moved : followEdges(moved, moment, options)
      isSayDue = hasSay(next, options, position)
      position = next
      settledAt = moment
    }
    if (message === options.after) counts = true
  }
  return { position, isSayDue }
}

/** Whether the step from one position to the other entered a state with `say`. */
function hasSay(to: Position, { flow }: VisibleOptions, from: Position): boolean {
  return to !== from && flow.states[to.state]?.say !== undefined
}

function followResult(
  position: Position,
  tool: string | undefined,
  { message, moment }: AnswerMessage,
  { flow, wasCut }: VisibleOptions,
): Position {
  if (tool === undefined) return position
  const status = platformResultStatus(message.text)
  const edge = resultEdge(flow, position.state, { tool, status, wasCut })
  return edge ? enter(position, toTransition(position.state, edge, moment.exchange)) : position
}

function followEdges(position: Position, moment: Moment, options: VisibleOptions): Position {
  return followOpenEdges(options.flow, position, {
    factsAt: (at) => options.factsAt(at, moment),
    enteredAfter: moment.exchange,
    wasCut: options.wasCut,
    budget: options.maxTransitions,
  }).reduce(enter, position)
}
