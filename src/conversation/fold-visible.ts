import type { Facts } from '../flow/condition.ts'
import type { Flow } from '../flow/definition.ts'
import { enter, followOpenEdges, resultEdge, toTransition } from '../flow/edges.ts'
import { platformResultStatus } from '../flow/platform-result.ts'
import type { Position } from '../flow/position.ts'
import type { ConversationMessage } from './message.ts'
import type { View } from './view.ts'

interface VisibleOptions {
  readonly flow: Flow
  /** Only what follows this message counts; null for the whole history. */
  readonly after: ConversationMessage | null
  /** The last turn that is shown was not heard whole. */
  readonly wasCut?: boolean
  readonly factsAt: (position: Position) => Facts
  readonly maxTransitions: number
}

interface NumberedMessage {
  readonly message: ConversationMessage
  readonly exchange: number
}

function* answers(view: View, firstExchange: number): Generator<NumberedMessage> {
  for (const message of view.greeting) yield { message, exchange: 0 }
  for (const [index, block] of view.answered.entries()) {
    for (const message of block.answer) yield { message, exchange: firstExchange + index }
  }
}

/**
 * Moves the position by what the history itself shows after a point: the results of platform tools
 * and the edges that follow from them. Everything else that moved it is known to the journal alone.
 */
export function foldVisible(view: View, position: Position, options: VisibleOptions): Position {
  const names = new Map<string, string>()
  let counts = options.after === null
  let current = position
  // Counted from the end: the head may have been cut, and then the first block is not exchange 1.
  const { exchange: present } = options.factsAt(position)
  const first = present - view.answered.length + (view.open ? 0 : 1)
  for (const { message, exchange } of answers(view, first)) {
    for (const call of message.calls ?? []) names.set(call.id, call.name)
    if (message.role === 'tool' && counts) {
      const tool = names.get(message.callId ?? '')
      if (tool) current = afterResult(current, { tool, content: message.text, exchange }, options)
    }
    if (message === options.after) counts = true
  }
  return current
}

interface VisibleResult {
  readonly tool: string
  readonly content: string
  readonly exchange: number
}

function afterResult(position: Position, result: VisibleResult, options: VisibleOptions): Position {
  const { wasCut = false } = options
  const status = platformResultStatus(result.content)
  const edge = resultEdge(options.flow, position.state, { tool: result.tool, status, wasCut })
  const moved = edge
    ? enter(position, toTransition(position.state, edge, result.exchange))
    : position
  return followOpenEdges(options.flow, moved, {
    factsAt: options.factsAt,
    enteredAfter: result.exchange,
    wasCut,
    budget: options.maxTransitions,
  }).reduce(enter, moved)
}
