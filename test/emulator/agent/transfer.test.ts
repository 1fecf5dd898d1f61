import { describe, expect, it } from 'vitest'
import type { AgentSource } from '../../../src/emulator/agent/agents-from-files.ts'
import { agentsFromFiles } from '../../../src/emulator/agent/agents-from-files.ts'
import { AgentFile } from '../../../src/emulator/agent/agent-file.ts'
import { converse, emulate } from './agent-client.ts'
import { assistant, user } from './conversation-messages.ts'
import { scriptedLlm, type ScriptedLlm } from './fake-agent.ts'

const DESK = {
  agent_id: 'desk',
  first_message: 'Desk, hello!',
  prompt: 'Desk of {{system__agent_id}}',
  allow_overrides: ['prompt'],
  system_tools: [
    {
      name: 'transfer_to_agent',
      transfers: [
        { agent_id: 'billing' },
        { agent_id: 'billing', enable_transferred_agent_first_message: true },
        { agent_id: 'nobody' },
      ],
    },
  ],
}
const BILLING = {
  agent_id: 'billing',
  first_message: 'Billing for {{name}}.',
  prompt: '{{system__current_agent_id}} after {{system__agent_id}}',
  allow_overrides: [],
  extra_body_not_allowed: 'refuse',
  system_tools: ['end_call'],
}

function transferTo(agentNumber: number) {
  return {
    calls: [{ name: 'transfer_to_agent', arguments: { agent_number: agentNumber } }],
  }
}

/** Two agents, each with a Custom LLM of its own. */
async function startDesk(desk: ScriptedLlm, billing: ScriptedLlm) {
  const sources = [DESK, BILLING].map((file): AgentSource => ({
    file: AgentFile.parse(file),
    url: 'http://127.0.0.1:1',
  }))
  return emulate({
    ...agentsFromFiles(sources, () => undefined),
    llm: ({ id }) => (id === 'desk' ? desk : billing),
  })
}

const FIRST_FRAME = {
  dynamic_variables: { name: 'Ada' },
  custom_llm_extra_body: { a: 1 },
  conversation_config_override: { agent: { prompt: { prompt: 'Own words' } } },
}

describe('a transfer to another agent', () => {
  it('has that agent asked at once, with its own prompt and the whole history', async () => {
    const desk = scriptedLlm(transferTo(0))
    const billing = scriptedLlm(
      { say: ['Your bill?'] },
      { calls: [{ name: 'end_call', arguments: { reason: 'r' } }] },
    )
    const { socketUrl } = await startDesk(desk, billing)
    const client = await converse(socketUrl('agent_id=desk'), FIRST_FRAME)
    client.say('My bill')
    await client.event('agent_response', 2)
    expect(desk.questions[0]?.messages[0]?.content).toBe('Own words')
    const [system, ...rest] = billing.questions[0]?.messages ?? []
    expect(system?.content).toBe('billing after desk')
    expect(rest.slice(0, 2)).toEqual([assistant('Desk, hello!'), user('My bill')])
    expect(rest.slice(2)).toMatchObject([{ role: 'assistant' }, { role: 'tool' }])
    expect(billing.questions[0]).not.toHaveProperty('extraBody')
    client.say('Yes')
    const { agent_tool_response: ended } = await client.event('agent_tool_response', 2)
    expect(ended).toMatchObject({ tool_name: 'end_call', is_called: true })
    expect([desk.questions.length, billing.questions[1]?.conversationId]).toEqual([
      1,
      desk.questions[0]?.conversationId,
    ])
  })

  it('begins with the first message of that agent, if the transfer says so', async () => {
    const billing = scriptedLlm()
    const { socketUrl } = await startDesk(scriptedLlm(transferTo(1)), billing)
    const client = await converse(socketUrl('agent_id=desk'), FIRST_FRAME)
    client.say('My bill')
    const { agent_response_event: said } = await client.event('agent_response', 2)
    expect([said.agent_response, billing.questions]).toEqual(['Billing for Ada.', []])
    client.say('Yes')
    await client.event('agent_response', 3)
    expect(billing.history(1).slice(-2)).toEqual([assistant('Billing for Ada.'), user('Yes')])
  })

  it('ends the conversation when that agent needs what the client did not bring', async () => {
    const billing = scriptedLlm()
    const { socketUrl } = await startDesk(scriptedLlm(transferTo(0)), billing)
    const client = await converse(socketUrl('agent_id=desk'))
    client.say('My bill')
    expect(await client.closed).toMatch(/^1008 missing_dynamic_variable_transfer: .*name\.$/)
    expect(billing.questions).toEqual([])
  })

  it('stays with the agent when the other one is not there', async () => {
    const desk = scriptedLlm(transferTo(2))
    const { socketUrl, lines } = await startDesk(desk, scriptedLlm())
    const client = await converse(socketUrl('agent_id=desk'))
    client.say('My bill')
    await client.event('agent_response', 2)
    expect(desk.questions).toHaveLength(2)
    expect(lines.join('\n')).toContain('there is no agent nobody here, desk goes on')
  })
})
