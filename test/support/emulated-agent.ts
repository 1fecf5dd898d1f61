import { onTestFinished } from 'vitest'
import { AgentFile, toAgent } from '../../src/emulator/agent/agent-file.ts'
import type { Agent } from '../../src/emulator/agent/agent.ts'
import { createCustomLlm } from '../../src/emulator/agent/create-custom-llm.ts'
import { createPlatformTools } from '../../src/emulator/agent/platform-tools-of-agent.ts'
import { renderPrompt } from '../../src/emulator/agent/prompt.ts'
import { startEmulator } from '../../src/emulator/agent/start-emulator.ts'
import { startElevenLabsClient } from './elevenlabs-client.ts'
import { startMapDesk } from './map-flow.ts'

interface Options {
  /** Further keys of the agent file. */
  readonly agent?: object
  /** For client tools, in milliseconds; the file knows only whole seconds. */
  readonly toolLimitMs?: number
  readonly cascadeTimeoutMs?: number
}

const tool = (name: string) => ({
  name,
  description: `What ${name} says.`,
  parameters: { type: 'object', properties: { place: { type: 'string' } } },
})
const AGENT = {
  agent_id: 'clinic',
  prompt: 'You answer the phone. CALL_ID={{system__conversation_id}}',
  system_tools: ['end_call'],
  client_tools: ['show_map', 'lose_map', 'keep_waiting', 'order_taxi'].map(tool),
  turn: { turn_timeout: -1 },
}
const PING_INTERVAL_MS = 25

/**
 * The whole way on loopback: ElevenLabs' own client, the emulated agent, a server whose flow goes on once the client
 * has shown a map, and a recorded model.
 */
export async function startEmulatedAgent({ agent, toolLimitMs, cascadeTimeoutMs }: Options = {}) {
  const turnstate = await startMapDesk()
  const file = AgentFile.parse({ ...AGENT, ...agent })
  const logged: string[] = []
  const log = (line: string) => void logged.push(line)
  const timing = cascadeTimeoutMs === undefined ? {} : { cascadeTimeoutMs }
  const emulator = await startEmulator({
    agents: [withToolLimit(toAgent(file), toolLimitMs)],
    llm: () => createCustomLlm({ url: `${turnstate.url}/v1`, file, log, timing }),
    tools: () => createPlatformTools(file),
    renderPrompt,
    host: '127.0.0.1',
    port: 0,
    apiKey: null,
    log,
    timing: { pingIntervalMs: PING_INTERVAL_MS },
  })
  onTestFinished(() => emulator.close())
  const client = startElevenLabsClient()
  return {
    ...turnstate,
    ...client,
    logged,
    emulatorUrl: emulator.url,
    /** A conversation by the agent's id; `options` are the client's own. */
    start: (options: object = {}) =>
      client.startSession({
        agentId: 'clinic',
        origin: emulator.url.replace('http', 'ws'),
        ...options,
      }),
  }
}

function withToolLimit(agent: Agent, limitMs: number | undefined): Agent {
  if (limitMs === undefined) return agent
  const tools = agent.tools.map((each) => ({ ...each, responseTimeoutMs: limitMs }))
  return { ...agent, tools }
}
