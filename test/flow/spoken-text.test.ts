import { describe, expect, it } from 'vitest'
import { inLanguage } from '../../src/flow/spoken-text.ts'

const TEXTS = { en: 'Hello', no: 'Hei', 'pt-BR': 'Oi' }

describe('a spoken text', () => {
  it('is the same in every language if it is one text', () => {
    expect(inLanguage('Hello', 'no')).toBe('Hello')
    expect(inLanguage('Hello', undefined)).toBe('Hello')
  })

  it.each([
    ['no', 'Hei'],
    ['NO', 'Hei'],
    ['no-NO', 'Hei'],
    ['en_GB', 'Hello'],
    ['pt-br', 'Oi'],
    ['pt-BR', 'Oi'],
    ['fr', 'Hello'],
    ['', 'Hello'],
    [undefined, 'Hello'],
    [7, 'Hello'],
    ['__proto__', 'Hello'],
    ['constructor', 'Hello'],
  ])('for the language %j', (language, expected) =>
    expect(inLanguage(TEXTS, language)).toBe(expected),
  )

  it('is empty when there is none', () => expect(inLanguage({}, 'en')).toBe(''))
})
