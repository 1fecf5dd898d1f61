import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connect, converse, emulate, emulateAgent } from './agent-client.ts'
import { fakeAgent, scriptedLlm } from './fake-agent.ts'

/** As the official client of JavaScript sends it. */
const INITIATION = {
  type: 'conversation_initiation_client_data',
  conversation_config_override: { agent: {}, tts: {}, conversation: { text_only: true } },
  custom_llm_extra_body: { call_ref: 'c-17' },
  dynamic_variables: { first_name: 'Ada' },
  user_id: 'u-4',
  source_info: { source: 'js_sdk', version: '1.25.0' },
}

describe('the handshake', () => {
  it.each([
    ['convai', ['convai'], 'convai'],
    ['convai beside a bearer token', ['convai', 'bearer.token'], 'convai'],
    ['a bearer token before convai', ['bearer.token', 'convai'], 'convai'],
    ['no sub-protocol', [], ''],
  ])('takes clients that offer %s', async (_name, protocols, selected) => {
    const { socketUrl } = await emulate()
    const client = await connect(socketUrl(), protocols)
    expect(client.socket.protocol).toBe(selected)
    client.send(INITIATION)
    await client.event('agent_response')
  })

  it('does not compress', async () => {
    const { socketUrl } = await emulate()
    const client = await connect(socketUrl())
    expect(client.socket.extensions).toBe('')
  })

  it('sends the metadata first, with both audio formats', async () => {
    const { socketUrl } = await emulate()
    const client = await converse(socketUrl())
    await client.event('agent_response')
    expect(client.events[0]).toEqual({
      type: 'conversation_initiation_metadata',
      conversation_initiation_metadata_event: {
        conversation_id: expect.stringMatching(/^conv_[A-Za-z0-9]+$/) as unknown,
        agent_output_audio_format: 'pcm_16000',
        user_input_audio_format: 'pcm_16000',
      },
    })
  })

  it('closes what knows no agent with 1008, and another path with 404', async () => {
    const { socketUrl, url } = await emulate()
    const stranger = await connect(socketUrl('agent_id=nobody'))
    expect(await stranger.closed).toMatch(/^1008 .*agent_id/)
    const lost = new WebSocket(`${url.replace('http:', 'ws:')}/v1/other`)
    const [error] = (await once(lost, 'error')) as [Error]
    expect(error.message).toContain('404')
  })

  it('leads to the agent that the query names, or to the first', async () => {
    const other = fakeAgent({ id: 'other', firstMessage: 'Other, hello!' })
    const { socketUrl } = await emulate({ agents: [fakeAgent(), other] })
    const named = await converse(socketUrl('agent_id=other'))
    const unnamed = await converse(socketUrl('source=test'))
    expect(await named.event('agent_response')).toMatchObject({
      agent_response_event: { agent_response: 'Other, hello!' },
    })
    expect(await unnamed.event('agent_response')).toMatchObject({
      agent_response_event: { agent_response: 'Clinic, hello!' },
    })
  })
})

describe('the first frame', () => {
  it('brings user id, extra body and variables to the Custom LLM', async () => {
    const llm = scriptedLlm()
    const agent = fakeAgent({
      allowsExtraBody: true,
      prompt: 'For {{first_name}}. CALL_ID={{system__conversation_id}} {{secret__key}}',
      neededVariables: ['first_name'],
    })
    const { socketUrl } = await emulate({ agents: [agent], llm: () => llm })
    const client = await connect(socketUrl())
    client.send({
      ...INITIATION,
      dynamic_variables: { first_name: 'Ada', secret__key: 'k', system__agent_id: 'forged' },
    })
    const { conversation_initiation_metadata_event: metadata } = await client.event(
      'conversation_initiation_metadata',
    )
    client.say('Hello')
    await client.event('agent_response', 2)
    const [question] = llm.questions
    expect(question).toMatchObject({
      conversationId: metadata.conversation_id,
      userId: 'u-4',
      extraBody: { call_ref: 'c-17' },
      dynamicVariables: { first_name: 'Ada', secret__key: 'k', system__agent_id: 'clinic' },
    })
    expect(question?.messages[0]?.content).toBe(
      `For Ada. CALL_ID=${metadata.conversation_id} {{secret__key}}`,
    )
  })

  it('has its extra body dropped, and the log says so, if the agent does not allow it', async () => {
    const llm = scriptedLlm()
    const { socketUrl, lines } = await emulate({ llm: () => llm })
    const client = await connect(socketUrl())
    client.send(INITIATION)
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(llm.questions[0]).not.toHaveProperty('extraBody')
    expect(lines.join('\n')).toContain('custom_llm_extra_body dropped')
    expect(lines.join('\n')).not.toContain('c-17')
  })

  it('with an extra body is refused if the agent says so, but not with an empty one', async () => {
    const { socketUrl } = await emulateAgent({ refusesExtraBody: true })
    const refused = await converse(socketUrl(), { custom_llm_extra_body: { a: 1 } })
    expect(await refused.closed).toMatch(/^1008 override_error/)
    const python = await converse(socketUrl(), { custom_llm_extra_body: {} })
    await python.event('agent_response')
  })

  it('may override what the agent allows', async () => {
    const llm = scriptedLlm()
    const agent = fakeAgent({ allowedOverrides: ['first_message', 'prompt', 'language'] })
    const { socketUrl } = await emulate({ agents: [agent], llm: () => llm })
    const client = await converse(socketUrl(), {
      conversation_config_override: {
        agent: { first_message: 'Hi!', language: 'es', prompt: { prompt: 'Be brief.' } },
      },
    })
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(llm.questions[0]?.messages.slice(0, 2)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'assistant', content: 'Hi!' },
    ])
  })

  it.each([
    ['agent', { agent: { first_message: 'Hi!' } }, 'first_message'],
    ['prompt', { agent: { prompt: { prompt: 'Be brief.' } } }, 'prompt'],
    ['model', { agent: { prompt: { llm: 'other' } } }, 'agent.prompt.llm'],
    ['voice', { tts: { voice_id: 'v' } }, 'tts.voice_id'],
    ['events', { conversation: { client_events: ['ping'] } }, 'conversation.client_events'],
  ])('may not override the %s otherwise', async (_name, override, place) => {
    const { socketUrl } = await emulate()
    const client = await converse(socketUrl(), { conversation_config_override: override })
    const closed = await client.closed
    expect(closed).toMatch(/^1008 override_error/)
    expect(closed).toContain(place)
    expect(client.events).toEqual([])
  })

  it('must bring the variables that the agent needs', async () => {
    const { socketUrl } = await emulateAgent({ neededVariables: ['first_name', 'city'] })
    const client = await converse(socketUrl(), { dynamic_variables: { city: 'Oslo' } })
    expect(await client.closed).toMatch(/^1008 missing_dynamic_variable: .*first_name\.$/)
  })

  it.each([
    ['in the older form', { parameters: { user_id: 'u-4' } }],
    ['in the older form with a type', { type: INITIATION.type, parameters: { user_id: 'u-4' } }],
  ])('is understood %s', async (_name, frame) => {
    const llm = scriptedLlm()
    const { socketUrl } = await emulate({ llm: () => llm })
    const client = await connect(socketUrl())
    client.send(frame)
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(llm.questions[0]?.userId).toBe('u-4')
  })

  it('may be audio, which starts the conversation and is not heard', async () => {
    const { socketUrl } = await emulate()
    const client = await connect(socketUrl())
    client.send({ user_audio_chunk: 'AAAA' })
    await client.event('agent_response')
  })

  it('may be what the user says', async () => {
    const llm = scriptedLlm()
    const { socketUrl } = await emulate({ llm: () => llm })
    const client = await connect(socketUrl())
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(client.types()[0]).toBe('conversation_initiation_metadata')
    expect(llm.history(1).at(-1)).toEqual({ role: 'user', content: 'Hello' })
  })

  it('is not waited for longer than its limit', async () => {
    const { socketUrl } = await emulate({ timing: { firstFrameLimitMs: 5 } })
    const client = await connect(socketUrl())
    await client.event('agent_response')
  })

  it('counts once: a second one changes nothing', async () => {
    const { socketUrl, lines } = await emulate()
    const client = await converse(socketUrl())
    await client.event('agent_response')
    client.send(INITIATION)
    client.say('Hello')
    await client.event('agent_response', 2)
    expect(client.all('conversation_initiation_metadata')).toHaveLength(1)
    expect(lines.join('\n')).toContain('came too late')
  })

  it('that is malformed is refused', async () => {
    const { socketUrl } = await emulate()
    const client = await converse(socketUrl(), { dynamic_variables: { first_name: ['Ada'] } })
    expect(await client.closed).toMatch(/^1008 invalid_message: .*dynamic_variables/)
  })
})
