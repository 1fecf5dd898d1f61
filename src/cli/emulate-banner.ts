import { toAgent } from '../emulator/agent/agent-file.ts'
import type { AgentSource } from '../emulator/agent/agents-from-files.ts'
import { shownUrl, toTarget } from '../emulator/rehearsal/target.ts'
import type { EmulateSettings } from './emulate-settings.ts'

/** What a person wants to know after the start, with lines to paste. */
export function emulateBanner(url: string, { agents, apiKey }: EmulateSettings): string {
  const origin = url.replace(/^http/, 'ws')
  const key = apiKey === null ? 'any' : 'YOUR_KEY'
  const first = agents[0]
  return [
    '',
    `  the emulated ElevenLabs agents listen on  ${url}`,
    '',
    ...agents.map(({ file, url: llm }) => `  agent ${file.agent_id}  ->  ${shown(llm)}`),
    '',
    '  the official JavaScript client:',
    '',
    `  Conversation.startSession(${startOptions(first, origin)})`,
    '',
    '  a signed URL:',
    '',
    `  curl -H 'xi-api-key: ${key}' '${url}/v1/convai/conversation/get-signed-url?agent_id=${first?.file.agent_id ?? ''}'`,
    '',
    '',
  ].join('\n')
}

function startOptions(agent: AgentSource | undefined, origin: string): string {
  if (!agent) return '{}'
  const { id, neededVariables } = toAgent(agent.file)
  const access = agent.file.signed_url_required
    ? 'signedUrl: SIGNED_URL'
    : `agentId: '${id}', origin: '${origin}'`
  const variables = neededVariables.map((name) => `${name}: '...'`).join(', ')
  const given = variables === '' ? '' : `, dynamicVariables: { ${variables} }`
  return `{ ${access}, textOnly: true${given} }`
}

function shown(url: string): string {
  const target = toTarget(url, { model: '', key: undefined })
  return target ? shownUrl(target) : ''
}
