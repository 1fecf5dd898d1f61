import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignedByName, assignedFrom } from '../../src/flow/assign.ts'
import { Flow, type Variable } from '../../src/flow/definition.ts'

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array'] as const

const flow = Flow.parse({
  name: 'test',
  starting_state: 'a',
  states: { a: {} },
  variables: Object.fromEntries(TYPES.map((type) => [`a_${type}`, { type }])),
})

function assign(type: Variable['type'], value: unknown): unknown {
  return assignedByName(flow, { [`a_${type}`]: value })[`a_${type}`]
}

describe('a value that is assigned', () => {
  it.each<[Variable['type'], unknown, unknown]>([
    ['string', 'x', 'x'],
    ['string', '', ''],
    ['string', 7, '7'],
    ['string', false, 'false'],
    ['string', {}, undefined],
    ['string', ['x'], undefined],
    ['number', 4.5, 4.5],
    ['number', '4.5', 4.5],
    ['number', ' 5 ', 5],
    ['number', '', undefined],
    ['number', '  ', undefined],
    ['number', 'five', undefined],
    ['number', 'Infinity', undefined],
    ['number', Number.NaN, undefined],
    ['number', true, undefined],
    ['integer', 5, 5],
    ['integer', '5', 5],
    ['integer', 5.5, undefined],
    ['integer', '5.5', undefined],
    ['boolean', true, true],
    ['boolean', 'false', false],
    ['boolean', 1, undefined],
    ['boolean', 'yes', undefined],
    ['array', [1], [1]],
    ['array', {}, undefined],
    ['array', '[]', undefined],
    ['object', { a: 1 }, { a: 1 }],
    ['object', [1], undefined],
    ['object', '{}', undefined],
  ])('to a %s: %j', (type, value, expected) => expect(assign(type, value)).toEqual(expected))

  it('sets nothing when it is null or absent', () => {
    for (const type of TYPES) expect(assign(type, null)).toBeUndefined()
    expect(assignedByName(flow, {})).toEqual({})
  })

  it('comes from the path of its assignment', () => {
    const assignments = [
      { variable: 'a_string', value_path: 'items.0.id' },
      { variable: 'a_integer', value_path: 'total' },
      { variable: 'a_array', value_path: 'nowhere.0' },
    ]
    expect(assignedFrom(flow, assignments, { items: [{ id: 12 }], total: '3' })).toEqual({
      a_string: '12',
      a_integer: 3,
    })
  })

  it('never comes from a prototype, and a result that is no object sets nothing', () => {
    const assignments = [{ variable: 'a_string', value_path: 'constructor.name' }]
    for (const result of [{}, [], 'text', null, undefined, 5]) {
      expect(assignedFrom(flow, assignments, result)).toEqual({})
    }
  })

  it('by name sets declared variables only', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"x": 1}, "other": 1, "a_string": "x"}')
    const set = assignedByName(flow, hostile as Record<string, unknown>) // an object, as written above
    expect(set).toEqual({ a_string: 'x' })
    expect(Object.keys(set)).toEqual(['a_string'])
  })

  it('fits the declared type whatever it was', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), fc.anything(), (type, value) => {
        const set = assign(type, value)
        if (set === undefined) return
        if (type === 'array') expect(Array.isArray(set)).toBe(true)
        else if (type === 'integer') expect(Number.isInteger(set)).toBe(true)
        else expect(typeof set).toBe(type)
      }),
    )
  })
})
