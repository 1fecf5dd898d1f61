import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { valueAt } from '../../src/flow/value-at.ts'

describe('a value at a path', () => {
  it.each([
    ['name', 'Ada'],
    ['items.1.id', 7],
    ['items.length', 2],
    ['items.2.id', undefined],
    ['items.-1', undefined],
    ['name.length', undefined],
    ['none.x', undefined],
    ['', undefined],
    ['.name', undefined],
    ['name.', undefined],
  ])('is found at %s', (path, expected) => {
    const value = { name: 'Ada', items: [{ id: 6 }, { id: 7 }], none: null }
    expect(valueAt(value, path)).toBe(expected)
  })

  it.each(['__proto__', 'constructor', 'items.__proto__', 'items.push', 'toString.name'])(
    'is never one of a prototype: %s',
    (path) => expect(valueAt({ items: [] }, path)).toBeUndefined(),
  )

  it('is an own property whatever its name', () => {
    expect(valueAt(JSON.parse('{"__proto__": {"constructor": 1}}'), '__proto__.constructor')).toBe(
      1,
    )
  })

  it('is found nowhere in what is no object', () => {
    for (const value of [null, undefined, 'text', 5, true])
      expect(valueAt(value, 'a')).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), fc.string(), (value, path) => void valueAt(value, path)))
  })
})
