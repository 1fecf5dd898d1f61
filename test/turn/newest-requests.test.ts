import { describe, expect, it, vi } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { createGate } from '../support/gate.ts'
import { assistant, user } from '../support/history.ts'

const SHORT = [user('I need an appointment')]
const LONG = [user('I need an appointment for tomorrow, please.')]
const HEARD = [user('Hi.'), assistant('Hello.')]

/** The first request runs until the test lets it go on; all others are answered at once. */
async function whileOneRuns(messages: readonly ConversationMessage[]) {
  const held = createGate()
  const model = createModel(() =>
    model.requests.length === 1 ? { text: 'First. ', until: held.released } : { text: 'Then.' },
  )
  const engine = buildEngine({ flow: FLOW, upstream: model })
  const first = answer(engine, toRequest(messages))
  await vi.waitFor(() => expect(model.requests).toHaveLength(1))
  const ask = (more: readonly ConversationMessage[], request: Partial<TurnRequest> = {}) =>
    answer(engine, toRequest(more, request))
  return { first, ask, model, release: held.release }
}

const FLOW = {
  name: 'test',
  starting_state: 'a',
  states: { a: { on_silence: { say: 'Are you there?' } } },
}
const NEWEST = { isNewest: true }

describe('a request that is known to be the newest', () => {
  it('takes the place of one with more speech, and is no straggler', async () => {
    const { first, ask, release } = await whileOneRuns(LONG)
    const newest = await ask(SHORT, NEWEST)
    expect(newest).toMatchObject({ facts: { kind: 'revised' }, text: 'Then.', isSuperseded: false })
    expect(await first).toMatchObject({ isSuperseded: true })
    release()
  })

  it('else is a straggler, and the one with more speech goes on', async () => {
    const { first, ask, release } = await whileOneRuns(LONG)
    expect((await ask(SHORT)).facts.kind).toBe('late')
    release()
    expect(await first).toMatchObject({ text: 'First. ', isSuperseded: false })
  })

  it.each([
    ['silence', [...HEARD, user('...')]],
    ['opening', []],
  ])('takes the place of what runs also as %s', async (kind, messages) => {
    const { first, ask, release } = await whileOneRuns([...HEARD, ...SHORT])
    expect((await ask(messages, NEWEST)).facts.kind).toBe(kind)
    expect(await first).toMatchObject({ isSuperseded: true })
    release()
  })

  it.each([
    ['silence', [...HEARD, user('...')]],
    ['opening', []],
  ])('else leaves what runs alone as %s', async (kind, messages) => {
    const { first, ask, release } = await whileOneRuns([...HEARD, ...SHORT])
    expect((await ask(messages)).facts.kind).toBe(kind)
    release()
    expect(await first).toMatchObject({ isSuperseded: false })
  })

  it('joins the turn that answers the very same, which goes on', async () => {
    const { first, ask, model, release } = await whileOneRuns(SHORT)
    const again = ask(SHORT, NEWEST)
    release()
    expect(await again).toMatchObject({ facts: { kind: 'retry' }, text: 'First. ' })
    expect(await first).toMatchObject({ text: 'First. ', isSuperseded: false })
    expect(model.requests).toHaveLength(1)
  })

  it('is answered from a turn that has ended, and ends another that runs', async () => {
    const model = createModel(() =>
      model.requests.length === 2 ? { text: 'Well', until: held.released } : { text: 'Done.' },
    )
    const held = createGate()
    const engine = buildEngine({ flow: FLOW, upstream: model })
    await answer(engine, toRequest(SHORT))
    const other = answer(engine, toRequest([user('Something else')], NEWEST))
    await vi.waitFor(() => expect(model.requests).toHaveLength(2))
    const again = await answer(engine, toRequest(SHORT, NEWEST))
    expect(again).toMatchObject({ facts: { kind: 'retry' }, text: 'Done.' })
    expect(await other).toMatchObject({ isSuperseded: true })
    expect(model.requests).toHaveLength(2)
    held.release()
  })

  it('ends no turn of another conversation', async () => {
    const { first, ask, release } = await whileOneRuns(LONG)
    await ask(SHORT, {
      ...NEWEST,
      keyMaterial: toRequest([], { key: 'call-2' }).keyMaterial,
    })
    release()
    expect(await first).toMatchObject({ text: 'First. ', isSuperseded: false })
  })
})

describe('a request for words without new speech', () => {
  it('is answered by the model, and is no silence', async () => {
    const model = createModel(() => ({ text: 'By the way.' }))
    const engine = buildEngine({ flow: FLOW, upstream: model })
    const told = [...HEARD, user('...')]
    const silent = await answer(engine, toRequest(told))
    expect(silent.text.trim()).toBe('Are you there?')
    expect((await answer(engine, toRequest(told, { isTriggered: true }))).text).toBe('By the way.')
    expect(model.requests).toHaveLength(1)
  })
})
