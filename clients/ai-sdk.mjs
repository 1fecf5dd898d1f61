// The Vercel AI SDK: `ask` streams one answer, `abort` leaves it.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { isStepCount, jsonSchema, streamText, tool } from 'ai'
import { orders, tell } from './orders.mjs'

const tools = {
  show_map: tool({
    description: 'Show a map',
    inputSchema: jsonSchema({ type: 'object', properties: { place: { type: 'string' } } }),
    execute: ({ place }) => {
      tell('tool-run', { place })
      return { shown: place }
    },
  }),
}

let call = new AbortController()

async function ask({ baseURL, conversationId, messages, withTools }) {
  call = new AbortController()
  const provider = createOpenAICompatible({
    name: 'turnstate',
    baseURL,
    apiKey: 'none',
    headers: { 'x-conversation-id': conversationId },
    includeUsage: true,
  })
  const result = streamText({
    model: provider('any'),
    messages,
    ...(withTools && { tools }),
    stopWhen: isStepCount(3),
    maxRetries: 0,
    abortSignal: call.signal,
    onError: () => {}, // told below as a part of the stream
  })
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') tell('text', { text: part.text })
    if (part.type === 'tool-call') tell('tool-call', { name: part.toolName, input: part.input })
    if (part.type === 'error') {
      const { name, message, statusCode } = part.error
      tell('error', { name, message, statusCode })
    }
    if (part.type === 'abort') tell('aborted')
    if (part.type === 'finish') {
      tell('finished', { reason: part.finishReason, usage: part.totalUsage })
    }
  }
  tell('ended')
}

for await (const order of orders()) {
  if (order.do === 'ask') void ask(order)
  if (order.do === 'abort') call.abort()
}
