import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hasNestedQuantifier } from '../../src/config/nested-quantifier.ts'

it.each([
  '(a+)+',
  '(a*)*$',
  '^(\\w+\\s?|x+)+$',
  '(?:a|b+)*',
  '(?<name>[a-z]+){2,}',
  '((a+))+',
  '(\\w+\\s?)+',
  '(\\w+(?:, )?)+',
  '(x(a+){3,}?)*',
  '([)]+)+',
  '(\\(+)+',
])('finds the repeated repetition of %s', (source) => {
  expect(new RegExp(source, 'u')).toBeInstanceOf(RegExp)
  expect(hasNestedQuantifier(source)).toBe(true)
})

it.each([
  '',
  'CALL_ID=(conv_[A-Za-z0-9]+)',
  'conv_[A-Za-z0-9]+',
  '(a+b)+',
  '(a{2})+',
  '(a+)?',
  '(a?)+',
  '(a+){2,3}',
  '[(a+)+]',
  '\\(a+\\)+',
  '(a\\+)+',
  '([+])+',
  '^\\d{3}-\\d+$',
])('finds none in %s', (source) => {
  expect(new RegExp(source, 'u')).toBeInstanceOf(RegExp)
  expect(hasNestedQuantifier(source)).toBe(false)
})

const CHARACTERS = ['(', '(?', ')', '[', ']', '{1,}', '|', '*', '+', '?', '\\', 'a', ':', '<']

it('reads any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...CHARACTERS) }), (source) => {
      expect(typeof hasNestedQuantifier(source)).toBe('boolean')
    }),
  )
})
