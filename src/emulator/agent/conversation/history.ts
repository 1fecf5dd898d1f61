import type { HeardCall } from '../../rehearsal/heard-output.ts'
import type { Json } from '../../rehearsal/json.ts'
import type { ToolRun } from '../agent.ts'

/** What the next request to the Custom LLM shows of the conversation. */
export interface History {
  readonly messages: () => readonly Json[]
  /** For the agent that goes on with the conversation. */
  readonly setSystemText: (text: string) => void
  readonly add: (...messages: readonly Json[]) => void
  /** Takes a message back, if nothing came after it. */
  readonly withdraw: (message: Json) => void
}

export function createHistory(systemText: string): History {
  let system: Json = { role: 'system', content: systemText }
  const messages: Json[] = []
  return {
    messages: () => [system, ...messages],
    setSystemText: (content) => (system = { role: 'system', content }),
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

/** An answer with calls, and the results in the order of the calls. */
export function toolMessages(
  text: string,
  calls: readonly HeardCall[],
  runs: readonly ToolRun[],
): readonly Json[] {
  const toolCalls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  }))
  return [
    { role: 'assistant', content: hasWords(text) ? text : null, tool_calls: toolCalls },
    ...calls.map(({ id }, index) => ({
      role: 'tool',
      tool_call_id: id,
      content: runs[index]?.result ?? '',
    })),
  ]
}

export function hasWords(text: string): boolean {
  return text.trim() !== ''
}
