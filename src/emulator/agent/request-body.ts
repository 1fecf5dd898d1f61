import { isRecord, type Json } from '../rehearsal/json.ts'
import { toolsOf, type AgentFile } from './agent-file.ts'
import type { Question } from './custom-llm.ts'

/** The body of a request, with the keys that platforms send and in their order. */
export function toRequestBody(file: AgentFile, question: Question): Json {
  const { custom_llm: llm } = file
  const tools = toolsOf(file).map(({ offered }) => offered)
  const { messages, userId, extraBody } = question
  return {
    messages: file.tool_messages === 'keep' ? messages : withoutToolMessages(messages),
    model: llm.model_id,
    max_tokens: llm.max_tokens,
    stream: true,
    stream_options: { include_usage: true },
    ...(llm.temperature !== null && { temperature: llm.temperature }),
    ...(llm.reasoning_effort !== undefined && { reasoning_effort: llm.reasoning_effort }),
    ...(tools.length > 0 && { tools }),
    ...(userId !== undefined && { user_id: userId }),
    ...(extraBody !== undefined && { elevenlabs_extra_body: extraBody }),
  }
}

/** A history that shows only what was said: after a tool it looks as it did before. */
function withoutToolMessages(messages: readonly Json[]): readonly Json[] {
  return messages.flatMap((message) => {
    if (message.role === 'tool') return []
    if (!isRecord(message) || !Array.isArray(message.tool_calls)) return [message]
    const { role, content } = message
    return typeof content === 'string' && content !== '' ? [{ role, content }] : []
  })
}
