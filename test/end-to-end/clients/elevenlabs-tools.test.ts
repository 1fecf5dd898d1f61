import { expect, it } from 'vitest'
import { startEmulatedAgent } from '../../support/emulated-agent.ts'
import { heldReply } from '../../support/gate.ts'
import { describeWithClients } from '../../support/official-clients.ts'

const SHOW = { name: 'show_map', arguments: { place: 'Oak Street' } }
const HAS_NOT_SEEN = 'Find out where they want to go.'
const HAS_SEEN = 'They look at the map.'

/** An agent whose caller has asked the way, to which the model answers with this call and then with words. */
async function askTheWay(
  call: { readonly name: string; readonly arguments?: object },
  options: Parameters<typeof startEmulatedAgent>[0] = {},
) {
  const agent = await startEmulatedAgent(options)
  agent.upstream.reply({ calls: [call] }, { say: 'That is the way.' })
  agent.start()
  await agent.started()
  agent.say('Where is the clinic?')
  return agent
}

describeWithClients('a tool of ElevenLabs’ client', () => {
  it('runs in the client, and its result moves the flow exactly once', async () => {
    const { upstream, answer, say, all, calledWith } = await askTheWay(SHOW)
    expect(await answer()).toBe('That is the way.')
    expect(all('tool-run')).toMatchObject([{ place: 'Oak Street' }])
    const [first, second] = upstream.requests
    expect(first?.body.messages[0]?.content).toContain(HAS_NOT_SEEN)
    expect(second?.body.messages[0]?.content).toContain(HAS_SEEN)
    expect(second?.body.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: '{"shown":"Oak Street"}',
    })

    upstream.reply({ say: 'You are welcome.' })
    say('Thanks.')
    expect(await answer(2)).toBe('You are welcome.')
    const { messages } = (await upstream.received(3)).body
    expect(messages[0]?.content).toContain(HAS_SEEN)
    expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(1)
    expect(calledWith('onAgentToolRequest')).toMatchObject([
      { tool_name: 'show_map', tool_type: 'client' },
    ])
    expect(calledWith('onAgentToolResponse')).toMatchObject([
      { tool_name: 'show_map', is_error: false, is_called: true },
    ])
    expect(calledWith('onError')).toEqual([])
  })

  it('moves the flow once when the platform asks again for the answer to its result', async () => {
    const agent = await startEmulatedAgent({ cascadeTimeoutMs: 1000 })
    const { upstream, start, started, say, answer, logged } = agent
    const held = heldReply({ say: 'That is the way.' })
    upstream.reply({ calls: [SHOW] }, held.answer, { say: 'You are welcome.' })
    start()
    await started()
    say('Where is the clinic?')
    await held.reached
    await expect.poll(() => logged.join('\n'), { timeout: 10_000 }).toMatch(/try 1 of 3.*failed/)
    held.release()
    expect(await answer()).toBe('That is the way.')
    say('Thanks.')
    expect(await answer(2)).toBe('You are welcome.')
    expect(upstream.requests.at(-1)?.body.messages[0]?.content).toContain(HAS_SEEN)
    expect(agent.all('tool-run')).toHaveLength(1)
  })

  it('throws: the model hears that it failed, and the flow stays where it is', async () => {
    const { upstream, answer, calledWith } = await askTheWay({ name: 'lose_map' })
    expect(await answer()).toBe('That is the way.')
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-1)).toMatchObject({ role: 'tool' })
    expect(messages.at(-1)?.content).toContain('Client tool execution failed: the map is gone')
    expect(messages[0]?.content).toContain(HAS_NOT_SEEN)
    expect(calledWith('onAgentToolResponse')).toMatchObject([{ is_error: true, is_called: true }])
    expect(calledWith('onError')).toHaveLength(1)
  })

  it('is not there: the model hears that too', async () => {
    const { upstream, answer, calledWith } = await askTheWay({ name: 'order_taxi' })
    expect(await answer()).toBe('That is the way.')
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-1)?.content).toContain('order_taxi is not defined on client')
    expect(messages[0]?.content).toContain(HAS_NOT_SEEN)
    expect(calledWith('onAgentToolResponse')).toMatchObject([{ is_error: true }])
  })

  it('never answers: the conversation goes on once its time is over', async () => {
    const call = { name: 'keep_waiting' }
    const { upstream, answer, calledWith } = await askTheWay(call, { toolLimitMs: 50 })
    expect(await answer()).toBe('That is the way.')
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-1)?.content).toContain('timed out')
    expect(calledWith('onAgentToolResponse')).toMatchObject([{ is_error: true }])
  })

  it('gets two calls at once, and both results reach the model', async () => {
    const { upstream, start, started, say, answer, all } = await startEmulatedAgent()
    const there = { ...SHOW, id: 'c1' }
    const here = { id: 'c2', name: 'lose_map' }
    upstream.reply({ calls: [here, there] }, { say: 'That is the way.' })
    start()
    await started()
    say('Where is the clinic?')
    expect(await answer()).toBe('That is the way.')
    expect(all('tool-run')).toHaveLength(1)
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(-2)).toMatchObject([
      { role: 'tool', tool_call_id: 'c2' },
      { role: 'tool', tool_call_id: 'c1' },
    ])
    expect(messages.at(-1)?.content).toContain('Oak Street')
  })
})

describeWithClients('end_call', () => {
  const BYE = { name: 'end_call', arguments: { reason: 'done', message: 'Goodbye then.' } }

  it('is told to the client, which says the farewell and ends the conversation', async () => {
    const { answer, told } = await askTheWay(BYE)
    expect(await answer()).toBe('Goodbye then.')
    expect((await told('onDisconnect')).props).toMatchObject({
      reason: 'agent',
      context: { type: 'end_call' },
    })
  })

  it('closes with 1000 where the client is not told of tools', async () => {
    const { told } = await askTheWay(BYE, { agent: { client_events: 'default' } })
    expect((await told('onDisconnect')).props).toMatchObject({ reason: 'agent', closeCode: 1000 })
  })
})
