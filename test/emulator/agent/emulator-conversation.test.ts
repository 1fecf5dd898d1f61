import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connect, converse, emulate, emulateAgent } from './agent-client.ts'
import { spokenParts } from './event-log.ts'
import { failing, fakeAgent, scriptedLlm, stalled, withTool } from './fake-agent.ts'

describe('a conversation over a real socket', () => {
  it('has a client tool run, and relays all parts', async () => {
    const llm = scriptedLlm(
      { say: ['One ', 'moment.'], calls: [{ name: 'show_map', arguments: { place: 'here' } }] },
      { say: ['There ', 'it is.'] },
    )
    const { socketUrl, lines } = await emulate({ llm: () => llm })
    const client = await converse(socketUrl())
    client.say('Show me')
    const { client_tool_call: call } = await client.event('client_tool_call')
    client.send({
      type: 'client_tool_result',
      tool_call_id: call.tool_call_id,
      result: 'shown',
      is_error: false,
    })
    await client.event('agent_response', 3)
    const responses = client.all('agent_response').map((event) => event.agent_response_event)
    expect(responses.map(({ agent_response }) => agent_response)).toEqual([
      'Clinic, hello!',
      'One moment.',
      'There it is.',
    ])
    expect(responses.map(({ event_id }) => spokenParts(client).get(event_id))).toEqual(
      responses.map(({ agent_response }) => agent_response),
    )
    expect(lines.join('\n')).toMatch(/conv_\w+ {2}tool show_map {2}\d+ ms of 20000 ms/)
  })

  it('is interrupted by a user message while parts come', async () => {
    const held = stalled('We are open ')
    const llm = scriptedLlm(held.answer)
    const { socketUrl } = await emulate({ llm: () => llm })
    const client = await converse(socketUrl())
    client.say('When?')
    await client.event('agent_chat_response_part', 5)
    client.say('Where?')
    await held.reached
    await client.event('agent_response', 2)
    const types = client.types().filter((type) => type !== 'agent_chat_response_part')
    expect(types).toEqual([
      'conversation_initiation_metadata',
      'agent_response',
      'interruption',
      'agent_response_correction',
      'agent_response',
    ])
    expect(llm.history(2).slice(1)).toEqual([
      { role: 'user', content: 'When?' },
      { role: 'assistant', content: 'We are open' },
      { role: 'user', content: 'Where?' },
    ])
  })

  it('ends with 1000 after end_call, if the client does not close by itself', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'end_call', arguments: { reason: 'done' } }] })
    const { socketUrl } = await emulate({ llm: () => llm, timing: { endCallGraceMs: 5 } })
    const client = await converse(socketUrl())
    client.say('Bye')
    expect(await client.closed).toMatch(/^1000 /)
    expect(client.types().at(-1)).toBe('agent_tool_response')
  })

  it('ends with 1002 and an error when the Custom LLM fails; the reason fits the close frame', async () => {
    const llm = scriptedLlm(failing('custom_llm_error', 'ü'.repeat(500)))
    const { socketUrl } = await emulate({ llm: () => llm })
    const client = await converse(socketUrl())
    client.say('Hello')
    expect(await client.closed).toMatch(/^1002 custom_llm_error: ü+$/)
    expect(client.events.at(-1)).toMatchObject({ type: 'error', error_event: { code: 1002 } })
  })

  it('starts anew, with another id and an empty history, when the client comes back', async () => {
    const llm = scriptedLlm()
    const { socketUrl } = await emulate({ llm: () => llm })
    const first = await converse(socketUrl())
    first.say('One')
    await first.event('agent_response', 2)
    await first.leave()
    const second = await converse(socketUrl())
    second.say('Two')
    await second.event('agent_response', 2)
    expect(llm.questions[0]?.conversationId).not.toBe(llm.questions[1]?.conversationId)
    expect(llm.history(2)).toEqual([
      { role: 'assistant', content: 'Clinic, hello!' },
      { role: 'user', content: 'Two' },
    ])
  })

  it('gives up the running request when the client has gone', async () => {
    const held = stalled('One ')
    const { socketUrl } = await emulate({ llm: () => scriptedLlm(held.answer) })
    const client = await converse(socketUrl())
    client.say('Hello')
    await client.event('agent_chat_response_part', 5)
    client.socket.terminate()
    await held.reached
  })

  it('is cut off when the client does not read', async () => {
    const llm = scriptedLlm({ say: Array.from({ length: 40 }, () => 'x'.repeat(1024 * 1024)) })
    const { socketUrl, lines } = await emulate({ llm: () => llm })
    const client = await converse(socketUrl())
    await client.event('agent_response')
    client.socket.pause()
    client.say('Hello')
    await expect.poll(() => lines.join('\n')).toContain('closed with 1006')
    client.socket.resume()
    expect(await client.closed).toMatch(/^1006/)
    expect(lines.join('\n')).toContain('does not read')
  })

  it('pings, and learns from the pong how long it took', async () => {
    const { socketUrl } = await emulate({ timing: { pingIntervalMs: 10 } })
    const client = await converse(socketUrl())
    client.socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as { ping_event?: { event_id: number } } // from the emulator
      if (event.ping_event) client.send({ type: 'pong', event_id: event.ping_event.event_id })
    })
    await expect
      .poll(() => client.all('ping').some(({ ping_event }) => ping_event.ping_ms !== null))
      .toBe(true)
    const ids = client.all('ping').map(({ ping_event }) => ping_event.event_id)
    expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other))
  })

  it('ends when nothing at all comes from the client for too long', async () => {
    const { socketUrl } = await emulate({ timing: { receiveLimitMs: 20 } })
    const client = await converse(socketUrl())
    expect(await client.closed).toMatch(/^1002 transport_receive_timeout/)
  })

  it('stores feedback and ignores what it does not know', async () => {
    const { socketUrl, lines } = await emulate()
    const client = await converse(socketUrl())
    client.send({ type: 'feedback', event_id: 3, score: 'like' })
    client.send({ type: 'from_the_future', text: 'x' })
    client.send({ type: 'mcp_tool_approval_result', tool_call_id: 'a', is_approved: true })
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(lines.join('\n')).toContain('feedback like on event 3')
    expect(lines.join('\n')).toContain('event from_the_future is unknown: ignored')
  })

  it('keeps what comes from outside on one line of the log', async () => {
    const { socketUrl, lines } = await emulate()
    const client = await converse(socketUrl())
    client.say('\u001b[31mHello\nconv_fake  closed')
    await client.event('agent_response', 2)
    expect(lines.filter((line) => /[\n\u001b]/.test(line))).toEqual([])
    expect(lines.join('\n')).toContain('user:  [31mHello conv_fake  closed')
  })
})

describe('the events of the platform’s own default list', () => {
  it('are the only ones that are sent', async () => {
    const llm = scriptedLlm({
      say: ['Yes.'],
      calls: [{ name: 'show_map', arguments: { place: 'x' } }],
    })
    const agent = fakeAgent({
      clientEvents: 'default',
      ...withTool('show_map', { responseTimeoutMs: 10 }),
    })
    const { socketUrl, lines } = await emulate({ agents: [agent], llm: () => llm })
    const client = await converse(socketUrl())
    client.say('Hello')
    await client.event('agent_response', 3)
    expect(client.types()).toEqual([
      'conversation_initiation_metadata',
      'agent_response',
      'agent_response',
      'agent_response',
    ])
    expect(lines.join('\n')).toContain('client_events lacks client_tool_call')
  })

  it('do not tell the client of end_call: the socket is closed at once', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'end_call', arguments: { reason: 'done' } }] })
    const agent = fakeAgent({ clientEvents: 'default' })
    const timing = { endCallGraceMs: 60_000 }
    const { socketUrl } = await emulate({ agents: [agent], llm: () => llm, timing })
    const client = await converse(socketUrl())
    client.say('Bye')
    expect(await client.closed).toMatch(/^1000 end_call/)
  })
})

function nested(start: string): string {
  return `${start}${'['.repeat(100_000)}${']'.repeat(100_000)}}`
}

describe('frames that break the protocol', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['no object', '[1]'],
    ['no type', '{"text":"Hello"}'],
    ['a type that is no text', '{"type":5}'],
    ['a field that is wrong', '{"type":"client_tool_result","result":"x"}'],
    ['no end to its nesting', nested('{"type":"client_tool_result","tool_call_id":"a","result":')],
  ])('with %s close the socket with 1008', async (_name, frame) => {
    const { socketUrl } = await emulate()
    const early = await connect(socketUrl())
    early.send(frame)
    expect(await early.closed).toMatch(/^1008 invalid_message/)
    expect(early.events).toEqual([])
    const late = await converse(socketUrl())
    await late.event('agent_response')
    late.send(frame)
    expect(await late.closed).toMatch(/^1008 invalid_message/)
    expect(late.events.at(-1)).toMatchObject({ error_event: { error_type: 'invalid_message' } })
  })

  it('close it when they are binary', async () => {
    const { socketUrl } = await emulate()
    const client = await converse(socketUrl())
    client.socket.send(Buffer.from([1, 2, 3]))
    expect(await client.closed).toMatch(/^1008 invalid_message/)
  })

  it('close it when they are over 1 MiB', async () => {
    const { socketUrl } = await emulate()
    const client = await converse(socketUrl())
    client.say('x'.repeat(1024 * 1024))
    expect(await client.closed).toMatch(/^1009 /)
  })
})

describe('the emulator', () => {
  it('closes what is open when it ends, and its port is free', async () => {
    const emulator = await emulateAgent({})
    const client = await converse(emulator.socketUrl())
    await client.event('agent_response')
    await emulator.close()
    expect(await client.closed).toMatch(/^1001 /)
    await expect(fetch(emulator.url)).rejects.toThrow()
  })

  it('does not wait for a client that it sent away and that stays', async () => {
    const { url, close } = await emulate()
    const socket = connectTcp({ port: Number(new URL(url).port), allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    socket.write(
      'GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toContain('404 Not Found')
    await close()
  })

  it('says so when its port is taken', async () => {
    const { url } = await emulate()
    await expect(emulate({ port: Number(new URL(url).port) })).rejects.toThrow('Cannot listen')
  })

  it('takes 200 conversations at once, and the next one when one has ended', async () => {
    const { socketUrl } = await emulate()
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect(socketUrl())))
    const refused = await connect(socketUrl())
    expect(await refused.closed).toMatch(/^1013 /)
    await clients[0]?.leave()
    const next = await converse(socketUrl())
    await next.event('agent_response')
  })
})
