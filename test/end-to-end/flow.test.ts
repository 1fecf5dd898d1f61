import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const system = (content: string) => ({ role: 'system', content })

const FLOW = {
  starting_state: 'identify',
  general_prompt: 'You are the desk of {{clinic}}. Caller tier: {{extra.tier}}.',
  general_tools: ['hours'],
  platform_tools: { allow: ['end_call', 'skip_turn'] },
  default_dynamic_variables: { clinic: 'Oak Street' },
  variables: { name: {}, slot: {}, booked: { type: 'boolean', default: false } },
  states: {
    identify: {
      state_prompt: 'Find out who is calling.',
      tools: ['find'],
      edges: [
        { to: 'choose', when: { type: 'expression', all: [{ var: 'name', op: 'exists' }] } },
        {
          to: 'human',
          when: { type: 'expression', all: [{ var: '$turns_in_state', op: '>=', value: 3 }] },
        },
      ],
    },
    choose: {
      state_prompt: 'Offer times to {{name}}.',
      platform_tools: { deny: ['end_call'] },
      model: { temperature: 0.1 },
      edges: [
        {
          to: 'book',
          when: {
            type: 'llm',
            description: 'Settled on a slot.',
            parameters: {
              type: 'object',
              required: ['slot'],
              properties: { slot: { type: 'string' } },
            },
          },
        },
      ],
    },
    book: {
      state_prompt: 'Book {{slot}}.',
      edges: [{ to: 'done', when: { type: 'result', tool: 'pay', status: 'ok' } }],
    },
    done: { say: 'All done, {{name}}.', state_prompt: 'Say goodbye.' },
    human: {
      global: { when: { type: 'llm', description: 'Wants a person.' } },
      say: 'I will put you through.',
    },
  },
}
const TOOLS = {
  hours: { type: 'static', description: 'Opening hours', result: 'Mon-Fri 8-18 at {{clinic}}' },
  find: {
    type: 'static',
    result: { items: [{ name: 'Ada' }] },
    assignments: [{ variable: 'name', value_path: 'items.0.name' }],
  },
}
const start = (more: object = {}) => startTurnstate({ flow: FLOW, tools: TOOLS, ...more })

const fn = (name: string) => ({ type: 'function', function: { name, parameters: {} } })
const PLATFORM_TOOLS = [fn('end_call'), fn('transfer_to_number'), fn('skip_turn')]

const HI = user('Hi, Ada here.')
const OFFER = 'Hello Ada, Tuesday or Wednesday?'

function names(body: {
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}) {
  return body.tools?.map((tool) => tool.function.name)
}

describe('the upstream request', () => {
  it('holds one system message: general prompt, platform text, state prompt', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ say: 'Hello, who is calling?' })
    const messages = [system('Platform rules.'), HI, { role: 'developer', content: 'Be kind.' }]
    await turn(messages, { elevenlabs_extra_body: { tier: 'gold' } })
    const { body } = await upstream.received()
    expect(body.messages).toEqual([
      {
        role: 'system',
        content:
          'You are the desk of Oak Street. Caller tier: gold.\n\nPlatform rules.\n\nBe kind.\n\nFind out who is calling.',
      },
      HI,
    ])
  })

  it('offers general, platform, state and transition tools, in this order', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ say: 'Hello.' })
    await turn([HI], { tools: PLATFORM_TOOLS })
    expect(names((await upstream.received()).body)).toEqual([
      'hours',
      'end_call',
      'skip_turn',
      'find',
      'transition_to_human',
    ])
  })

  it('takes only what is on the allow-list from the request', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ say: 'Hello.' })
    await turn([HI], {
      model: 'whatever',
      temperature: 0.7,
      max_tokens: -1,
      user_id: 'u-1',
      elevenlabs_extra_body: { secret: 'x' },
      metadata: { a: 1 },
      reasoning_effort: 'high',
      store: true,
    })
    const { body, headers } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(
      ['messages', 'model', 'stream', 'stream_options', 'temperature', 'tools', 'user'].sort(),
    )
    expect(body).toMatchObject({ model: 'test-model', temperature: 0.7, user: 'u-1', stream: true })
    expect(headers.authorization).toBe('Bearer sk-upstream')
    expect(headers['x-conversation-id']).toBeUndefined()
  })
})

describe('a server tool', () => {
  it('runs inside the turn, sets its variables, moves the state and changes prompt and tools', async () => {
    const { upstream, turn, derive } = await start()
    upstream.reply({ say: 'One second.', calls: [{ name: 'find', arguments: {} }] }, { say: OFFER })
    const first = await turn([HI], { tools: PLATFORM_TOOLS, temperature: 0.9 })
    expect(first).toMatchObject({ state: 'identify', kind: 'new', exchange: '1' })
    expect(first.text).toBe(`One second. ${OFFER}`)
    expect(JSON.stringify(first.body)).not.toContain('"find"')
    const second = (await upstream.received(2)).body
    expect(second.messages[0]?.content).toContain('Offer times to Ada.')
    expect(second.temperature).toBe(0.1)
    expect(names(second)).toEqual([
      'hours',
      'transfer_to_number',
      'skip_turn',
      'transition_to_book',
      'transition_to_human',
    ])
    expect(second.messages.slice(-2)).toMatchObject([
      { role: 'assistant', content: 'One second.', tool_calls: [{ function: { name: 'find' } }] },
      { role: 'tool', content: '{"items":[{"name":"Ada"}]}' },
    ])
    const history = [HI, assistant(first.text), user('Tuesday')]
    expect(await derive(history)).toMatchObject({
      state: 'choose',
      variables: { name: 'Ada', booked: false },
      heard: 'full',
      confidence: 'exact',
    })
  })

  it('stands in the later history where it ran, so that the model does not ask again', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ calls: [{ name: 'find', arguments: {} }] }, { say: OFFER }, { say: 'Fine.' })
    await turn([HI])
    await turn([HI, assistant(OFFER), user('Tuesday')])
    const { messages } = (await upstream.received(3)).body
    expect(messages.slice(1)).toMatchObject([
      HI,
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'find' } }] },
      { role: 'tool', content: '{"items":[{"name":"Ada"}]}' },
      assistant(OFFER),
      user('Tuesday'),
    ])
  })

  it('may be called several times in one step', async () => {
    const { upstream, turn } = await start()
    const calls = [
      { id: 'a', name: 'hours', arguments: {} },
      { id: 'b', name: 'find', arguments: {} },
    ]
    upstream.reply({ calls }, { say: OFFER })
    expect((await turn([HI])).text).toBe(OFFER)
    expect((await upstream.received(2)).body.messages.slice(-2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'Mon-Fri 8-18 at Oak Street' },
      { role: 'tool', tool_call_id: 'b', content: '{"items":[{"name":"Ada"}]}' },
    ])
  })

  it('that is not offered here is answered with an error and never sent on', async () => {
    const { upstream, turn } = await start()
    upstream.reply(
      {
        calls: [
          { name: 'transition_to_done', arguments: {} },
          { name: 'end_call', arguments: {} },
        ],
      },
      { say: 'Sorry, who is calling?' },
    )
    const answered = await turn([HI])
    expect(answered.text).toBe('Sorry, who is calling?')
    expect(JSON.stringify(answered.body)).not.toContain('end_call')
    const results = (await upstream.received(2)).body.messages.slice(-2)
    expect(results.map((message) => String(message.content))).toEqual([
      expect.stringContaining('error'),
      expect.stringContaining('error'),
    ])
  })

  it('is not offered any more after the last round', async () => {
    const limits = { max_tool_rounds: 2 }
    const { upstream, turn } = await start({ config: { limits } })
    upstream.always(({ body }) =>
      body.tool_choice === 'none'
        ? { say: 'I give up.' }
        : { calls: [{ name: 'hours', arguments: {} }] },
    )
    expect((await turn([HI])).text).toBe('I give up.')
    expect(upstream.requests).toHaveLength(3)
  })
})

describe('an llm edge', () => {
  it('is answered inside the turn and sets the variables of its arguments', async () => {
    const { upstream, turn, derive } = await start()
    upstream.reply({ calls: [{ name: 'find', arguments: {} }] }, { say: OFFER })
    await turn([HI])
    const history = [HI, assistant(OFFER), user('Tuesday')]
    upstream.reply(
      { calls: [{ name: 'transition_to_book', arguments: { slot: 'Tuesday' } }] },
      { say: 'Shall I book Tuesday?' },
    )
    const booked = await turn(history)
    expect(booked).toMatchObject({ state: 'choose', text: 'Shall I book Tuesday?' })
    expect((await upstream.received(4)).body.messages[0]?.content).toContain('Book Tuesday.')
    const after = await derive([...history, assistant(booked.text), user('Yes')])
    expect(after).toMatchObject({ state: 'book', variables: { slot: 'Tuesday' } })
  })

  it('with wrong arguments is told so and not taken', async () => {
    const { upstream, turn, derive } = await start()
    upstream.reply({ calls: [{ name: 'find', arguments: {} }] }, { say: OFFER })
    await turn([HI])
    const history = [HI, assistant(OFFER), user('Tuesday')]
    upstream.reply({ calls: [{ name: 'transition_to_book', arguments: {} }] }, { say: 'When?' })
    await turn(history)
    const result = (await upstream.received(4)).body.messages.at(-1)
    expect(result?.content).toContain('slot')
    expect(await derive([...history, assistant('When?'), user('Hm')])).toMatchObject({
      state: 'choose',
    })
  })

  it('into a state with say speaks its text and calls the model no more', async () => {
    const { upstream, turn, derive } = await start()
    upstream.reply({ say: 'Of course.', calls: [{ name: 'transition_to_human', arguments: {} }] })
    const answered = await turn([HI])
    expect(answered.text).toBe('Of course. I will put you through.')
    expect(upstream.requests).toHaveLength(1)
    expect(await derive([HI, assistant(answered.text), user('ok')])).toMatchObject({
      state: 'human',
    })
  })
})

describe('an expression edge', () => {
  it('that follows from the fold is taken before anything is generated', async () => {
    const { upstream, turn } = await start()
    upstream.always({ say: 'Who is calling, please?' })
    const ask = assistant('Who is calling, please?')
    await turn([HI])
    await turn([HI, ask, user('What?')])
    const third = await turn([HI, ask, user('What?'), ask, user('Eh?')])
    expect(third).toMatchObject({ state: 'human', exchange: '3', text: 'I will put you through.' })
    expect(upstream.requests).toHaveLength(2)
  })
})

describe('a result edge of a platform tool', () => {
  it('is taken when the result stands in the history', async () => {
    const flow = {
      starting_state: 'pay',
      states: {
        pay: { edges: [{ to: 'paid', when: { type: 'result', tool: 'charge', status: 'ok' } }] },
        paid: { state_prompt: 'It is paid.' },
      },
    }
    const { upstream, turn } = await startTurnstate({ flow })
    upstream.reply({ calls: [{ id: 'c1', name: 'charge', arguments: { sum: 5 } }] })
    const called = await turn([HI], { tools: [fn('charge')] })
    expect(called.body).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] })
    const [choice] = (called.body as { choices: { message: object }[] }).choices // checked above
    upstream.reply({ say: 'Paid, thank you.' })
    const result = { role: 'tool', tool_call_id: 'c1', content: '{"status":"success"}' }
    const history = [HI, choice?.message ?? {}, result]
    expect(await turn(history, { tools: [fn('charge')] })).toMatchObject({
      kind: 'follow_up',
      exchange: '1',
      state: 'paid',
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('It is paid.')
    const failed = { ...result, content: '{"status":"error"}' }
    upstream.reply({ say: 'That did not work.' })
    expect((await turn([HI, choice?.message ?? {}, failed])).state).toBe('pay')
  })
})

describe('a step with server and platform calls', () => {
  it('runs the server call, sends the platform call and goes on from both in the follow-up', async () => {
    const { upstream, turn } = await start()
    const calls = [
      { id: 's1', name: 'find', arguments: {} },
      { id: 'p1', name: 'skip_turn', arguments: { reason: 'thinking' } },
    ]
    upstream.reply({ say: 'Take your time.', calls })
    const first = await turn([HI], { tools: PLATFORM_TOOLS })
    expect(first.body).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Take your time.',
            tool_calls: [{ id: 'p1', function: { name: 'skip_turn' } }],
          },
        },
      ],
    })
    upstream.reply({ say: 'Are you ready?' })
    const [choice] = (first.body as { choices: { message: object }[] }).choices // checked above
    const history = [HI, choice?.message ?? {}, { role: 'tool', tool_call_id: 'p1', content: '{}' }]
    expect(await turn(history, { tools: PLATFORM_TOOLS })).toMatchObject({
      kind: 'follow_up',
      state: 'choose',
    })
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toMatchObject([
      HI,
      { role: 'assistant', tool_calls: [{ id: 's1' }] },
      { role: 'tool', tool_call_id: 's1' },
      { role: 'assistant', content: 'Take your time.', tool_calls: [{ id: 'p1' }] },
      { role: 'tool', tool_call_id: 'p1' },
    ])
  })
})
