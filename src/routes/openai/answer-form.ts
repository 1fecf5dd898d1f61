import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { TurnEnd, TurnEvent } from '../../turn/turn.ts'
import type { Metadata } from './chunks.ts'

/** How an answer is written, which depends on the API that was asked through. */
export interface AnswerForm {
  readonly wantsMetadata: boolean
  readonly createStreamWriter: () => StreamWriter
  readonly toBody: (answer: WholeAnswer) => object
}

/** Writes the server-sent events of one answer. */
export interface StreamWriter {
  /** What is to be sent for an event of the turn; the first brings the opening along. */
  event(event: TurnEvent): string
  /** What is to be sent last, `[DONE]` included, and the opening if there was no event. */
  end(ending: Ending): string
}

export interface Ending {
  readonly finishReason: TurnEnd['finishReason']
  readonly usage?: TurnEnd['usage']
  readonly metadata?: Metadata | undefined
}

export type Call = Extract<TurnEvent, { readonly type: 'tool-call' }>['call']

/** All that a turn said, for one JSON body. */
export interface WholeAnswer extends Ending {
  readonly text: string
  readonly calls: readonly Call[]
}

/** The request header `x-turnstate-metadata: 1`. */
export function wantsMetadata(request: FastifyRequest): boolean {
  return request.headers['x-turnstate-metadata'] === '1'
}

export function newHexId(): string {
  return randomUUID().replaceAll('-', '')
}

export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
