import { describe, expect, it } from 'vitest'
import { checkFlow } from '../../src/flow/check-flow.ts'
import { Flow } from '../../src/flow/definition.ts'
import { Tools } from '../../src/flow/tool-definition.ts'

function problemsOf(flow: object, tools: object = {}) {
  const whole = { name: 'test', starting_state: 'a', states: { a: {} }, ...flow }
  return checkFlow(Flow.parse(whole), Tools.parse(tools)).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )
}

const llm = (description: string) => ({ type: 'llm', description })
const hours = { type: 'static', result: '8-18' }

it('finds nothing wrong with a flow that holds together', () => {
  const flow = {
    general_tools: ['hours'],
    default_dynamic_variables: { clinic: 'Oak Street', count: 2 },
    variables: { slot: {}, count: { type: 'integer', default: 1 }, list: { type: 'array' } },
    states: {
      a: {
        tools: ['book'],
        edges: [
          { to: 'b', when: { ...llm('x'), parameters: { properties: { slot: {} } } } },
          { to: 'c', when: llm('the state has its own edge to a global state') },
          { to: 'b', when: { type: 'result', tool: 'platform_tool', status: 'ok' } },
          { to: 'b', when: { type: 'expression', not: { var: 'slot', op: 'exists' } } },
        ],
        on_silence: { prompt: 'Ask.' },
      },
      b: { edges: [{ to: 'a', when: { type: 'always' } }] },
      c: { global: { when: llm('x') } },
    },
  }
  const book = { type: 'static', result: 1, assignments: [{ variable: 'clinic', value_path: 'x' }] }
  expect(problemsOf(flow, { hours, book })).toEqual([])
})

describe('names that lead nowhere', () => {
  it('are named for states', () => {
    expect(
      problemsOf({
        starting_state: 'A1',
        states: { a1: { edges: [{ to: 'b', when: { type: 'always' } }] } },
      }),
    ).toEqual([
      'flow.starting_state: there is no state "A1"; did you mean "a1"?',
      'flow.states.a1.edges.0.to: there is no state "b"',
    ])
  })

  it('do not take what every object has for a state or a tool', () => {
    expect(problemsOf({ starting_state: 'constructor', general_tools: ['toString'] })).toEqual([
      'flow.starting_state: there is no state "constructor"',
      'flow.general_tools.0: there is no tool "toString" under tools',
    ])
  })

  it('are named for tools', () => {
    expect(
      problemsOf({ general_tools: ['huors'], states: { a: { tools: ['no'] } } }, { hours }),
    ).toEqual([
      'flow.general_tools.0: there is no tool "huors" under tools; did you mean "hours"?',
      'flow.states.a.tools.0: there is no tool "no" under tools',
    ])
  })

  it('are named for the variables of assignments and of llm edges', () => {
    const when = { ...llm('x'), parameters: { properties: { slto: {}, clinic: {} } } }
    expect(
      problemsOf(
        {
          default_dynamic_variables: { clinic: 'x' },
          variables: { slot: {} },
          states: { a: { global: { when } } },
        },
        { t: { ...hours, assignments: [{ variable: 'slit', value_path: 'x' }] } },
      ),
    ).toEqual([
      'flow.states.a.global.when.parameters.properties.slto: sets no variable, as flow.variables has no "slto"; did you mean "slot"?',
      'flow.states.a.global.when.parameters.properties.clinic: sets no variable, as flow.variables has no "clinic"',
      'tools.t.assignments.0.variable: flow.variables has no "slit"; did you mean "slot"?',
    ])
  })

  it('are named for built-ins, however deep in a condition', () => {
    const when = {
      type: 'expression',
      all: [
        { any: [{ var: '$exchnage', op: '>', value: 1 }] },
        { not: { var: '$extra.', op: 'exists' } },
        { var: '$extra.user.age', op: '>', value: 1 },
        { var: '$kind', op: '==', value: 'new' },
      ],
    }
    expect(problemsOf({ states: { a: { edges: [{ to: 'a', when }] } } })).toEqual([
      expect.stringMatching(
        /^flow\.states\.a\.edges\.0\.when\.all\.0\.any\.0\.var: there is no "\$exchnage".*"\$exchange"\?$/,
      ),
      expect.stringMatching(
        /^flow\.states\.a\.edges\.0\.when\.all\.1\.not\.var: there is no "\$extra\."/,
      ),
    ])
  })
})

describe('what contradicts itself', () => {
  it('is refused: two llm edges to one state', () => {
    const edges = [
      { to: 'a', when: llm('x') },
      { to: 'a', when: { type: 'always' } },
      { to: 'a', when: llm('y') },
    ]
    expect(problemsOf({ states: { a: { edges } } })).toEqual([
      expect.stringContaining('flow.states.a.edges.2.to: is the second llm edge to "a"'),
    ])
  })

  it('is refused: a tool that is listed twice', () => {
    expect(
      problemsOf(
        { general_tools: ['hours'], states: { a: { tools: ['hours', 'x', 'x'] } } },
        { hours, x: hours },
      ),
    ).toEqual([
      'flow.states.a.tools.2: lists "x" a second time',
      expect.stringContaining('flow.states.a.tools.0: "hours" is one of general_tools'),
    ])
  })

  it('is refused: a tool with the name of a transition', () => {
    expect(problemsOf({}, { transition_to_a: hours })).toEqual([
      expect.stringMatching(/^tools\.transition_to_a: no tool may be named transition_to_/),
    ])
  })

  it('is refused: commit: confirmed without a read-back', () => {
    expect(problemsOf({}, { pay: { ...hours, commit: 'confirmed' } })).toEqual([
      expect.stringMatching(/^tools\.pay\.commit: commit: confirmed needs a readback/),
    ])
  })

  it('is refused: a comparison without its value, or with a broken regular expression', () => {
    const any = [
      { var: 'v', op: '==' },
      { var: 'v', op: 'matches', value: '(' },
      { var: 'v', op: 'matches', value: 5 },
      { var: 'v', op: 'not_exist' },
    ]
    const edges = [{ to: 'a', when: { type: 'expression', any } }]
    expect(problemsOf({ variables: { v: {} }, states: { a: { edges } } })).toEqual([
      'flow.states.a.edges.0.when.any.0: the operator == needs a value',
      'flow.states.a.edges.0.when.any.1.value: must be a regular expression',
      'flow.states.a.edges.0.when.any.2.value: must be a regular expression',
    ])
  })

  it.each([
    ['string', 1, 'x'],
    ['number', '1', 1.5],
    ['integer', 1.5, 1],
    ['boolean', 'true', true],
    ['object', [], {}],
    ['array', {}, []],
  ])('is refused: a default that is no %s', (type, wrong, right) => {
    const of = (value: unknown) => problemsOf({ variables: { v: { type, default: value } } })
    expect(of(wrong)).toEqual([`flow.variables.v.default: must be of the variable's type, ${type}`])
    expect(of(right)).toEqual([])
    expect(
      problemsOf({ variables: { v: { type } }, default_dynamic_variables: { v: wrong } }),
    ).toEqual([`flow.default_dynamic_variables.v: must be of the variable's type, ${type}`])
  })
})
