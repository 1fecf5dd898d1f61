import { describe, expect, it } from 'vitest'
import type { Completion } from '../../../src/upstream/upstream.ts'
import { answer, buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { user } from '../../support/history.ts'

const HI = user('Hi there.')
const calls = (...names: string[]): Partial<Completion> => ({
  calls: names.map((name, at) => ({ id: `c${at}`, name, arguments: '{}' })),
})

describe('a step of several server calls', () => {
  it('does not pass over the say of the state that the first of them led to', async () => {
    const flow = {
      name: 'test',
      starting_state: 'a',
      general_tools: ['book', 'hours'],
      variables: { hours: {} },
      states: {
        a: { edges: [{ to: 'done', when: { type: 'result', tool: 'book', status: 'ok' } }] },
        done: { say: 'You are booked.', edges: [{ to: 'next', when: { type: 'always' } }] },
        next: {},
      },
    }
    const tools = {
      book: { type: 'static', result: 'booked' },
      hours: {
        type: 'static',
        result: { hours: '8 to 18' },
        assignments: [{ variable: 'hours', value_path: 'hours' }],
      },
    }
    const model = createModel(() => calls('book', 'hours'))
    const engine = buildEngine({ flow, tools, upstream: model })
    const booked = await answer(engine, toRequest([HI]))
    expect(booked).toMatchObject({ text: 'You are booked.', state: 'done' })
    const heard = [HI, { role: 'assistant' as const, text: booked.text }, user('Thanks.')]
    expect(await engine.derive(toRequest(heard))).toMatchObject({
      state: 'next',
      variables: { hours: '8 to 18' },
    })
  })
})

describe('the arguments of an llm edge', () => {
  it('set only what the edge declares', async () => {
    const parameters = { type: 'object', properties: { slot: { type: 'string' } } }
    const flow = {
      name: 'test',
      starting_state: 'a',
      variables: { slot: {}, patient: { default: 'P1' } },
      states: {
        a: { edges: [{ to: 'b', when: { type: 'llm', description: 'Book', parameters } }] },
        b: {},
      },
    }
    const args = '{"slot":"ten","patient":"VICTIM"}'
    const replies = [{ calls: [{ id: 'c', name: 'transition_to_b', arguments: args }] }]
    const upstream = createModel(() => replies.shift() ?? { text: 'Shall I book ten?' })
    const engine = buildEngine({ flow, upstream })
    const asked = await answer(engine, toRequest([HI]))
    const heard = [HI, { role: 'assistant' as const, text: asked.text }, user('Yes.')]
    expect((await engine.derive(toRequest(heard))).variables).toEqual({
      slot: 'ten',
      patient: 'P1',
    })
  })
})

describe('half a sentence', () => {
  it('changes nothing, however often it is asked again', async () => {
    const results: unknown[] = []
    const open: (() => void)[] = []
    const upstream = createModel(async ({ messages }) => {
      const last = messages.at(-1)
      if (last?.role === 'tool') {
        results.push(last.content)
        return { text: 'So.' }
      }
      const isLonger = last?.role === 'user' && last.content === 'book it for ten tomorrow'
      if (isLonger) await new Promise<void>((resolve) => open.push(resolve))
      return isLonger ? { text: 'Booked.' } : calls('book')
    })
    const engine = buildEngine({
      flow: { name: 'test', starting_state: 'a', general_tools: ['book'], states: { a: {} } },
      tools: { book: { type: 'static', effect: 'write', commit: 'immediate', result: 'WRITTEN' } },
      upstream,
    })
    const longer = answer(engine, toRequest([user('book it for ten tomorrow')]))
    // Three begin before any of them ends.
    const again = () => answer(engine, toRequest([user('book it')]))
    const answered = await Promise.all([again(), again(), again()])
    // After that it is said again three times, and then generated once more.
    for (let count = 0; count < 4; count++) answered.push(await again())
    for (const release of open) release()
    await longer
    expect(answered.map(({ facts }) => facts.kind)).toEqual([
      ...['late', 'retry', 'retry'],
      ...['late', 'late', 'late', 'late'],
    ])
    expect(results).toHaveLength(2)
    for (const result of results) expect(result).toContain('Not done')
  })
})

describe('a conversation in which one text was huge', () => {
  it('keeps its past, and still knows the text', async () => {
    const replies = [
      { calls: [{ id: 'c', name: 'transition_to_b', arguments: '{}' }] },
      { text: 'Now in the second room.' },
    ]
    const go = { to: 'b', when: { type: 'llm', description: 'Go' } }
    const engine = buildEngine({
      flow: { name: 'test', starting_state: 'a', states: { a: { edges: [go] }, b: {} } },
      upstream: createModel(() => replies.shift() ?? { text: 'That was long.' }),
    })
    const first = await answer(engine, toRequest([HI]))
    const history = [HI, { role: 'assistant' as const, text: first.text }]
    const huge = user('word '.repeat(500_000))
    await answer(engine, toRequest([...history, huge]))
    expect((await engine.derive(toRequest([...history, huge]))).kind).toBe('retry')
    const longer = user(`${huge.text} more`)
    expect(await engine.derive(toRequest([...history, longer]))).toMatchObject({
      kind: 'revised',
      state: 'b',
      confidence: 'exact',
    })
  })
})
