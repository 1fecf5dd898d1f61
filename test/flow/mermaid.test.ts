import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Flow } from '../../src/flow/definition.ts'
import { toMermaid } from '../../src/flow/mermaid.ts'

function diagram(states: object, starting_state = 'a') {
  return toMermaid(Flow.parse({ name: 'test', starting_state, states })).split('\n')
}

const edgeTo = (to: string, when: object) => ({ to, when })

it('draws the start, and each kind of edge with its condition', () => {
  const all = [
    { var: 'id', op: 'exists' },
    {
      any: [
        { var: '$exchange', op: '>=', value: 5 },
        { var: 'x', op: '==', value: 'y' },
      ],
    },
  ]
  const lines = diagram({
    a: {
      edges: [
        edgeTo('b', { type: 'llm', description: 'The caller agrees.' }),
        edgeTo('b', { type: 'result', tool: 'book', status: 'failed' }),
        { ...edgeTo('b', { type: 'always' }), require_heard: 'full' },
        edgeTo('b', { type: 'expression', all }),
        edgeTo('b', { type: 'expression', not: { var: 'id', op: 'not_exist' } }),
      ],
    },
    b: {},
  })
  expect(lines).toEqual([
    'stateDiagram-v2',
    '    a',
    '    b',
    '    [*] --> a',
    '    a --> b : The caller agrees.',
    '    a --> b : book = failed',
    '    a --> b : always (heard in full)',
    '    a --> b : id exists and ($exchange #62;= 5 or x == #34;y#34;)',
    '    a --> b : not (id does not exist)',
    '',
  ])
})

it('draws a global edge once, from a box that stands for every other state', () => {
  const lines = diagram({ a: {}, human: { global: { when: { type: 'always' } } } })
  expect(lines).toContain('    state "any other state" as any_other_state')
  expect(lines).toContain('    any_other_state --> human : always')
})

it('gives names that Mermaid would misread an id of their own', () => {
  const lines = diagram(
    { end: { edges: [edgeTo('state_1', { type: 'always' })] }, '1-a': {}, state_1: {} },
    'end',
  )
  expect(lines.slice(1, 5)).toEqual([
    '    state "end" as state_1',
    '    state "1-a" as state_2',
    '    state "state_1" as state_3',
    '    [*] --> state_1',
  ])
  expect(lines).toContain('    state_1 --> state_3 : always')
})

it('shortens long descriptions and never leaves half a character', () => {
  const description = `${'x'.repeat(56)}😀😀😀 and so on`
  const [line] = diagram({ a: { edges: [edgeTo('a', { type: 'llm', description })] } }).slice(3)
  expect(line).toBe(`    a --> a : ${'x'.repeat(56)}...`)
})

it('lets no description out of its label', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (description) => {
      const lines = diagram({ a: { edges: [edgeTo('a', { type: 'llm', description })] } })
      expect(lines).toHaveLength(5)
      const label = lines[3]?.slice('    a --> a : '.length) ?? ''
      expect(label.replace(/#\d+;/g, '')).not.toMatch(/[:;#%<>{}[\]"`\\|&@~^\n\r]/)
    }),
  )
})
