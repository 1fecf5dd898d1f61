import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGate } from '../../support/gate.ts'
import { startTalk } from './conversation-stage.ts'
import { fakeTools, scriptedLlm, withTool } from './fake-agent.ts'

describe('a client tool', () => {
  it('is run by the client, and its result leads to a second request', async () => {
    const llm = scriptedLlm(
      { say: ['One moment.'], calls: [{ name: 'show_map', arguments: { place: 'here' } }] },
      { say: ['There.'] },
    )
    const talk = startTalk({ llm })
    talk.say('Show me')
    const { client_tool_call: call } = await talk.event('client_tool_call')
    expect(call).toMatchObject({
      tool_name: 'show_map',
      tool_call_id: 'call_1',
      parameters: { place: 'here' },
    })
    talk.tell({ type: 'client_tool_result', tool_call_id: 'call_1', result: 'shown' })
    await talk.event('agent_response', 3)
    expect(talk.types().filter((type) => type !== 'agent_chat_response_part')).toEqual([
      'conversation_initiation_metadata',
      'agent_response',
      'agent_response',
      'agent_tool_request',
      'client_tool_call',
      'agent_tool_response',
      'agent_response',
    ])
    expect(llm.history(2).slice(2)).toEqual([
      {
        role: 'assistant',
        content: 'One moment.',
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'show_map', arguments: '{"place":"here"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'shown' },
    ])
    expect(talk.lines.join('\n')).toMatch(/tool show_map {2}\d+ ms of 20000 ms/)
  })

  it('is one of many at once without a warning from Node', async () => {
    const warned = vi.fn()
    process.once('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const calls = Array.from({ length: 20 }, (_, number) => ({
      id: `call_${number}`,
      name: 'show_map',
      arguments: { place: 'x' },
    }))
    const talk = startTalk({ llm: scriptedLlm({ calls }) })
    talk.say('Show me')
    await talk.event('client_tool_call', 20)
    await new Promise(setImmediate)
    expect(warned).not.toHaveBeenCalled()
  })

  it('may fail: the model reads why', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({ llm })
    talk.say('Show me')
    await talk.event('client_tool_call')
    const result = 'Client tool execution failed: no screen'
    talk.tell({ type: 'client_tool_result', tool_call_id: 'call_1', result, is_error: true })
    const { agent_tool_response: response } = await talk.event('agent_tool_response')
    expect(response).toMatchObject({ is_error: true, is_called: true, tool_type: 'client' })
    await talk.event('agent_response', 2)
    expect(llm.history(2).at(-1)).toMatchObject({ content: result })
  })

  it('that gives no result in time counts as failed', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({ agent: withTool('show_map', { responseTimeoutMs: 10 }), llm })
    talk.say('Show me')
    await talk.event('agent_response', 2)
    expect(llm.history(2).at(-1)).toMatchObject({
      content: 'Tool call timed out after 0.01 seconds.',
    })
    expect(talk.lines.join('\n')).toMatch(/tool show_map {2}\d+ ms of 10 ms {2}error/)
  })

  it('is not waited for when it expects no response', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({ agent: withTool('show_map', { expectsResponse: false }), llm })
    talk.say('Show me')
    await talk.event('agent_response', 2)
    expect(llm.history(2).at(-1)).toMatchObject({
      content: 'Client tool execution successful.',
    })
    expect(talk.types()).toContain('client_tool_call')
  })

  it('keeps the order of the calls, whatever the order of the results', async () => {
    const place = (id: string) => ({ id, name: 'show_map', arguments: { place: id } })
    const llm = scriptedLlm({ calls: [place('a'), place('b')] })
    const talk = startTalk({ llm })
    talk.say('Show me')
    await talk.event('client_tool_call', 2)
    talk.tell({ type: 'client_tool_result', tool_call_id: 'b', result: 'second' })
    talk.tell({ type: 'client_tool_result', tool_call_id: 'a', result: 'first' })
    await talk.event('agent_response', 2)
    expect(llm.history(2).slice(-2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'first' },
      { role: 'tool', tool_call_id: 'b', content: 'second' },
    ])
  })

  it('has an id of its own even if the model gave none, or the same twice', async () => {
    const place = (id: string) => ({ id, name: 'show_map', arguments: { place: 'x' } })
    const talk = startTalk({ llm: scriptedLlm({ calls: [place(''), place('a'), place('a')] }) })
    talk.say('Show me')
    await talk.event('client_tool_call', 3)
    const ids = talk.all('client_tool_call').map((event) => event.client_tool_call.tool_call_id)
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain('')
  })

  it.each([
    ['no_such_tool', '{}', 'The agent has no tool no_such_tool.'],
    ['show_map', '{}', 'Missing required arguments: place.'],
    ['show_map', '', 'Missing required arguments: place.'],
    ['show_map', '[1]', 'The arguments are not a JSON object.'],
    ['show_map', '{"place":', 'The arguments are not a JSON object.'],
  ])('%s(%s) does not run: the model is told why', async (name, args, reason) => {
    const llm = scriptedLlm({ calls: [{ name, arguments: args }] })
    const talk = startTalk({ llm })
    talk.say('Show me')
    await talk.event('agent_response', 2)
    expect(llm.history(2).at(-1)).toMatchObject({ role: 'tool', content: reason })
    expect(talk.types()).not.toContain('client_tool_call')
    expect(talk.all('agent_tool_response')[0]?.agent_tool_response.is_called).toBe(false)
  })
})

describe('a tool of the platform', () => {
  it('is run by the platform when it is a webhook', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({ agent: withTool('show_map', { kind: 'webhook' }), llm })
    talk.say('Write it down')
    await talk.event('agent_response', 2)
    expect(llm.history(2).at(-1)).toMatchObject({ content: 'written' })
    expect(talk.all('agent_tool_request')[0]?.agent_tool_request.tool_type).toBe('webhook')
  })

  it('is given up when the user speaks', async () => {
    const gate = createGate()
    const runWebhook = (_name: string, _args: string, signal: AbortSignal) =>
      new Promise<{ result: string; isError: boolean }>((resolve) => {
        signal.addEventListener('abort', () => {
          gate.reach()
          resolve({ result: 'given up', isError: true })
        })
      })
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({
      agent: withTool('show_map', { kind: 'webhook' }),
      llm,
      tools: { ...fakeTools, runWebhook },
    })
    talk.say('Write it down')
    await talk.event('agent_tool_request')
    talk.say('No')
    await gate.reached
    await talk.event('agent_response', 2)
    expect(llm.questions).toHaveLength(2)
  })

  it('end_call says farewell and ends the conversation with 1000', async () => {
    const llm = scriptedLlm({
      calls: [{ name: 'end_call', arguments: { reason: 'done', message: 'Bye.' } }],
    })
    const talk = startTalk({ llm, timing: { endCallGraceMs: 5 } })
    talk.say('Thanks')
    expect(await talk.closed).toMatch(/^1000 end_call/)
    expect(talk.all('agent_response').at(-1)?.agent_response_event.agent_response).toBe('Bye.')
    expect(talk.events.at(-1)).toMatchObject({
      agent_tool_response: { tool_name: 'end_call', tool_type: 'system', is_error: false },
    })
  })

  it('end_call does not wait for a client tool beside it', async () => {
    const llm = scriptedLlm({
      calls: [
        { id: 'a', name: 'show_map', arguments: { place: 'x' } },
        { id: 'b', name: 'end_call', arguments: { reason: 'done' } },
      ],
    })
    const talk = startTalk({ llm, timing: { endCallGraceMs: 5 } })
    talk.say('Thanks')
    expect(await talk.closed).toMatch(/^1000 end_call/)
    expect(talk.lines.join('\n')).toMatch(/tool show_map .* interrupted/)
  })

  it('end_call without its reason does not end the conversation, and clients do not hear of it', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'end_call' }] })
    const talk = startTalk({ llm })
    talk.say('Thanks')
    await talk.event('agent_response', 2)
    expect(talk.types()).not.toContain('agent_tool_response')
    expect(llm.history(2).at(-1)).toMatchObject({ content: 'Missing required arguments: reason.' })
  })

  it('skip_turn says nothing and asks nothing more', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'skip_turn' }] })
    const talk = startTalk({ llm })
    talk.say('Let me think')
    await talk.event('agent_tool_response')
    expect(llm.questions).toHaveLength(1)
    talk.say('Now')
    await talk.event('agent_response', 2)
    expect(llm.questions).toHaveLength(2)
  })
})
