import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../src/canonical-json.ts'

describe('canonicalJson', () => {
  it('spells texts that say the same in one way', () => {
    const written = '{ "b": [1.0, {"d": null, "c": "\\u00e9"}],\n "a": 1e2 }'
    expect(canonicalJson(written)).toBe('{"a":100,"b":[1,{"c":"é","d":null}]}')
    expect(canonicalJson('{"10":1,"9":2}')).toBe(canonicalJson('{"9":2,"10":1}'))
  })

  it('keeps the order of lists, which means something', () => {
    expect(canonicalJson('[2, 1]')).not.toBe(canonicalJson('[1, 2]'))
  })

  it('keeps a key that would name a prototype', () => {
    expect(canonicalJson('{"__proto__": {"b": 1}, "a": 2}')).toBe('{"__proto__":{"b":1},"a":2}')
  })

  it('tells a number beyond the range from null', () => {
    expect(canonicalJson('[1e999, -1e999, null]')).toBe('[1e999,-1e999,null]')
  })

  it('leaves what is no JSON, too long or too deep as it is', () => {
    const long = `{ "a": "${'x'.repeat(100_000)}" }`
    const deep = `${'[ '.repeat(50_000)}${']'.repeat(50_000)}`
    for (const text of ['', '{"a":', long, deep]) expect(canonicalJson(text)).toBe(text)
  })

  it('does not depend on how any value is spelled, and tells different values apart', () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value))
    fc.assert(
      fc.property(json, json, (a, b) => {
        const once = canonicalJson(a)
        expect(canonicalJson(once)).toBe(once)
        expect(JSON.parse(once)).toEqual(JSON.parse(a))
        const respelled = JSON.stringify(reversed(JSON.parse(a)), null, 2)
        expect(canonicalJson(respelled)).toBe(once)
        expect(canonicalJson(b) === once).toBe(isEqual(JSON.parse(a), JSON.parse(b)))
      }),
    )
  })
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)] as const)
  return Object.fromEntries(entries.reverse())
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    expect(a).toStrictEqual(b)
    return true
  } catch {
    return false
  }
}
