import type { FastifyRequest } from 'fastify'
import { newHexId, nowInSeconds, wantsMetadata } from '../answer-form.ts'
import type { AnswerForm, WholeAnswer } from '../answer-form.ts'
import type { ResponseRequest } from './read-response-request.ts'
import { callItem, endedResponse, messageItem, statusOf, textPart } from './response-object.ts'
import type { OutputItem, ResponseEnvelope, SentResponse } from './response-object.ts'
import { createResponseWriter } from './response-writer.ts'

/** Answers as the Responses API does. */
export function responseForm(
  request: FastifyRequest,
  asked: ResponseRequest,
  model: string,
): AnswerForm {
  const envelope: ResponseEnvelope = {
    hexId: newHexId(),
    createdAt: nowInSeconds(),
    model: asked.model ?? model,
  }
  return {
    wantsMetadata: wantsMetadata(request),
    createStreamWriter: () => createResponseWriter(envelope),
    toBody: (answer) => toResponse(envelope, answer),
  }
}

function toResponse(envelope: ResponseEnvelope, answer: WholeAnswer): SentResponse {
  const { text, calls, finishReason } = answer
  const output: OutputItem[] = []
  if (text !== '') {
    const status = statusOf(finishReason)
    output.push(messageItem(envelope, 0, { status, content: [textPart(text)] }))
  }
  for (const call of calls) output.push(callItem(envelope, output.length, call))
  return endedResponse(envelope, output, answer)
}
