import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isProperPrefix,
  isSilent,
  sameWords,
  toWords,
  wordKey,
} from '../../src/conversation/words.ts'

describe('the words of a text', () => {
  it.each([
    ['Hello, World!', 'hello world'],
    ["don't  DON\u2019T don\u02bct", 'dont dont dont'],
    ['at 10:30 for $5', 'at 10 30 for 5'],
    ['I have Tues...', 'i have tues'],
    ['I have Tues\u2026', 'i have tues'],
    ['<break time="1s"/>Well [warmly] <b>yes</b>', 'well yes'],
    ['a < b', 'a b'],
    ['\ufb01ne \uff28\uff29 \u2461', 'fine hi 2'],
    ['cafe\u0301', 'caf\u00e9'],
    ['Привет, как дела?', 'привет как дела'],
    ['ЁЛКА', 'ёлка'],
    ['ΟΔΟΣ', 'οδος'],
    ['Grüße an Straße', 'grüße an straße'],
    ['مرحبا، كيف حالك؟', 'مرحبا كيف حالك'],
    ['שלום, מה שלומך?', 'שלום מה שלומך'],
    ['नमस्ते, आप कैसे हैं?', 'नमस्ते आप कैसे हैं'],
    ['안녕하세요, 반갑습니다.', '안녕하세요 반갑습니다'],
    ['', ''],
    ['... !? \u{1f600}', ''],
  ])('%j', (text, expected) => expect(toWords(text).join(' ')).toBe(expected))

  it.each([
    ['an emoji with a variation selector', 'Great! \u2600\ufe0f See you', 'Great! See you'],
    ['a keycap', 'Press 1\ufe0f\u20e3 now', 'Press 1 now'],
    [
      'a joiner within a word',
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      '\u0645\u06cc\u062e\u0648\u0627\u0647\u0645',
    ],
    ['a soft hyphen', 'Donau\u00addampf', 'Donaudampf'],
    ['direction marks', '\u200fمرحبا\u200e', 'مرحبا'],
  ])('are the same without %s', (_, left, right) => {
    expect(toWords(left)).toEqual(toWords(right))
  })

  it.each([
    ['您好，请问', '您 好 请 问'],
    ['我的电话是10086。', '我 的 电 话 是 10086'],
    ['こんにちは。ラーメン', 'こ ん に ち は ラ ー メ ン'],
    ['がぎ', 'が ぎ'],
    ['iPhone買った', 'iphone 買 っ た'],
  ])('are characters where a script has no spaces: %s', (text, expected) => {
    expect(toWords(text).join(' ')).toBe(expected)
  })

  it('keep the marks of Thai characters with them', () => {
    expect(toWords('ที่นี่').join('')).toBe('ที่นี่')
    expect(toWords('ที่นี่')).toHaveLength(2)
  })

  it('are the same when they are read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const words = toWords(text)
        expect(toWords(words.join(' '))).toEqual(words)
      }),
      { numRuns: 1000 },
    )
  })

  it('are the same when they are read again, for every character', () => {
    const unstable: number[] = []
    for (let code = 0; code <= 0x2ffff; code++) {
      const words = toWords(`a ${String.fromCodePoint(code)}b`)
      if (toWords(words.join(' ')).join(' ') !== words.join(' ')) unstable.push(code)
    }
    expect(unstable).toEqual([])
  })

  it('do not depend on case, punctuation, space or form', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', 'æ', 'å', 'й', 'ю', 'ψ', 'ω', '0', '9'),
      minLength: 1,
    })
    const gap = fc.constantFrom(' ', ', ', '... ', '\n', ' \u2014 ', ' <b/> ', '! \u{1f600} ')
    fc.assert(
      fc.property(fc.array(fc.tuple(letters, gap)), (parts) => {
        const plain = parts.map(([word]) => word)
        const text = parts.map(([word, between]) => word.toUpperCase().normalize('NFD') + between)
        expect(toWords(text.join(''))).toEqual(plain.flatMap((word) => toWords(word)))
      }),
    )
  })
})

describe('the same words', () => {
  it.each([
    ['Yes.', 'yes'],
    ['', '  '],
    ['...', '...'],
  ])('%j and %j', (left, right) => expect(sameWords(left, right)).toBe(true))

  it.each([
    ['yes', 'yes please'],
    ['\u{1f44d}', '\u{1f44e}'],
    ['?', '!'],
    ['ab', 'a b'],
  ])('are not %j and %j', (left, right) => expect(sameWords(left, right)).toBe(false))

  it('have one key, which a text without words has as well', () => {
    expect(wordKey(' Yes, please! ')).toBe('yes please')
    expect(wordKey(' \u{1f44d} ')).toBe('\u{1f44d}')
  })
})

describe('silence', () => {
  it.each(['', '...', ' . . ', '\u2026', '.\n\u2026'])('%j', (text) =>
    expect(isSilent(text)).toBe(true),
  )
  it.each(['a', '!', '.a', '\u3002'])('is not %j', (text) => expect(isSilent(text)).toBe(false))
})

describe('a proper prefix', () => {
  it.each([
    ['I want', 'I want to book'],
    ['I want to bo', 'I want to book'],
    ['i WANT...', 'I want, to book'],
    ['我想', '我想订位'],
  ])('%j of %j', (shorter, longer) =>
    expect(isProperPrefix(wordKey(shorter), wordKey(longer))).toBe(true),
  )

  it.each([
    ['I want', 'I want'],
    ['I want', 'i want!'],
    ['I want to', 'I want'],
    ['', 'I want'],
    ['...', 'I want'],
    ['want', 'I want'],
  ])('is not %j of %j', (shorter, longer) =>
    expect(isProperPrefix(wordKey(shorter), wordKey(longer))).toBe(false),
  )
})

describe('a text that was made to be costly', () => {
  it('keeps no more marks on a letter than anybody writes', () => {
    const marks = '\u0301\u0316'.repeat(50_000)
    const [word = '', ...others] = toWords(`a${marks} b`)
    expect(word.normalize('NFD').length).toBeLessThanOrEqual(31)
    expect(others).toEqual(['b'])
  })
})
