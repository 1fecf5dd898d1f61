import { isRecord, type Json } from './json.ts'

const KNOWN_KEYS = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'n',
  'stop',
  'seed',
  'user',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'presence_penalty',
  'frequency_penalty',
  'response_format',
  'reasoning_effort',
  'logit_bias',
])

/** Why a strict endpoint refuses a body; null if it takes it. Real ones refuse the same things. */
export function refusalOf(body: Json): string | null {
  const unknown = Object.keys(body).find((key) => !KNOWN_KEYS.has(key))
  if (unknown !== undefined) return 'Unrecognized request argument supplied.'
  const { max_tokens: maxTokens, tools, messages } = body
  if (typeof maxTokens === 'number' && maxTokens < 1) return 'max_tokens must be at least 1.'
  if (Array.isArray(tools) && tools.length === 0) return 'tools must not be an empty array.'
  if (!Array.isArray(messages) || messages.length === 0) return 'messages must not be empty.'
  return messages.every(isUsable) ? null : 'A message has no usable content.'
}

function isUsable(message: unknown): boolean {
  if (!isRecord(message)) return false
  const { role, content, tool_calls: calls } = message
  if (role === 'assistant' && Array.isArray(calls)) return true
  return typeof content === 'string' || Array.isArray(content)
}
