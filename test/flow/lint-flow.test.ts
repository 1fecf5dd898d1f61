import { describe, expect, it } from 'vitest'
import { Flow } from '../../src/flow/definition.ts'
import { lintFlow } from '../../src/flow/lint-flow.ts'
import { Tools } from '../../src/flow/tool-definition.ts'

function warningsOf(flow: object, tools: object = {}) {
  const whole = { name: 'test', starting_state: 'a', states: { a: {} }, ...flow }
  return lintFlow(Flow.parse(whole), Tools.parse(tools)).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )
}

const always = (to: string) => ({ to, when: { type: 'always' } })
const when = { type: 'llm', description: 'x' }
const tool = { type: 'static', result: 'x' }

describe('states', () => {
  it('that no edge leads to are named', () => {
    const states = {
      a: { edges: [always('b')] },
      b: { edges: [always('a')] },
      c: { edges: [always('d')] },
      d: { edges: [always('c')] },
      e: { global: { when }, edges: [always('a')] },
    }
    expect(warningsOf({ states })).toEqual([
      'flow.states.c: no edge leads to this state from the start, "a"',
      'flow.states.d: no edge leads to this state from the start, "a"',
    ])
  })

  it('without a way out are named, unless they say something or may end the call', () => {
    const to = (...ids: readonly string[]) => ids.map(always)
    const allow = { platform_tools: { allow: ['end_call'] } }
    const states = {
      a: {
        edges: to('b')
          .concat(to('c', 'd', 'e'))
          .map((edge) => ({ ...edge, when })),
      },
      b: { say: 'Goodbye.' },
      c: allow,
      d: {},
      e: { edges: [{ to: 'e', when }] },
    }
    expect(warningsOf({ states }).map((line) => line.split(':')[0])).toEqual([
      'flow.states.d',
      'flow.states.e',
    ])
    expect(warningsOf({ states, ...allow })).toEqual([])
    expect(warningsOf({ states: { ...states, f: { global: { when }, say: 'x' } } })).toEqual([])
  })

  it('are no dead end when there is only one', () => {
    expect(warningsOf({})).toEqual([])
  })
})

it('names edges behind one that is always taken, but not those of another kind', () => {
  const edges = [
    always('b'),
    { to: 'b', when: { type: 'expression', var: '$exchange', op: '>', value: 1 } },
    { to: 'b', when },
  ]
  expect(warningsOf({ states: { a: { edges }, b: { say: 'x' } } })).toEqual([
    'flow.states.a.edges.1: is never taken, as edge 0 before it always is',
  ])
})

it('names results that never come', () => {
  const result = (name: string) => ({ type: 'result', tool: name, status: 'ok' })
  const states = {
    a: {
      tools: ['book'],
      edges: ['book', 'hours', 'pay', 'bok', 'transfer'].map((name) => ({
        to: 'b',
        when: result(name),
      })),
    },
    b: { say: 'x', tools: ['pay'], global: { when: result('idle') } },
  }
  const tools = { book: tool, hours: tool, pay: tool, idle: tool }
  expect(
    warningsOf({ states, general_tools: ['hours'] }, tools).filter((line) =>
      /when\.tool/.test(line),
    ),
  ).toEqual([
    'flow.states.a.edges.2.when.tool: this state does not offer "pay", so its result never comes',
    'flow.states.a.edges.3.when.tool: is no server tool; did you mean "book"?',
    'flow.states.b.global.when.tool: no state offers "idle", so its result never comes',
  ])
})

it('names tools that no state uses, but not those that only undo', () => {
  const tools = {
    book: { ...tool, compensate: { tool: 'cancel' } },
    pay: { ...tool, compensate: { tool: 'refund' } },
    cancel: tool,
    idle: tool,
  }
  expect(warningsOf({ general_tools: ['book', 'pay'] }, tools)).toEqual([
    'tools.idle: no state uses this tool; name it under tools of a state or general_tools',
  ])
})

describe('names in templates and conditions', () => {
  it('are taken from variables, arguments, results and built-ins', () => {
    const flow = {
      general_prompt: '{{clinic}} {{now}} {{extra.user.name}} {{slot.start}} {{language}}',
      general_tools: ['book'],
      default_dynamic_variables: { clinic: 'x' },
      variables: { slot: { type: 'object' } },
      states: {
        a: { edges: [{ to: 'a', when: { type: 'expression', var: 'slot.start', op: 'exists' } }] },
      },
    }
    const book = {
      type: 'webhook',
      url: 'https://api.example/{{clinic}}?x={{who}}',
      headers: { 'x-a': '{{slot.start}}' },
      body: { list: [{ deep: '{{who}}' }] },
      parameters: { type: 'object', properties: { who: {} } },
      readback: '{{who}}?',
      result_template: '{{result.id}} for {{who}}',
      compensate: { tool: 'book', arguments: { id: '{{result.id}}' } },
    }
    expect(warningsOf(flow, { book })).toEqual([])
  })

  it('are named where nothing sets them', () => {
    const flow = {
      general_prompt: 'You are {{agent}}.',
      general_tools: ['t'],
      variables: { slot: {} },
      states: {
        a: {
          state_prompt: '{{slto}} {{slto}}',
          say: { en: 'Hi', no: 'Hei {{navn}}' },
          on_silence: { prompt: '{{x1}}' },
          edges: [{ to: 'a', when: { type: 'expression', not: { var: 'slit', op: 'exists' } } }],
        },
      },
    }
    const t = { type: 'webhook', url: 'https://api.example/', body: [{ a: '{{result.id}}' }] }
    expect(warningsOf(flow, { t })).toEqual([
      'flow.general_prompt: uses {{agent}}, which is nowhere declared and renders empty',
      'flow.states.a.state_prompt: uses {{slto}}, which is nowhere declared and renders empty; did you mean "slot"?',
      'flow.states.a.say.no: uses {{navn}}, which is nowhere declared and renders empty',
      'flow.states.a.on_silence.prompt: uses {{x1}}, which is nowhere declared and renders empty',
      'tools.t.body.0.a: uses {{result.id}}, which is nowhere declared and renders empty',
      'flow.states.a.edges.0.when.not.var: flow.variables has no "slit", so this is never set; did you mean "slot"?',
    ])
  })
})
