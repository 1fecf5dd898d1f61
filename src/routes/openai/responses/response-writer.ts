import { DONE_EVENT } from '../../../sse/encode.ts'
import type { Call, StreamWriter } from '../answer-form.ts'
import { createEventFrames } from './event-frames.ts'
import type { EventFrames } from './event-frames.ts'
import { openMessage } from './message-events.ts'
import type { OpenMessage } from './message-events.ts'
import { callItem, endedResponse, openResponse, statusOf } from './response-object.ts'
import type { CallItem, OutputItem, ResponseEnvelope } from './response-object.ts'

/** Writes an answer as the events of the Responses API. */
export function createResponseWriter(envelope: ResponseEnvelope): StreamWriter {
  const frames = createEventFrames()
  const output: OutputItem[] = []
  let message: OpenMessage | null = null
  let started = false

  const inProgress = () =>
    frames.frame('response.in_progress', { response: openResponse(envelope, output) })

  function opening(): string {
    if (started) return ''
    started = true
    return (
      frames.frame('response.created', { response: openResponse(envelope, output) }) + inProgress()
    )
  }

  function speak(text: string): string {
    if (message) return message.delta(text)
    const opened = openMessage({ envelope, index: output.length, frames })
    message = opened.message
    return opened.sent + message.delta(text)
  }

  function closeMessage(status: 'completed' | 'incomplete'): string {
    if (!message) return ''
    const closed = message.close(status)
    message = null
    output.push(closed.item)
    return closed.sent
  }

  function callTool(call: Call): string {
    const before = closeMessage('completed')
    const item = callItem(envelope, output.length, call)
    const sent = callEvents(frames, item, output.length)
    output.push(item)
    return before + sent
  }

  /** An answer may turn out to have no text, so a sign of life does not begin a message. */
  function keepAlive(): string {
    if (!started) return opening()
    return message ? message.delta('') : inProgress()
  }

  return {
    event(event) {
      switch (event.type) {
        case 'text-delta':
          return opening() + speak(event.text)
        case 'tool-call':
          return opening() + callTool(event.call)
        case 'keep-alive':
          return keepAlive()
      }
    },
    end(ending) {
      const status = statusOf(ending.finishReason)
      const before = opening() + closeMessage(status)
      const response = endedResponse(envelope, output, ending)
      return before + frames.frame(`response.${status}`, { response }) + DONE_EVENT
    },
  }
}

/** A call is known whole: its arguments come in one piece. */
function callEvents({ frame }: EventFrames, item: CallItem, index: number): string {
  const { id, name, arguments: args } = item
  const place = { item_id: id, output_index: index }
  const begun = { ...item, status: 'in_progress' as const, arguments: '' }
  return (
    frame('response.output_item.added', { output_index: index, item: begun }) +
    frame('response.function_call_arguments.delta', { ...place, delta: args }) +
    frame('response.function_call_arguments.done', { ...place, name, arguments: args }) +
    frame('response.output_item.done', { output_index: index, item })
  )
}
