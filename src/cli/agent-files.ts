import type { Environment } from '../config/environment-values.ts'
import { parseFile } from '../config/parse-file.ts'
import type { Finding, Problem } from '../config/problem.ts'
import { readText } from '../config/read-file.ts'
import { AgentFile } from '../emulator/agent/agent-file.ts'
import { agentWarnings } from '../emulator/agent/agent-warnings.ts'
import type { AgentSource } from '../emulator/agent/agents-from-files.ts'

interface LoadOptions {
  readonly files: readonly string[]
  readonly environment: Environment
  /** The Custom LLM's address for all agents; without it each file names its own. */
  readonly url: string | undefined
}

export interface LoadedAgents {
  readonly agents: readonly AgentSource[]
  /** Nothing may start if one of them is an error. */
  readonly problems: readonly Problem[]
}

/** Reads and checks agent files; every problem at once. Never throws. */
export function loadAgents({ files, environment, url }: LoadOptions): LoadedAgents {
  const ids = new Set<string>()
  const loaded = files.map((file) => {
    const read = readText(file)
    if (!read.ok) return { problems: [unreadable(file, read.message)] }
    const parsed = parseFile(AgentFile, { text: read.text, file, environment })
    const { value } = parsed
    if (!value) return { problems: parsed.locate([]) }
    const isTwice = ids.has(value.agent_id)
    ids.add(value.agent_id)
    const findings = [
      ...check(value, { isTwice, hasUrl: url !== undefined }),
      ...agentWarnings(value).map((warning) => ({ ...warning, severity: 'warning' as const })),
    ]
    const address = url ?? value.custom_llm.url ?? ''
    return { problems: parsed.locate(findings), agent: { file: value, url: address } }
  })
  return {
    agents: loaded.flatMap(({ agent }) => (agent ? [agent] : [])),
    problems: loaded.flatMap(({ problems }) => problems),
  }
}

function check(
  { agent_id: id, custom_llm: { url } }: AgentFile,
  { isTwice, hasUrl }: { readonly isTwice: boolean; readonly hasUrl: boolean },
): readonly Finding[] {
  const findings: Finding[] = []
  if (isTwice) {
    const message = `another file has the agent "${id}" already`
    findings.push({ path: ['agent_id'], severity: 'error', message })
  }
  if (!hasUrl && url === undefined) {
    const message = 'is required, unless --url says where the Custom LLM is'
    findings.push({ path: ['custom_llm', 'url'], severity: 'error', message })
  }
  return findings
}

function unreadable(file: string, message: string): Problem {
  return { severity: 'error', file, line: 0, column: 0, path: '', message }
}
