import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** Tools that can keep the caller waiting in silence for longer than the platform waits. */
export function lintPatience({
  conversation,
  flow,
  tools,
}: Pick<ConfigFile, 'conversation' | 'flow' | 'tools'>): readonly Found[] {
  const patienceMs = conversation.cascade_timeout_ms
  const offered = new Set([
    ...flow.general_tools,
    ...Object.values(flow.states).flatMap((state) => state.tools),
  ])
  return Object.entries(tools).flatMap(([name, tool]) => {
    // Nobody waits for a tool that only undoes what others did.
    if (!offered.has(name)) return []
    if (tool.type === 'static' || tool.execution_message !== undefined) return []
    if (tool.timeout_ms <= patienceMs) return []
    const path = ['tools', name, 'timeout_ms']
    return [{ path, message: messageFor(tool.timeout_ms, patienceMs) }]
  })
}

function messageFor(timeoutMs: number, patienceMs: number): string {
  return (
    `lets the tool take ${timeoutMs} ms in silence, but the platform gives an answer up after ${patienceMs} ms without a word ` +
    `(conversation.cascade_timeout_ms) and asks again; set timeout_ms to ${patienceMs} or less, or say something meanwhile: ` +
    'an execution_message. If your platform is more patient, set ' +
    "conversation.cascade_timeout_ms to the platform's own setting, or to 15000 if that is longer"
  )
}
