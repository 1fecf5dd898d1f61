import { describe, expect, it } from 'vitest'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { createGate } from '../support/gate.ts'
import { user } from '../support/history.ts'

const FLOW = { name: 'desk', starting_state: 'desk', states: { desk: { state_prompt: 'Talk.' } } }

function ask(...texts: readonly string[]) {
  return toRequest(texts.map(user), { isNewest: true, continuesJournal: true })
}

function historyOf(request: { readonly messages: readonly object[] } | undefined) {
  return request?.messages.slice(1)
}

describe('a request that brings only what is new', () => {
  it('goes on from all that the journal knows', async () => {
    const upstream = createModel(() => ({ text: 'Yes.' }))
    const engine = buildEngine({ flow: FLOW, upstream })
    await answer(engine, ask('Hello?'))
    const second = await answer(engine, ask('Are you there?'))
    expect(second.facts).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      confidence: 'exact',
    })
    expect(historyOf(upstream.requests[1])).toEqual([
      { role: 'user', content: 'Hello?' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'Are you there?' },
    ])
  })

  it('opens the conversation where there is none, and once only', async () => {
    const upstream = createModel(() => ({ text: 'Welcome.' }))
    const engine = buildEngine({ flow: FLOW, upstream })
    expect(await engine.isKnown(ask())).toBe(false)
    expect((await answer(engine, ask())).facts.kind).toBe('opening')
    expect(await engine.isKnown(ask())).toBe(true)
  })

  it('is derived like any other', async () => {
    const upstream = createModel(() => ({ text: 'Yes.' }))
    const engine = buildEngine({ flow: FLOW, upstream })
    await answer(engine, ask('Hello?'))
    expect(await engine.derive(ask('Again?'))).toMatchObject({ kind: 'new', exchange: 2 })
  })

  it('stands alone where nothing is remembered', async () => {
    const upstream = createModel(() => ({ text: 'Yes.' }))
    const engine = buildEngine({ flow: FLOW, upstream, remembers: false })
    await answer(engine, ask('Hello?'))
    await engine.interrupted(ask(), 'Ye')
    const second = await answer(engine, ask('Again?'))
    expect(second.facts).toMatchObject({ exchange: 1, confidence: 'low' })
  })
})

describe('an interruption', () => {
  it('makes the next request one after a reply that was heard in part', async () => {
    const upstream = createModel(() => ({ text: 'On Tuesday at nine.' }))
    const engine = buildEngine({ flow: FLOW, upstream })
    await answer(engine, ask('When?'))
    await engine.interrupted(ask(), 'On Tuesday')
    expect(await engine.derive(ask('Good.'))).toMatchObject({ kind: 'new', heard: 'partial' })
  })

  it('makes it a revision where nothing was heard', async () => {
    const upstream = createModel(() => ({ text: 'On Tuesday at nine.' }))
    const engine = buildEngine({ flow: FLOW, upstream })
    await answer(engine, ask('When?'))
    await engine.interrupted(ask(), '')
    const derived = await engine.derive(ask('This week, I mean.'))
    expect(derived).toMatchObject({ kind: 'revised', exchange: 1, rollback: true })
  })

  it('lets an answer go on that has said nothing yet: that was not spoken over', async () => {
    const gate = createGate()
    const upstream = createModel(async () => {
      gate.reach()
      await gate.released
      return { text: 'On Tuesday.' }
    })
    const engine = buildEngine({ flow: FLOW, upstream })
    const answered = answer(engine, ask('When?'))
    await gate.reached
    await engine.interrupted(ask(), 'Welcome to')
    gate.release()
    expect(await answered).toMatchObject({ text: 'On Tuesday.', isSuperseded: false })
  })

  it('ends a continuation that it meets between its decision and its beginning', async () => {
    const gate = createGate()
    const call = { id: 'c1', name: 'speak', arguments: '{}' }
    const upstream = createModel(() =>
      upstream.requests.length === 1
        ? { text: 'Sure.', calls: [call] }
        : { text: '', until: gate.released },
    )
    const engine = buildEngine({ flow: FLOW, upstream })
    const platformTools = [{ name: 'speak', parameters: {} }]
    await answer(engine, { ...ask('Spanish, please.'), platformTools })
    const begun = engine.begin({ ...ask(), platformTools })
    await engine.interrupted(ask(), 'Sure')
    const turn = await begun
    expect(turn.facts.kind).toBe('follow_up')
    const { signal } = new AbortController()
    const end = await turn.run({ signal, streams: true, onEvent: () => undefined })
    expect(end.isSuperseded).toBe(true)
    await turn.ended
    gate.release()
  })

  it('of a conversation without a key changes nothing', async () => {
    const engine = buildEngine({ flow: FLOW, upstream: createModel(() => ({ text: 'Yes.' })) })
    await expect(engine.interrupted(toRequest([], { key: null }), 'Ye')).resolves.toBeUndefined()
  })
})
