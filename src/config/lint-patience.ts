import { fillerAt } from '../flow/filler.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

type Settings = Pick<ConfigFile, 'conversation' | 'filler' | 'flow' | 'tools'>

/** Tools that can keep the caller waiting in silence for longer than the platform waits. */
export function lintPatience(config: Settings): readonly Found[] {
  const patienceMs = config.conversation.cascade_timeout_ms
  return Object.entries(config.tools).flatMap(([name, tool]) => {
    if (tool.type === 'static' || tool.execution_message !== undefined) return []
    if (tool.timeout_ms <= patienceMs) return []
    // Nobody waits for a tool that only undoes what others did.
    const silent = statesWith(config, name).filter((id) => isSilent(config, name, id))
    if (silent.length === 0) return []
    const path = ['tools', name, 'timeout_ms']
    return [{ path, message: messageFor(tool.timeout_ms, patienceMs) }]
  })
}

function statesWith({ flow }: Settings, tool: string): readonly string[] {
  const isGeneral = flow.general_tools.includes(tool)
  return Object.entries(flow.states)
    .filter(([, state]) => isGeneral || state.tools.includes(tool))
    .map(([id]) => id)
}

/** No filler is said in time while the tool runs in the state. */
function isSilent({ conversation, filler, flow, tools }: Settings, name: string, id: string) {
  const state = flow.states[id]?.filler
  const said = fillerAt({ top: filler, state, tool: tools[name]?.filler })
  return said === null || said.after_ms >= conversation.cascade_timeout_ms
}

function messageFor(timeoutMs: number, patienceMs: number): string {
  return (
    `lets the tool take ${timeoutMs} ms in silence, but the platform gives an answer up after ${patienceMs} ms without a word ` +
    `(conversation.cascade_timeout_ms) and asks again; set timeout_ms to ${patienceMs} or less, or say something meanwhile: ` +
    `an execution_message, or a filler (here, in the state or for all) whose after_ms is less than ${patienceMs}. If your platform is more patient, set ` +
    "conversation.cascade_timeout_ms to the platform's own setting, or to 15000 if that is longer"
  )
}
