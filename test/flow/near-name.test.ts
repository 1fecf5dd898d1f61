import { expect, it } from 'vitest'
import { nearName, suggestion } from '../../src/flow/near-name.ts'

it.each([
  ['secnd', 'second'],
  ['sya', 'say'],
  ['Free-Slots', 'free_slots'],
  ['tolls', 'tools'],
])('finds for %s the name that was meant', (name, meant) => {
  expect(nearName(name, ['second', 'say', 'free_slots', 'tools', 'edges'])).toBe(meant)
})

it('compares only so many names', () => {
  let looked = 0
  function* names() {
    for (; looked < 100_000; looked++) yield `name_${String(looked).padStart(5, '0')}`
  }
  expect(nearName('nome_00007', names())).toBe('name_00007')
  expect(looked).toBeLessThan(1000)
})

it('finds nothing where no name is near', () => {
  expect(nearName('goodbye', ['second', 'say', ''])).toBeUndefined()
  expect(nearName('x', [])).toBeUndefined()
  expect(suggestion('goodbye', ['second'])).toBe('')
  expect(suggestion('secnd', ['second'])).toBe('; did you mean "second"?')
})
