import { parseArgs } from 'node:util'
import { parsePort } from '../config/environment.ts'
import type { Environment } from '../config/environment-values.ts'
import type { AgentSource } from '../emulator/agent/agents-from-files.ts'
import { toTarget } from '../emulator/rehearsal/target.ts'
import { loadAgents } from './agent-files.ts'
import { formatProblems } from './format-problems.ts'

export interface EmulateIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Environment
}

export interface EmulateSettings {
  readonly agents: readonly AgentSource[]
  readonly host: string
  readonly port: number
  /** What `xi-api-key` must be; null: anything. */
  readonly apiKey: string | null
}

const USAGE = `usage: turnstate emulate --url URL --agent FILE [--agent FILE ...] [--host H] [--port P] [--api-key KEY]\n`

/** A number is the exit code of a refused start. */
export function readEmulateSettings(
  args: readonly string[],
  io: EmulateIo,
): EmulateSettings | number {
  const flags = parseFlags(args)
  const problem = flags ? flagProblem(flags) : ''
  if (!flags || problem !== null) {
    io.stderr(problem ? `error: ${problem}\n${USAGE}` : USAGE)
    return 2
  }
  const { agent: files, url, host } = flags
  const { agents, problems } = loadAgents({ files, url, environment: io.env })
  io.stderr(formatProblems(problems))
  if (problems.some(({ severity }) => severity === 'error')) {
    io.stderr('The emulator was not started.\n')
    return 1
  }
  const port = parsePort(flags.port) ?? 0
  return { agents, host, port, apiKey: flags['api-key'] ?? null }
}

type Flags = NonNullable<ReturnType<typeof parseFlags>>

function parseFlags(args: readonly string[]) {
  try {
    const options = {
      url: { type: 'string' },
      agent: { type: 'string', multiple: true, default: [] as string[] },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '9100' },
      'api-key': { type: 'string' },
    } as const
    return parseArgs({ args: [...args], options }).values
  } catch {
    return null
  }
}

/** Empty: the usage says it all. */
function flagProblem({ url, agent, port, host, 'api-key': apiKey }: Flags): string | null {
  if (agent.length === 0) return ''
  if (url !== undefined && !toTarget(url, { model: '', key: undefined })) {
    return '--url: must begin with http:// or https://'
  }
  if (parsePort(port) === undefined) return '--port: must be a whole number from 0 to 65535'
  if (host === '') return '--host: must not be empty'
  if (apiKey !== undefined && !/^[!-~]+$/.test(apiKey)) {
    return '--api-key: must be printable ASCII without spaces'
  }
  return null
}
