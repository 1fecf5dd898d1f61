import type { Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** Tools that can keep the caller waiting in silence for longer than the platform waits. */
export function lintPatience(
  config: Pick<ConfigFile, 'conversation' | 'filler' | 'tools'>,
): readonly { readonly path: Path; readonly message: string }[] {
  const patienceMs = config.conversation.cascade_timeout_ms
  if (config.filler !== undefined && config.filler.after_ms < patienceMs) return []
  return Object.entries(config.tools).flatMap(([name, tool]) => {
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
    'an execution_message, or a filler for all tools. If your platform is more patient, set ' +
    "conversation.cascade_timeout_ms to the platform's own setting, or to 15000 if that is longer"
  )
}
