import type { Json } from './json.ts'
import type { HeardCall } from './heard-output.ts'

export type Message = Json

export const GREETING: Message = { role: 'assistant', content: 'Hello, how can I help you?' }

export function user(content: string): Message {
  return { role: 'user', content }
}

export function assistant(content: string): Message {
  return { role: 'assistant', content }
}

/** A call and its result, as the platform puts them into the history. */
export function ranTool(
  { id, name, arguments: args }: HeardCall,
  result: Json,
): readonly Message[] {
  const call = { id, type: 'function', function: { name, arguments: args } }
  return [
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: id, content: JSON.stringify(result) },
  ]
}

/** The platform's own words around the agent's prompt, with the id that it fills in. */
export function systemText(
  conversation: string,
  prompt = 'You answer the phone of a shop.',
): string {
  return `\n${prompt}\nKeep it short and polite. CALL_ID=${conversation}\n`
}
