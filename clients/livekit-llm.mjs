// LiveKit's OpenAI plugin without a room: `ask` streams one answer, `cancel` closes that stream.
import { initializeLogger, llm } from '@livekit/agents'
import { LLM } from '@livekit/agents-plugin-openai'
import { orders, tell } from './orders.mjs'

initializeLogger({ pretty: false, level: 'silent' })

const tools = [
  llm.tool({
    name: 'show_map',
    description: 'Show a map',
    parameters: { type: 'object', properties: { place: { type: 'string' } } },
    execute: async ({ place }) => {
      tell('tool-run', { place })
      return { shown: place }
    },
  }),
]
const streams = new Map()
const contexts = new Map()

/** Goes on from the context `from`, if it is named; what is answered is kept as `id`. */
async function ask({ id, from, baseURL, jobId, say = [], withTools, maxRetry = 0 }) {
  const context = contexts.get(from)?.copy() ?? llm.ChatContext.empty()
  for (const { role, content } of say) context.addMessage({ role, content })
  contexts.set(id, context)
  const model = new LLM({ model: 'any', apiKey: 'none', baseURL })
  model.on('error', ({ error, recoverable }) => {
    tell('error', { id, message: error.message, status: error.statusCode, recoverable })
  })
  const stream = model.chat({
    chatCtx: context,
    toolCtx: withTools ? tools : [],
    connOptions: { maxRetry, retryIntervalMs: 0, timeoutMs: 10_000 },
    // As the plugin sets it inside a job.
    extraKwargs: { extra_headers: { 'X-LiveKit-Job-Id': jobId, 'X-LiveKit-Room-Id': jobId } },
  })
  streams.set(id, stream)
  const startedAt = Date.now()
  const calls = []
  let text = ''
  for await (const { delta, usage } of stream) {
    if (delta?.content) tell('text', { id, text: delta.content })
    text += delta?.content ?? ''
    calls.push(...(delta?.toolCalls ?? []))
    if (usage) tell('usage', { id, tokens: usage.totalTokens })
  }
  // Items stand in the order of their times, and words come before calls: as an agent session does it.
  if (text) context.addMessage({ role: 'assistant', content: text, createdAt: startedAt })
  for (const call of calls) {
    tell('tool-call', { id, name: call.name, arguments: call.args })
    context.insert([call, await llm.executeToolCall(call, new llm.ToolContext(tools))])
  }
  tell('ended', { id })
}

for await (const order of orders()) {
  if (order.do === 'ask') void ask(order)
  if (order.do === 'cancel') streams.get(order.id).close()
}
