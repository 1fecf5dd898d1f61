import { describe, expect, it } from 'vitest'
import { answer, buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { assistant, toolResult, user } from '../../support/history.ts'

const HI = user('Hi there.')
const HELLO = assistant('Hello, how can I help you?')
const llm = (to: string) => ({ to, when: { type: 'llm', description: `Go to ${to}` } })
const when = (to: string, variable: string, value: number) => ({
  to,
  when: { type: 'expression', var: variable, op: '>=', value },
})

function start(flow: object, replies: readonly (string | object)[] = []) {
  const queue = [...replies]
  const model = createModel(() => {
    const next = queue.shift() ?? HELLO.text
    return typeof next === 'string' ? { text: next } : next
  })
  return buildEngine({ flow: { name: 'test', ...flow }, upstream: model })
}

describe('the turns in a state', () => {
  const flow = {
    starting_state: 'a',
    states: {
      a: { edges: [when('b', '$exchange', 2)] },
      b: { edges: [when('c', '$turns_in_state', 2)] },
      c: {},
    },
  }

  it('include the exchange in which it was entered before the answer', async () => {
    const engine = start(flow)
    const messages = [HI]
    const states: string[] = []
    for (const words of ['one', 'two', 'three', 'four']) {
      const { facts, text } = await answer(engine, toRequest(messages))
      states.push(facts.state)
      messages.push(assistant(text), user(words))
    }
    expect(states).toEqual(['a', 'b', 'c', 'c'])
  })

  it('begin with the next exchange when it was entered in an answer', async () => {
    const engine = start(
      {
        starting_state: 'a',
        states: {
          a: { edges: [llm('b')] },
          b: { edges: [when('c', '$turns_in_state', 2)] },
          c: {},
        },
      },
      [{ calls: [{ id: 't', name: 'transition_to_b', arguments: '{}' }] }],
    )
    const messages = [HI]
    const states: string[] = []
    for (const words of ['one', 'two', 'three']) {
      const { facts, text } = await answer(engine, toRequest(messages))
      states.push(facts.state)
      messages.push(assistant(text), user(words))
    }
    expect(states).toEqual(['a', 'b', 'c'])
  })
})

describe('the results of platform tools', () => {
  const result = (to: string) => ({ to, when: { type: 'result', tool: 'charge', status: 'ok' } })
  const flow = {
    starting_state: 'pay',
    states: { pay: { edges: [result('paid')] }, paid: { edges: [result('twice')] }, twice: {} },
  }
  const call = { id: 'c1', name: 'charge', arguments: '{}' }
  const platformTools = [{ name: 'charge' }]

  it('count once, also when the journal knows what was said after them', async () => {
    const engine = start(flow, [{ calls: [call] }, 'It is paid.'])
    await answer(engine, toRequest([HI], { platformTools }))
    const charged = [HI, assistant('', [call]), toolResult('c1', 'done')]
    expect((await answer(engine, toRequest(charged, { platformTools }))).facts).toMatchObject({
      kind: 'follow_up',
      state: 'paid',
    })
    const after = toRequest([...charged, assistant('It is paid.'), user('Good.')])
    expect(await engine.derive(after)).toMatchObject({ state: 'paid', heard: 'full' })
  })
})

describe('a state token', () => {
  it('counts for its own conversation and caller only', async () => {
    const flow = { starting_state: 'a', states: { a: { edges: [llm('b')] }, b: {} } }
    const engine = start(flow, [
      { calls: [{ id: 't', name: 'transition_to_b', arguments: '{}' }] },
      'You are in b now.',
    ])
    const { text, token } = await answer(engine, toRequest([HI]))
    const extra = { turnstate_token: token() }
    const heard = [HI, assistant(text), user('And?')]
    const stateFor = async (more: Parameters<typeof toRequest>[1]) =>
      (await engine.derive(toRequest(heard, { extra, ...more }))).state
    expect(await stateFor({ key: 'call-1' })).toBe('b')
    expect(await stateFor({ key: 'call-2' })).toBe('a')
    expect(await stateFor({ key: null })).toBe('a')
    expect(await stateFor({ caller: 'another' })).toBe('a')
    const elsewhere = start(flow)
    expect((await elsewhere.derive(toRequest(heard, { extra }))).state).toBe('b')
    expect((await elsewhere.derive(toRequest(heard, { extra, caller: 'another' }))).state).toBe('a')
    expect((await elsewhere.derive(toRequest(heard, { extra, key: 'call-2' }))).state).toBe('a')
  })
})

describe('the dry run', () => {
  it('masks what is sensitive, and shows the rest', async () => {
    const engine = start({
      starting_state: 'a',
      variables: {
        card: { sensitive: true, default: '4242' },
        empty: { sensitive: true },
        name: { default: 'Ada' },
      },
      states: { a: {} },
    })
    expect((await engine.derive(toRequest([HI]))).variables).toEqual({ card: '***', name: 'Ada' })
  })
})

describe('a retry', () => {
  const always = (to: string) => ({ to, when: { type: 'always' } })
  const call = (to: string) => ({
    calls: [{ id: to, name: `transition_to_${to}`, arguments: '{}' }],
  })

  it('may take no more steps than the first request', async () => {
    const states = {
      a: { edges: [always('b')] },
      b: { edges: [always('c')] },
      c: { edges: [llm('d')] },
      d: { edges: [llm('e')] },
      e: {},
    }
    const replies = [call('d'), call('e'), 'As far as I go.']
    const engine = start({ starting_state: 'a', states }, [...replies, ...replies])
    const first = await answer(engine, toRequest([HI]))
    const again = await answer(engine, toRequest([HI]))
    expect(first).toMatchObject({ facts: { kind: 'new', state: 'c' }, state: 'd' })
    expect(again).toMatchObject({ facts: { kind: 'retry', state: 'c' }, state: 'd' })
  })
})
