import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const TEN = '[x, x, x, x, x, x, x, x, x, x]'
const ALIASES_THAT_EXPLODE = [
  `a: &a ${TEN}`,
  `b: &b ${TEN.replaceAll('x', '*a')}`,
  `c: &c ${TEN.replaceAll('x', '*b')}`,
  `d: &d ${TEN.replaceAll('x', '*c')}`,
].join('\n')

describe('broken YAML', () => {
  it.each([
    ['an empty file', '', '1:1 error : the file is empty'],
    [
      'a list that is left open',
      'version: 1\nflow: [1\n',
      '3:1 error : not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a second document', 'a: 1\n---\nb: 1\n', '2:1 error : the file must hold one YAML document'],
    ['tabs', 'a:\n\tb: 1\n', '2:1 error : not valid YAML: Tabs are not allowed as indentation'],
    ['nesting without end', '['.repeat(100_000), '1:1 error : the file is nested more than 100'],
    ['an alias of itself', 'version: &v [*v]', '1:1 error : the file has an alias that contains'],
    ['aliases that explode', ALIASES_THAT_EXPLODE, '1:1 error : the file has aliases that expand'],
    ['a text only', 'hello', '1:1 error : must be a mapping, not a text'],
  ])('is named with its place: %s', (_, text, problem) => {
    expect(problemsOf(parse(text))[0]).toContain(problem)
  })

  it('names a key that stands twice together with the other problems', () => {
    expect(problemsOf(parse(`${MINIMAL}upstreams: {}\nfallbak: x\n`))).toEqual([
      '10:1 error : this key stands twice in the same mapping',
      '10:12 error upstreams: needs at least one upstream',
      '11:1 error fallbak: unknown key; did you mean "fallback"?',
    ])
  })

  it('refuses tags, whose values have no meaning here', () => {
    expect(problemsOf(parse(`${MINIMAL}fallback: !!binary aGVsbG8=\n`))[0]).toMatch(
      /^10:11 error : not valid YAML: Unresolved tag/,
    )
  })

  it('follows aliases to the place where the value stands', () => {
    const text = `${MINIMAL}tools:
  a: &a { type: webhook, url: https://api.example, timeout_ms: 0 }
  b: *a
`
    expect(problemsOf(parse(text))).toEqual([
      '11:64 error tools.a.timeout_ms: must be at least 1',
      '11:64 error tools.b.timeout_ms: must be at least 1',
    ])
  })
})
