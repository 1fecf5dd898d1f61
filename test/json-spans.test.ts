import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayElementSpans } from '../src/json-spans.ts'

function elements(text: string, key = 'messages'): unknown {
  const body = Buffer.from(text)
  const spans = arrayElementSpans(body, key)
  return spans?.map(({ start, end }) => JSON.parse(body.toString('utf8', start, end)) as unknown)
}

/** JSON text with random white space, and every other character of strings written as an escape. */
function write(value: unknown, space: () => string, escapes: boolean): string {
  const inner = (item: unknown): string => space() + write(item, space, escapes) + space()
  if (Array.isArray(value)) return `[${value.length ? value.map(inner).join() : space()}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${space()}${JSON.stringify(key)}${space()}:${inner(item)}`,
    )
    return `{${members.length ? members.join() : space()}}`
  }
  if (typeof value !== 'string' || !escapes) return JSON.stringify(value)
  const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}

const anyValue = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' })
const safeKey = fc.stringMatching(/^[a-zé日]{0,9}$/)

describe('arrayElementSpans', () => {
  it('finds what JSON.parse finds, whatever the white space and the escapes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(safeKey, anyValue, { maxKeys: 4 }),
        fc.array(anyValue, { maxLength: 6 }),
        fc.infiniteStream(fc.constantFrom('', '', ' ', '\n\t', '\r\n')),
        fc.boolean(),
        (others, list, spaces, escapes) => {
          const value = { ...others, messages: list, tail: { messages: [0] } }
          const space = (): string => (spaces.next().value ?? '') as string
          const text = space() + write(value, space, escapes) + space()
          const parsed = JSON.parse(text) as typeof value
          expect(elements(text)).toEqual(parsed.messages)
        },
      ),
    )
  })

  it('numbers the elements, and neighbours have only a comma and space between them', () => {
    const body = Buffer.from('{"messages":[ {"a":"}"} , [1,2],"x,]" ,\n-1.5e3]}')
    const spans = arrayElementSpans(body, 'messages') ?? []
    expect(spans.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(spans.every((span) => span.body === body)).toBe(true)
    const gaps = spans.slice(1).map(({ start }, at) => body.toString('utf8', spans[at]?.end, start))
    expect(gaps).toEqual([' , ', ',', ' ,\n'])
  })

  it('counts the keys at the top of each element, equal ones each', () => {
    const list =
      '{"a":{"b":1,"c":":"},"d":[{"e":1}]} , {} , {"a":1,"a":2,"\\u0061":3}, [{"a":1}], "a:b"'
    const spans = arrayElementSpans(Buffer.from(`{"messages":[${list}]}`), 'messages')
    expect(spans?.map(({ keyCount }) => keyCount)).toEqual([2, 0, 3, 0, 0])
  })

  it('counts as many keys as JSON.parse finds where none stands twice', () => {
    fc.assert(
      fc.property(fc.array(anyValue), fc.boolean(), (list, escapes) => {
        const text = `{"messages":${write(list, () => ' ', escapes)}}`
        const spans = arrayElementSpans(Buffer.from(text), 'messages')
        const counts = (JSON.parse(text) as { messages: unknown[] }).messages.map((element) =>
          typeof element === 'object' && element !== null && !Array.isArray(element)
            ? Object.keys(element).length
            : 0,
        )
        expect(spans?.map(({ keyCount }) => keyCount)).toEqual(counts)
      }),
    )
  })

  it.each([
    ['backslashes before a quote', '{"a":"\\\\","b":"\\\\\\"","messages":["\\\\",2]}', ['\\', 2]],
    ['the same key at a deeper level', '{"a":{"messages":[9]},"messages":[1]}', [1]],
    ['the key as a value', '{"a":"messages","messages":[1]}', [1]],
    ['the last of several equal keys', '{"messages":[1],"messages":[2,3]}', [2, 3]],
    ['an empty array', '{"messages":[ ]}', []],
    [
      'long text with escaped quotes',
      `{"messages":["${'say \\"yes\\" '.repeat(50)}"]}`,
      ['say "yes" '.repeat(50)],
    ],
  ])('handles %s', (_, text, expected) => {
    expect(elements(text)).toEqual(expected)
    expect((JSON.parse(text) as { messages: unknown }).messages).toEqual(expected)
  })

  it.each([
    ['the key is not there', '{"a":[1]}'],
    ['the value is no array', '{"messages":{"0":1}}'],
    ['a later equal key is no array', '{"messages":[1],"messages":null}'],
    ['a key is written with escapes', '{"messages":[1],"m\\u0065ssages":[2]}'],
    ['the body is no object', '[{"messages":[1]}]'],
    ['the body is empty', ''],
    ['an array does not end', '{"messages":[1,"'],
  ])('gives null when %s', (_, text) => {
    expect(arrayElementSpans(Buffer.from(text), 'messages')).toBeNull()
  })

  it('gives null when the bytes are not UTF-8', () => {
    const body = Buffer.from('{"messages":["\xff"]}', 'latin1')
    expect(arrayElementSpans(body, 'messages')).toBeNull()
  })

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', ' ', 'a') }),
        (text) => {
          const spans = arrayElementSpans(Buffer.from(`{"messages":${text}`), 'messages')
          expect(spans === null || Array.isArray(spans)).toBe(true)
        },
      ),
    )
  })
})
