import fc from 'fast-check'
import { expect, it } from 'vitest'
import { growingPrefixes } from '../../../src/emulator/agent/conversation/growing-prefixes.ts'
import { wholeWords } from '../../../src/emulator/agent/conversation/utterance.ts'
import { closeReason } from '../../../src/emulator/agent/server/close-reason.ts'

it.each([
  ['We are open from ni', 'We are open from'],
  ['We are open. ', 'We are open.'],
  ['We are open.', 'We are open.'],
  ['We are open', 'We are'],
  ['Wel', ''],
  ['', ''],
  ['営業時間は', '営業時間'],
])('of %j the user heard %j in whole words', (text, heard) => {
  expect(wholeWords(text)).toBe(heard)
})

it('what the user heard is a beginning of what was said', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(text.startsWith(wholeWords(text))).toBe(true)
    }),
  )
})

it.each([
  ['Hello', []],
  ['', []],
  ['Hello there', ['Hello']],
  ['I want a table for two tonight', ['I want', 'I want a table', 'I want a table for two']],
])('a user who says %j has said %j before', (text, prefixes) => {
  expect(growingPrefixes(text)).toEqual(prefixes)
})

it('a close reason fits its frame, as the beginning of what was to be said', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const reason = closeReason(text)
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
      expect(text.startsWith(reason)).toBe(true)
    }),
  )
})
