import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Envelope } from './chunks.ts'
import type { ChatRequest } from './read-request.ts'

/** How an answer is to look, apart from what it says. */
export interface AnswerForm {
  readonly envelope: Envelope
  readonly includeUsage: boolean
  /** The request header `x-turnstate-metadata: 1`. */
  readonly wantsMetadata: boolean
}

export function answerForm(request: FastifyRequest, chat: ChatRequest, model: string): AnswerForm {
  return {
    envelope: {
      id: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      model: chat.model ?? model,
    },
    includeUsage: chat.includeUsage,
    wantsMetadata: request.headers['x-turnstate-metadata'] === '1',
  }
}
