import { describe, expect, it } from 'vitest'
import { startDesk } from '../support/desk-flow.ts'
import { startTurnstate } from '../support/turnstate.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const HI = user('Hi, Ada here.')
const OFFER = 'Hello Ada, Tuesday or Wednesday?'

describe('an llm edge', () => {
  it('is answered inside the turn and sets the variables of its arguments', async () => {
    const { upstream, turn, derive } = await startDesk()
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
    const { upstream, turn, derive } = await startDesk()
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
    const { upstream, turn, derive } = await startDesk()
    upstream.reply({ say: 'Of course.', calls: [{ name: 'transition_to_human', arguments: {} }] })
    const answered = await turn([HI])
    expect(answered.text).toBe('Of course. I will put you through.')
    expect(upstream.requests).toHaveLength(1)
    expect(await derive([HI, assistant(answered.text), user('ok')])).toMatchObject({
      state: 'human',
    })
  })

  it('is refused after another one in the same step that entered a state with say', async () => {
    const go = (to: string) => ({ to, when: { type: 'llm', description: `Go to ${to}` } })
    const { upstream, turn, derive } = await startTurnstate({
      flow: {
        starting_state: 'a',
        states: {
          a: { edges: [go('b'), go('c')] },
          b: { say: 'You are in b.', edges: [go('c')] },
          c: {},
        },
      },
    })
    const calls = [{ name: 'transition_to_b' }, { name: 'transition_to_c' }]
    upstream.reply({ say: 'Well.', calls })
    const { text } = await turn([HI])
    expect(text).toBe('Well. You are in b.')
    expect(upstream.requests).toHaveLength(1)
    expect(await derive([HI, assistant(text), user('And?')])).toMatchObject({ state: 'b' })
  })

  it('is refused after too many in the same turn', async () => {
    const states = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e'].map((name, index, all) => {
        const to = all[index + 1]
        const edges = to ? [{ to, when: { type: 'llm', description: 'Go on' } }] : []
        return [name, { edges }]
      }),
    )
    const { upstream, turn, derive } = await startTurnstate({
      flow: { starting_state: 'a', states },
    })
    upstream.reply(
      ...['b', 'c', 'd', 'e'].map((to) => ({ calls: [{ name: `transition_to_${to}` }] })),
      { say: 'This is as far as I go.' },
    )
    const { text } = await turn([HI])
    const { messages } = (await upstream.received(5)).body
    const results = messages.filter((message) => message.role === 'tool')
    expect(results.map((message) => message.content)).toEqual([
      '{"status":"ok","state":"b"}',
      '{"status":"ok","state":"c"}',
      '{"status":"ok","state":"d"}',
      expect.stringContaining('Too many steps in one turn'),
    ])
    expect(await derive([HI, assistant(text), user('And?')])).toMatchObject({ state: 'd' })
  })
})

describe('an expression edge', () => {
  it('that follows from the fold is taken before anything is generated', async () => {
    const { upstream, turn } = await startDesk()
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
    const called = await turn([HI], { tools: [platformTool('charge')] })
    expect(called.body).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] })
    upstream.reply({ say: 'Paid, thank you.' })
    const history = [HI, called.message, toolResult('c1', '{"status":"success"}')]
    expect(await turn(history, { tools: [platformTool('charge')] })).toMatchObject({
      kind: 'follow_up',
      exchange: '1',
      state: 'paid',
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('It is paid.')
    const failed = toolResult('c1', '{"status":"error"}')
    upstream.reply({ say: 'That did not work.' })
    expect((await turn([HI, called.message, failed])).state).toBe('pay')
  })
})

interface ModelCall {
  readonly name: string
  readonly arguments?: object
}

describe('an edge that wants its turn heard in full', () => {
  const WHOLE = 'These are the terms of the contract.'
  const CUT = 'These are the terms'
  const setMark = {
    mark: {
      type: 'static',
      result: { value: 'x' },
      assignments: [{ variable: 'mark', value_path: 'value' }],
    },
  }
  const has = (name: string) => ({ type: 'expression', var: name, op: 'exists' })
  const edge = (to: string, when: object) => ({ to, require_heard: 'full', when })
  const llm = {
    type: 'llm',
    description: 'Go on',
    parameters: { type: 'object', properties: { slot: { type: 'string' } } },
  }

  async function hear(a: object, call: ModelCall, reply: string) {
    const { upstream, turn, derive } = await startTurnstate({
      flow: {
        starting_state: 'a',
        variables: { mark: {}, slot: {} },
        states: { a, b: { edges: [edge('c', { type: 'always' })] }, c: {} },
      },
      tools: setMark,
    })
    upstream.reply({ calls: [call] }, { say: WHOLE })
    expect((await turn([HI])).text).toBe(WHOLE)
    const { state, variables, heard } = await derive([HI, assistant(reply), user('Yes')])
    expect(heard).toBe(reply === WHOLE ? 'full' : 'partial')
    return { state, variables }
  }

  it('counts for nothing after a part: an expression, which stays closed as well', async () => {
    const a = { tools: ['mark'], edges: [edge('c', has('mark'))] }
    const call = { name: 'mark' }
    expect(await hear(a, call, WHOLE)).toEqual({ state: 'c', variables: { mark: 'x' } })
    expect(await hear(a, call, CUT)).toEqual({ state: 'a', variables: { mark: 'x' } })
  })

  it('counts for nothing after a part: the result of a server tool', async () => {
    const a = {
      tools: ['mark'],
      edges: [edge('c', { type: 'result', tool: 'mark', status: 'ok' })],
    }
    const call = { name: 'mark' }
    expect(await hear(a, call, WHOLE)).toEqual({ state: 'c', variables: { mark: 'x' } })
    expect(await hear(a, call, CUT)).toEqual({ state: 'a', variables: { mark: 'x' } })
  })

  it('counts for nothing after a part: always, though the step before it counts', async () => {
    const a = { edges: [{ to: 'b', when: llm }] }
    const call = { name: 'transition_to_b', arguments: { slot: 'ten' } }
    expect(await hear(a, call, WHOLE)).toEqual({ state: 'c', variables: { slot: 'ten' } })
    expect(await hear(a, call, CUT)).toEqual({ state: 'b', variables: { slot: 'ten' } })
  })

  it('counts for nothing after a part, and neither do the variables that come with it', async () => {
    const a = { edges: [edge('c', llm)] }
    const call = { name: 'transition_to_c', arguments: { slot: 'ten' } }
    expect(await hear(a, call, WHOLE)).toEqual({ state: 'c', variables: { slot: 'ten' } })
    expect(await hear(a, call, CUT)).toEqual({ state: 'a', variables: {} })
  })

  it('counts for nothing after a part: the result of a platform tool', async () => {
    const charged = { type: 'result', tool: 'charge', status: 'ok' }
    const { upstream, turn, derive } = await startTurnstate({
      flow: { starting_state: 'a', states: { a: { edges: [edge('b', charged)] }, b: {} } },
    })
    upstream.reply({ say: WHOLE, calls: [{ id: 'c1', name: 'charge' }] })
    await turn([HI], { tools: [platformTool('charge')] })
    const after = (words: string) =>
      derive([HI, assistantCall('c1', 'charge', {}, words), toolResult('c1', 'ok'), user('Yes')])
    expect(await after(WHOLE)).toMatchObject({ state: 'b', heard: 'full' })
    expect(await after(CUT)).toMatchObject({ state: 'a', heard: 'partial' })
  })

  it('counts for nothing after a part: a condition that the next request would fulfil', async () => {
    const second = { type: 'expression', var: '$exchange', op: '>=', value: 2 }
    const { upstream, turn, derive } = await startTurnstate({
      flow: { starting_state: 'a', states: { a: { edges: [edge('b', second)] }, b: {} } },
    })
    upstream.reply({ say: WHOLE })
    await turn([HI])
    const after = (words: string) => derive([HI, assistant(words), user('Yes')])
    expect(await after(WHOLE)).toMatchObject({ state: 'b', heard: 'full' })
    expect(await after(CUT)).toMatchObject({ state: 'a', heard: 'partial' })
  })
})
