import { describe, expect, it } from 'vitest'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'

const HI = user('Hi there.')
const FLOW = {
  name: 'test',
  starting_state: 'a',
  general_prompt: 'For {{name}}, {{age}} years old, in {{city}}.',
  variables: {
    name: {},
    age: { type: 'integer' },
    city: { default: 'Oslo' },
    tags: { type: 'array', default: [] },
  },
  states: {
    a: {
      tools: ['find'],
      edges: [{ to: 'b', when: { type: 'expression', var: 'city', op: '==', value: 'Rome' } }],
    },
    b: {},
  },
}
const TOOLS = {
  find: {
    type: 'static',
    result: { name: 'Ada' },
    assignments: [{ variable: 'name', value_path: 'name' }],
  },
}

function start(calls: readonly string[] = []) {
  const queue = [...calls]
  const upstream = createModel(() => {
    const name = queue.shift()
    return name ? { calls: [{ id: 'c1', name, arguments: '{}' }] } : { text: 'Well.' }
  })
  return { engine: buildEngine({ flow: FLOW, tools: TOOLS, upstream }), upstream }
}

async function derived(variables: Readonly<Record<string, unknown>>) {
  return (await start().engine.derive(toRequest([HI], { variables }))).variables
}

describe('what the platform knows of a call', () => {
  it('sets declared variables, as the types that they have', async () => {
    expect(await derived({ name: 'Grace', age: '47', tags: ['a'], other: 1 })).toEqual({
      name: 'Grace',
      age: 47,
      city: 'Oslo',
      tags: ['a'],
    })
  })

  it('sets nothing by a value of another type', async () => {
    expect(await derived({ name: null, age: 'old', city: {}, tags: 'a' })).toEqual({
      city: 'Oslo',
      tags: [],
    })
  })

  it('stands over a default, and moves the flow', async () => {
    const { engine, upstream } = start()
    const given = { variables: { city: 'Rome', name: 'Grace', age: 47 } }
    const { facts } = await answer(engine, toRequest([HI], given))
    expect(facts.state).toBe('b')
    expect(upstream.requests[0]?.messages[0]).toMatchObject({
      content: 'For Grace, 47 years old, in Rome.',
    })
  })

  it('stands under what the conversation has set', async () => {
    const { engine } = start(['find'])
    const variables = { name: 'Grace' }
    const { text } = await answer(engine, toRequest([HI], { variables }))
    const next = toRequest([HI, assistant(text), user('And now?')], { variables })
    expect((await engine.derive(next)).variables).toMatchObject({ name: 'Ada' })
  })

  it('may change from request to request', async () => {
    const { engine } = start()
    const { text } = await answer(engine, toRequest([HI], { variables: {} }))
    const next = [HI, assistant(text), user('And now?')]
    const later = await engine.derive(toRequest(next, { variables: { name: 'Grace' } }))
    expect(later.variables).toMatchObject({ name: 'Grace' })
  })

  it('cannot reach into what every object has', async () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"name": "Mallory"}, "constructor": "x"}')
    expect(await derived(hostile as Record<string, unknown>)).toEqual({ city: 'Oslo', tags: [] }) // a JSON object
  })
})
