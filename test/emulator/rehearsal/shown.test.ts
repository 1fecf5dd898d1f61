import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shown } from '../../../src/emulator/rehearsal/shown.ts'
import { toTarget } from '../../../src/emulator/rehearsal/target.ts'

const KEY = 'sk-Rehearsal+Key/123'

function show(text: string, url = 'http://127.0.0.1:1/v1'): string {
  const target = toTarget(url, { model: 'rehearsal', key: KEY })
  if (!target) throw new Error('The URL of the test is none.')
  return shown(text, target)
}

describe('text of the server', () => {
  it.each([
    ['a plain word', 'late', 'late'],
    ['a bearer without a key', 'Bearer of news', 'Bearer of news'],
    ['colours', '\u001b[31mred\u0007', '[31mred'],
    ['C1 controls', '\u009b31mred\u0085', '31mred'],
    ['line breaks', 'a\r\nok   1 greeting\u2028b', 'aok   1 greetingb'],
    ['a turned direction', 'a\u202eb\u2066c', 'abc'],
    ['halves of characters', 'a\ud800b', 'ab'],
    ['the key', `-${KEY}-`, '-***-'],
    ['the key as it is sent', `Bearer ${KEY}`, '***'],
    ['the key as some send it', `bearer Bearer ${KEY}`, '***'],
    ['the key in lower case', KEY.toLowerCase(), '***'],
    ['the key in a URL', encodeURIComponent(KEY), '***'],
    ['the key with controls in it', `sk-Rehearsal\u0000+Key\u200b/123`, '***'],
    ['a long text', 'é'.repeat(41), `${'é'.repeat(39)}…`],
    ['a key beyond the limit', `${'x'.repeat(30)}${KEY}`, `${'x'.repeat(30)}***`],
  ])('with %s', (_, text, expected) => {
    expect(show(text)).toBe(expected)
  })

  it('does not repeat a key that stands in the URL', () => {
    const url = 'http://127.0.0.1:1/k/pass%20word/v1'
    expect(show('pass%20word, pass word', url)).toBe('***, ***')
  })

  it('never holds a control, the key, or more than 40 characters', () => {
    const unit = fc.constantFrom(KEY, 'Bearer ', '\u001b', '\u009b', '\n', ' ', 'a', '😀', '\u200f')
    fc.assert(
      fc.property(fc.array(fc.oneof(unit, fc.string({ unit: 'binary' }))), (parts) => {
        const text = show(parts.join(''))
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
        expect(text).not.toContain(KEY)
        expect(Array.from(text).length).toBeLessThanOrEqual(40)
      }),
    )
  })
})
