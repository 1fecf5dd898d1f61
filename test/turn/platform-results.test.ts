import { describe, expect, it } from 'vitest'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { assistant, toolResult, user } from '../support/history.ts'

const HI = user('Put me through, please.')
const CALL = { id: 'c1', name: 'transfer', arguments: '{}' }
const TOOL = { name: 'transfer' }
const onResult = (to: string, status: string) => ({
  to,
  when: { type: 'result', tool: 'transfer', status },
})

function start(states: object, options: { readonly remembers?: boolean } = {}) {
  const model = createModel(({ messages }) =>
    messages.at(-1)?.role === 'tool' ? { text: 'Words of the model.' } : { calls: [CALL] },
  )
  const flow = { name: 'test', starting_state: 'a', states }
  return { model, engine: buildEngine({ flow, upstream: model, ...options }) }
}

describe('a state with say that the result of a platform tool leads into', () => {
  const states = {
    a: { edges: [onResult('nobody', 'failed')] },
    nobody: { say: 'Nobody is free.', edges: [{ to: 'on', when: { type: 'always' } }] },
    on: {},
  }
  const FAILED = [HI, assistant('', [CALL]), toolResult('c1', '{"status":"error"}')]

  it('says its text in the follow-up, without a model call, and stays until it was heard', async () => {
    const { engine, model } = start(states)
    await answer(engine, toRequest([HI], { platformTools: [TOOL] }))
    const followed = await answer(engine, toRequest(FAILED, { platformTools: [TOOL] }))
    expect(followed).toMatchObject({
      text: 'Nobody is free.',
      state: 'nobody',
      facts: { kind: 'follow_up', state: 'nobody', exchange: 1 },
    })
    expect(model.requests).toHaveLength(1)
    const heard = [...FAILED, assistant('Nobody is free.'), user('Well then.')]
    expect((await engine.derive(toRequest(heard))).state).toBe('on')
  })

  it('says it again when nobody heard it', async () => {
    const { engine } = start(states)
    await answer(engine, toRequest([HI], { platformTools: [TOOL] }))
    await answer(engine, toRequest(FAILED, { platformTools: [TOOL] }))
    const lost = await answer(engine, toRequest([...FAILED, user('Hello?')]))
    expect(lost).toMatchObject({ text: 'Nobody is free.', facts: { state: 'nobody' } })
  })
})

describe('a token', () => {
  const states = { a: { edges: [onResult('b', 'ok')] }, b: {} }
  const DONE = [HI, assistant('', [CALL]), toolResult('c1', '{"status":"ok"}')]

  it('does not hide a result that came after it was sealed', async () => {
    const { engine } = start(states, { remembers: false })
    const first = await answer(engine, toRequest([HI], { platformTools: [TOOL] }))
    const extra = { turnstate_token: first.token() }
    expect((await engine.derive(toRequest(DONE))).state).toBe('b')
    expect((await engine.derive(toRequest(DONE, { extra }))).state).toBe('b')
  })

  it('of the follow-up knows the result, which is not folded twice', async () => {
    const back = { a: states.a, b: { edges: [onResult('a', 'ok')] } }
    const { engine } = start(back, { remembers: false })
    const followed = await answer(engine, toRequest(DONE, { platformTools: [TOOL] }))
    expect(followed.state).toBe('b')
    const heard = [...DONE, assistant(followed.text), user('And now?')]
    const extra = { turnstate_token: followed.token() }
    expect((await engine.derive(toRequest(heard, { extra }))).state).toBe('b')
  })
})

describe('a skipped silence without a memory', () => {
  it('stays skipped when its result comes back', async () => {
    const skip = { id: 's1', name: 'skip_turn', arguments: '{}' }
    const engine = buildEngine({
      flow: { name: 'test', starting_state: 'a', states: { a: { on_silence: { max: 1 } } } },
      upstream: createModel(() => ({ text: 'Are you there?' })),
      remembers: false,
    })
    const silent = [user('Hi'), assistant('Hello!'), assistant('Are you there?')]
    const options = { platformTools: [{ name: 'skip_turn' }] }
    const skipped = await answer(engine, toRequest(silent, options))
    expect(skipped).toMatchObject({ text: '', finishReason: 'tool_calls' })
    const back = [...silent, assistant('', [skip]), toolResult('s1', '{}')]
    expect(await answer(engine, toRequest(back, options))).toMatchObject({
      facts: { kind: 'silence' },
      text: '',
      finishReason: 'tool_calls',
    })
  })
})

describe('a follow-up without tool messages', () => {
  it('goes on from the turn whose call was delivered, not from the one that was cut before', async () => {
    const replies = [{ text: 'One two three four five.' }, { calls: [CALL] }]
    const states = {
      a: {
        edges: [
          {
            to: 'b',
            require_heard: 'full',
            when: { type: 'expression', var: '$kind', op: '==', value: 'follow_up' },
          },
        ],
      },
      b: {},
    }
    const engine = buildEngine({
      flow: { name: 'test', starting_state: 'a', states },
      upstream: createModel(() => replies.shift() ?? { text: 'Done.' }),
    })
    await answer(engine, toRequest([user('Hi')]))
    const cut = [user('Hi'), assistant('One two three'), HI]
    const called = await engine.begin(toRequest(cut, { platformTools: [TOOL] }))
    const signal = new AbortController().signal
    await called.run({ signal, streams: true, onEvent: () => undefined })
    called.delivered()
    expect(await engine.derive(toRequest(cut))).toMatchObject({ kind: 'follow_up', state: 'b' })
  })
})
