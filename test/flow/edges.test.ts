import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/flow/condition.ts'
import { Flow } from '../../src/flow/definition.ts'
import {
  edgesFrom,
  enter,
  followOpenEdges,
  resultEdge,
  toTransition,
  transitionSchemas,
  transitionTools,
} from '../../src/flow/edges.ts'
import { initialPosition, type Position } from '../../src/flow/position.ts'

const llm = (description = 'Go') => ({ type: 'llm', description })
const always = { type: 'always' }
const whenSet = (name: string) => ({ type: 'expression', var: name, op: 'exists' })

function flowOf(states: Record<string, unknown>, more: Record<string, unknown> = {}): Flow {
  const starting_state = Object.keys(states)[0]
  return Flow.parse({ name: 'test', starting_state, states, ...more })
}

const at = (state: string, variables = {}): Position => ({ state, variables, enteredAfter: 0 })
const factsAt = ({ variables, enteredAfter }: Position): Facts => ({
  variables,
  extra: {},
  exchange: 4,
  turnsInState: 4 - enteredAfter,
  kind: 'new',
  lastUserText: '',
})

function follow(flow: Flow, position: Position, budget = 3): string[] {
  const options = { factsAt, enteredAfter: 3, budget }
  return followOpenEdges(flow, position, options).map((transition) => transition.to)
}

describe('the edges of a state', () => {
  const flow = flowOf({
    a: { edges: [{ to: 'b', when: llm() }] },
    b: { global: { when: llm('Any time') } },
    c: { global: { when: always, require_heard: 'full' } },
  })

  it('are its own, then the global ones of the other states, in their order', () => {
    expect(edgesFrom(flow, 'a').map((edge) => [edge.to, edge.when.type])).toEqual([
      ['b', 'llm'],
      ['c', 'always'],
    ])
    expect(edgesFrom(flow, 'c').map((edge) => edge.to)).toEqual(['b'])
  })

  it('keep what a global edge asks for', () => {
    expect(edgesFrom(flow, 'b')).toEqual([{ to: 'c', when: always, require_heard: 'full' }])
  })

  it('keep a global edge of another type beside an own one to the same state', () => {
    const both = flowOf({
      a: { edges: [{ to: 'b', when: whenSet('x') }] },
      b: { global: { when: llm() } },
    })
    expect(edgesFrom(both, 'a')).toHaveLength(2)
  })

  it.each(['nowhere', '__proto__', 'constructor'])('are the global ones at %s', (state) => {
    expect(edgesFrom(flow, state).map((edge) => edge.to)).toEqual(['b', 'c'])
  })
})

describe('llm edges', () => {
  const parameters = { type: 'object', properties: { slot: { type: 'string' } } }
  const flow = flowOf({
    a: {
      edges: [
        { to: 'b', when: { ...llm('To b'), parameters } },
        { to: 'c', when: always },
      ],
    },
    b: {},
    c: { edges: [{ to: 'b', when: llm('Also to b') }] },
  })

  it('are offered as tools', () => {
    expect(transitionTools(flow, 'a')).toMatchObject([
      { name: 'transition_to_b', description: 'To b', parameters },
    ])
  })

  it('may ask for other arguments in each state', () => {
    expect(transitionSchemas(flow)).toEqual({
      'a/transition_to_b': parameters,
      'c/transition_to_b': { type: 'object', properties: {} },
    })
  })
})

describe('result edges', () => {
  const flow = flowOf({
    a: {
      edges: [
        { to: 'b', when: { type: 'result', tool: 'book', status: 'ok' } },
        { to: 'c', when: { type: 'result', tool: 'book', status: 'failed' } },
        { to: 'c', when: { type: 'result', tool: 'book', status: 'ok' } },
      ],
    },
    b: {},
    c: { global: { when: { type: 'result', tool: 'book', status: 'unknown' } } },
  })

  it.each([
    ['book', 'ok', 'b'],
    ['book', 'failed', 'c'],
    ['book', 'unknown', 'c'],
    ['find', 'ok', undefined],
  ])('%s that ended %s', (tool, status, to) => {
    expect(resultEdge(flow, 'a', { tool, status })?.to).toBe(to)
  })
})

describe('open edges', () => {
  it('are followed one after the other, the first true one in each state', () => {
    const flow = flowOf({
      a: {
        edges: [
          { to: 'd', when: whenSet('nothing') },
          { to: 'b', when: whenSet('x') },
          { to: 'd', when: always },
        ],
      },
      b: { edges: [{ to: 'c', when: always }] },
      c: {},
      d: {},
    })
    expect(follow(flow, at('a', { x: 1 }))).toEqual(['b', 'c'])
    expect(follow(flow, at('a'))).toEqual(['d'])
  })

  it('are not those of the model or of results', () => {
    const result = { type: 'result', tool: 't', status: 'ok' }
    const flow = flowOf({
      a: {
        edges: [
          { to: 'b', when: llm() },
          { to: 'b', when: result },
        ],
      },
      b: {},
    })
    expect(follow(flow, at('a'))).toEqual([])
  })

  it('stop at the budget when they go round in circles', () => {
    const flow = flowOf({
      a: { edges: [{ to: 'b', when: always }] },
      b: { edges: [{ to: 'a', when: always }] },
      c: { edges: [{ to: 'c', when: always }] },
    })
    expect(follow(flow, at('a'))).toEqual(['b', 'a', 'b'])
    expect(follow(flow, at('c'))).toEqual(['c', 'c', 'c'])
    expect(follow(flow, at('a'), 0)).toEqual([])
  })

  it('stop at a state that has something to say, and go on from it later', () => {
    const flow = flowOf({
      a: { edges: [{ to: 'b', when: always }] },
      b: { say: 'Booked.', edges: [{ to: 'c', when: always }] },
      c: {},
    })
    expect(follow(flow, at('a'))).toEqual(['b'])
    expect(follow(flow, at('b'))).toEqual(['c'])
  })

  it('see the count of turns begin anew in the state that was entered', () => {
    const tired = { type: 'expression', var: '$turns_in_state', op: '>=', value: 4 }
    const flow = flowOf({
      a: { edges: [{ to: 'b', when: tired }] },
      b: { edges: [{ to: 'c', when: tired }] },
      c: {},
    })
    expect(follow(flow, at('a'))).toEqual(['b'])
  })

  it('never take more steps than they may, and each starts where the one before ended', () => {
    const names = ['a', 'b', 'c', 'd'] as const
    const edges = fc.array(fc.constantFrom(...names), { maxLength: 2 })
    const flows = fc.record({ a: edges, b: edges, c: edges, d: edges })
    fc.assert(
      fc.property(flows, fc.nat(8), (model, budget) => {
        const flow = flowOf(
          Object.fromEntries(
            Object.entries(model).map(([name, targets]) => [
              name,
              { edges: targets.map((to) => ({ to, when: always })) },
            ]),
          ),
        )
        const taken = followOpenEdges(flow, at('a'), { factsAt, enteredAfter: 3, budget })
        expect(taken.length).toBeLessThanOrEqual(budget)
        taken.forEach(({ from }, index) => expect(from).toBe(taken[index - 1]?.to ?? 'a'))
      }),
    )
  })
})

describe('a transition', () => {
  it('moves the state and the count, and keeps the variables', () => {
    const edge = { to: 'b', when: { type: 'always' }, require_heard: 'full' } as const
    const transition = toTransition('a', edge, 5)
    expect(transition).toEqual({ from: 'a', to: 'b', requireFull: true, enteredAfter: 5 })
    expect(enter(at('a', { x: 1 }), transition)).toEqual({
      state: 'b',
      variables: { x: 1 },
      enteredAfter: 5,
    })
  })
})

describe('the first position', () => {
  it('is the starting state with the defaults of variables', () => {
    const flow = flowOf(
      { a: {} },
      {
        default_dynamic_variables: { clinic: 'Oak Street', calls: 0 },
        variables: { slot: {}, tries: { type: 'integer', default: 0 } },
      },
    )
    expect(initialPosition(flow)).toEqual({
      state: 'a',
      variables: { clinic: 'Oak Street', calls: 0, tries: 0 },
      enteredAfter: 0,
    })
  })
})
