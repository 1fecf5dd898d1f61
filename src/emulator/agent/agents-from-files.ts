import { TurnstateError } from '../../errors.ts'
import { toAgent, type AgentFile } from './agent-file.ts'
import { createCustomLlm } from './create-custom-llm.ts'
import { createPlatformTools } from './platform-tools-of-agent.ts'
import { renderPrompt } from './prompt.ts'
import type { EmulatorOptions } from './start-emulator.ts'

/** A checked agent file, and the base URL of the Custom LLM server that answers for it. */
export interface AgentSource {
  readonly file: AgentFile
  readonly url: string
}

/** What the emulator needs to know of its agents. */
export function agentsFromFiles(
  sources: readonly AgentSource[],
  log: (line: string) => void,
): Pick<EmulatorOptions, 'agents' | 'llm' | 'tools' | 'renderPrompt'> {
  const sourceOf = (id: string): AgentSource => {
    const source = sources.find(({ file }) => file.agent_id === id)
    if (!source) throw new TurnstateError('not_found', 'There is no such agent.')
    return source
  }
  return {
    agents: sources.map(({ file }) => toAgent(file)),
    llm: ({ id }) => createCustomLlm({ ...sourceOf(id), log }),
    tools: ({ id }) => createPlatformTools(sourceOf(id).file),
    renderPrompt,
  }
}
