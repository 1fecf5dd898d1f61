import type { HeardCall } from '../../rehearsal/heard-output.ts'
import type { Json } from '../../rehearsal/json.ts'

/** What the next request to the Custom LLM shows of the conversation. */
export interface History {
  readonly messages: () => readonly Json[]
  readonly add: (...messages: readonly Json[]) => void
  /** Takes a message back, if nothing came after it. */
  readonly withdraw: (message: Json) => void
}

export function createHistory(systemText: string): History {
  const messages: Json[] = [{ role: 'system', content: systemText }]
  return {
    messages: () => [...messages],
    add: (...added) => void messages.push(...added),
    withdraw: (message) => {
      if (messages.at(-1) === message) messages.pop()
    },
  }
}

/** Context that the client gave: it is nobody's speech. */
export function contextNote(text: string): Json {
  return { role: 'system', content: `Contextual update: ${text}` }
}

export function calledTools(text: string, calls: readonly HeardCall[]): Json {
  return {
    role: 'assistant',
    content: hasWords(text) ? text : null,
    tool_calls: calls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function',
      function: { name, arguments: args },
    })),
  }
}

export function toolResult(id: string, result: string): Json {
  return { role: 'tool', tool_call_id: id, content: result }
}

export function hasWords(text: string): boolean {
  return text.trim() !== ''
}
