import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

const FLOW = {
  starting_state: 'a',
  states: Object.fromEntries(
    ['a', 'b', 'c'].map((name, _, all) => [
      name,
      {
        state_prompt: `You are in ${name}.`,
        edges: all
          .filter((other) => other !== name)
          .map((to) => ({ to, when: { type: 'llm', description: `Go to ${to}` } })),
      },
    ]),
  ),
}

/** A conversation that moved from a to b in its first exchange and to c in its second. */
async function movedTwice() {
  const server = await startTurnstate({ flow: FLOW })
  const go = (state: string, say: string) =>
    server.upstream.reply({ calls: [{ name: `transition_to_${state}`, arguments: {} }] }, { say })
  const first = user('To the second, please.')
  const inB = assistant('Now we are in the second room.')
  const second = user('And to the third one.')
  const inC = assistant('And this is the third room of all.')
  go('b', inB.content)
  await server.turn([first])
  go('c', inC.content)
  await server.turn([first, inB, second])
  return { ...server, go, first, inB, second, inC }
}

describe('a rollback', () => {
  it('shows the upstream the earlier state again when the answer is missing', async () => {
    const { upstream, turn, first, inB, second, inC } = await movedTwice()
    upstream.reply({ say: 'Yes.' })
    expect(await turn([first, inB, second, inC, user('Good.')])).toMatchObject({ state: 'c' })
    expect((await upstream.received(5)).body.messages[0]?.content).toBe('You are in c.')
    upstream.reply({ say: 'Staying here then.' })
    const back = await turn([first, inB, second, user('No, wait, stay.')])
    expect(back).toMatchObject({ state: 'b', exchange: '2', kind: 'withdrawn' })
    const { body } = await upstream.received(6)
    expect(body.messages[0]?.content).toBe('You are in b.')
    expect(body.tools?.map((tool) => tool.function.name)).toEqual([
      'transition_to_a',
      'transition_to_c',
    ])
    expect(JSON.stringify(body)).not.toContain('third room')
  })

  it('is what derive says of a revised text, and nothing is written by asking', async () => {
    const { derive, first, inB } = await movedTwice()
    const revised = [first, inB, user('And to the third one, if you can.')]
    const expected = {
      conversation: 'call-1',
      key_source: 'header.x-conversation-id',
      exchange: 2,
      state: 'b',
      kind: 'revised',
      heard: 'full',
      rollback: true,
      confidence: 'exact',
    }
    expect(await derive(revised)).toMatchObject(expected)
    expect(await derive(revised)).toMatchObject({
      ...expected,
      discarded: [{ exchange: 2, state: 'b' }],
    })
  })

  it('is none for the same history again: the state is that of the first request', async () => {
    const { upstream, turn, derive, first, inB, second } = await movedTwice()
    expect(await derive([first, inB, second])).toMatchObject({
      kind: 'retry',
      state: 'b',
      rollback: false,
      discarded: [],
    })
    upstream.reply({ say: 'Once more.' })
    expect(await turn([first, inB, second])).toMatchObject({
      kind: 'retry',
      state: 'b',
      exchange: '2',
    })
  })

  it('keeps the transition of a reply that was cut, and tells the model where', async () => {
    const { upstream, turn, first, inB, second } = await movedTwice()
    upstream.reply({ say: 'Sorry.' })
    const cut = await turn([
      first,
      inB,
      second,
      assistant('And this is the third ro...'),
      user('Stop.'),
    ])
    expect(cut).toMatchObject({ state: 'c', exchange: '3', kind: 'new' })
    expect(cut.headers.get('x-turnstate-heard')).toBe('partial')
    expect(cut.headers.get('x-turnstate-confidence')).toBe('partial')
    const { messages } = (await upstream.received(5)).body
    expect(messages[0]?.content).toContain('cut after "this is the third ro"')
    expect(messages.at(-2)).toEqual(assistant('And this is the third ro...'))
  })

  it('of a turn that was cut counts for nothing when its edge wants it heard in full', async () => {
    const states = {
      a: { edges: [{ to: 'b', require_heard: 'full', when: { type: 'llm', description: 'Go' } }] },
      b: {},
    }
    const { upstream, turn, derive } = await startTurnstate({
      flow: { starting_state: 'a', states },
    })
    upstream.reply(
      { calls: [{ name: 'transition_to_b', arguments: {} }] },
      { say: 'These are the terms of the contract.' },
    )
    await turn([user('Go')])
    const cut = [user('Go'), assistant('These are the terms'), user('Stop')]
    expect(await derive(cut)).toMatchObject({ state: 'a', heard: 'partial' })
    const full = [user('Go'), assistant('These are the terms of the contract.'), user('Yes')]
    expect(await derive(full)).toMatchObject({ state: 'b', heard: 'full' })
  })

  it('never meets the conversation of another key', async () => {
    const keys = [
      { name: 'one', secret: 'secret-one' },
      { name: 'two', secret: 'secret-two' },
    ]
    const server = await startTurnstate({ flow: FLOW, config: { auth: { keys } } })
    const as = (secret: string) => ({ 'x-conversation-id': 'shared', 'x-api-key': secret })
    server.upstream.reply(
      { calls: [{ name: 'transition_to_b', arguments: {} }] },
      { say: 'In the second room now.' },
    )
    const history = [user('Go'), assistant('In the second room now.'), user('And?')]
    await server.turn([user('Go')], {}, as('secret-one'))
    server.upstream.always({ say: 'Well.' })
    expect(await server.turn(history, {}, as('secret-two'))).toMatchObject({ state: 'a' })
    expect(await server.turn(history, {}, as('secret-one'))).toMatchObject({ state: 'b' })
  })
})

describe('without a memory', () => {
  const memoryless = () => startTurnstate({ flow: FLOW, config: { store: { type: 'none' } } })

  it('the token of the last answer gives the state, at low confidence', async () => {
    const { upstream, turn } = await memoryless()
    upstream.reply({ calls: [{ name: 'transition_to_b', arguments: {} }] }, { say: 'In b.' })
    const KEY = { 'x-conversation-id': 'call-1' }
    const first = await turn([user('Go')], {}, { ...KEY, 'x-turnstate-metadata': '1' })
    const { turnstate } = first.body as { turnstate: { state: string; token: string } } // asked for
    expect(turnstate.state).toBe('b')
    upstream.always({ say: 'Well.' })
    const token = { elevenlabs_extra_body: { turnstate_token: turnstate.token } }
    const next = [user('Go'), assistant('In b.'), user('And?')]
    const second = await turn(next, token)
    expect(second).toMatchObject({ state: 'b', exchange: '2' })
    expect(second.headers.get('x-turnstate-confidence')).toBe('low')
    expect(await turn(next)).toMatchObject({ state: 'a' })
    // The answer was never heard: the token counts for nothing.
    expect(await turn([user('Go'), user('And?')], token)).toMatchObject({ state: 'a' })
    expect(await turn([user('Went'), assistant('In b.'), user('And?')], token)).toMatchObject({
      state: 'a',
    })
  })
})
