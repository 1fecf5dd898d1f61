import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds, isBuiltIn, toPattern, type Facts } from '../../src/flow/condition.ts'
import { OPERATORS, type Condition, type Operator } from '../../src/flow/definition.ts'

function facts(variables: Record<string, unknown> = {}, more: Partial<Facts> = {}): Facts {
  const base = { extra: {}, exchange: 3, turnsInState: 2, kind: 'new', lastUserText: 'Yes, please' }
  return { ...base, variables, ...more }
}

function test(left: unknown, op: Operator, value?: unknown): boolean {
  return holds({ var: 'x', op, value }, facts(left === undefined ? {} : { x: left }))
}

describe('== and !=', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'A', false],
    [5, 5, true],
    ['5', 5, true],
    [5, '5', true],
    [true, 'true', true],
    ['true', true, true],
    [1, true, false],
    ['', false, false],
    [0, '', false],
    [undefined, 'a', false],
    [null, 'a', false],
    [null, null, true],
    [[1], [1], false],
    [{ a: 1 }, { a: 1 }, false],
    [['a'], 'a', false],
  ])('%j and %j', (left, right, equal) => {
    expect(test(left, '==', right)).toBe(equal)
    expect(test(left, '!=', right)).toBe(!equal)
  })
})

describe('the order of values', () => {
  it.each([
    [5, 4, 1],
    ['5', 4, 1],
    ['10', '9', 1],
    ['4.5', '4.50', 0],
    ['2026-11-20', '2026-11-21', -1],
    ['2026-11-20T10:00', '2026-11-20T09:59', 1],
    ['b', 'a', 1],
    [-1, 0, -1],
  ])('%j to %j', (left, right, order) => {
    expect(test(left, '>', right)).toBe(order > 0)
    expect(test(left, '>=', right)).toBe(order >= 0)
    expect(test(left, '<', right)).toBe(order < 0)
    expect(test(left, '<=', right)).toBe(order <= 0)
  })

  it.each([
    [undefined, 1],
    [null, 1],
    ['', 1],
    ['   ', 1],
    [1, ' '],
    ['', ''],
    ['many', 5],
    [5, 'many'],
    [[5], 4],
    [{}, 4],
    [1, undefined],
  ])('%j to %j is none: every comparison is false', (left, right) => {
    for (const op of ['>', '>=', '<', '<='] as const) expect(test(left, op, right)).toBe(false)
  })
})

describe('contains', () => {
  it.each([
    ['Book a TABLE', 'table', true],
    ['Book', 'table', false],
    ['room 12', 12, true],
    [['a', 'b'], 'b', true],
    [['a', 5], '5', true],
    [['ab'], 'a', false],
    [undefined, 'a', false],
    [{ a: 1 }, 'a', false],
    ['text', undefined, false],
  ])('%j and %j', (left, right, found) => {
    expect(test(left, 'contains', right)).toBe(found)
    expect(test(left, 'not_contains', right)).toBe(!found)
  })
})

describe('exists', () => {
  it.each([
    [0, true],
    [false, true],
    ['x', true],
    [[], true],
    ['', false],
    [null, false],
    [undefined, false],
  ])('%j', (left, found) => {
    expect(test(left, 'exists')).toBe(found)
    expect(test(left, 'not_exist')).toBe(!found)
  })
})

describe('matches', () => {
  it.each([
    ['Yes, please', '^yes', true],
    ['ДА, конечно', '^да', true],
    ['no', '^yes', false],
    [42, '^\\d+$', true],
    [['yes'], 'yes', false],
    [undefined, '.*', false],
    ['x', 5, false],
    ['x', '(', false],
  ])('%j with %j', (left, pattern, found) => expect(test(left, 'matches', pattern)).toBe(found))

  it('looks at the first 2000 characters only', () => {
    expect(test(`${'x'.repeat(2000)}y`, 'matches', 'y')).toBe(false)
  })

  it('knows a broken pattern', () => {
    expect(toPattern('[')).toBeNull()
    expect(toPattern('[a]')).toBeInstanceOf(RegExp)
  })
})

describe('what a condition names', () => {
  it.each([
    ['$exchange', 3],
    ['$turns_in_state', 2],
    ['$kind', 'new'],
    ['$last_user_text', 'Yes, please'],
    ['$extra.plan.name', 'gold'],
    ['order.items.0', 'tea'],
  ])('%s', (name, value) => {
    const known = facts({ order: { items: ['tea'] } }, { extra: { plan: { name: 'gold' } } })
    expect(holds({ var: name, op: '==', value }, known)).toBe(true)
  })

  it.each(['__proto__', 'constructor', '$extra.__proto__', '$extra.constructor', '$extra', '$x'])(
    'reaches nothing by %s',
    (name) => expect(holds({ var: name, op: 'exists' }, facts())).toBe(false),
  )

  it('tells built-ins from variables', () => {
    expect(['$exchange', '$extra.x', '$extra', 'exchange', '$toString'].map(isBuiltIn)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})

describe('all, any and not', () => {
  const yes: Condition = { var: 'x', op: 'exists' }
  const no: Condition = { var: 'y', op: 'exists' }

  it.each<[Condition, boolean]>([
    [{ all: [yes, yes] }, true],
    [{ all: [yes, no] }, false],
    [{ any: [no, yes] }, true],
    [{ any: [no, no] }, false],
    [{ not: no }, true],
    [{ not: { all: [yes, { any: [no, { not: yes }] }] } }, true],
  ])('%j', (condition, expected) => expect(holds(condition, facts({ x: 1 }))).toBe(expected))
})

describe('any operator', () => {
  const value = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.constantFrom('', ' ', '5', 5))

  it('gives true or false for values of any two types, and never throws', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(...OPERATORS), value, (left, op, right) => {
        expect(typeof test(left, op, right)).toBe('boolean')
      }),
    )
  })

  it('of order holds for at most one direction', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(test(left, '<', right) && test(left, '>', right)).toBe(false)
        if (test(left, '<', right)) expect(test(left, '<=', right)).toBe(true)
      }),
    )
  })
})
