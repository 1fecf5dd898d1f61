import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from '../support/parse-config.ts'

const EVERY_SETTING = new URL('../fixtures/config/every-setting.yaml', import.meta.url)

describe('no text', () => {
  const whole = readFileSync(EVERY_SETTING, 'utf8')
  const scraps = fc.constantFrom(
    ...['a', ': ', '\n', '\n  ', '- ', '[', ']', '{', '}', '"', "'", '&a ', '*a', '!!x ', '|', '>'],
    ...[
      '? ',
      '# ',
      '<<',
      '__proto__',
      '${env:',
      '}',
      '{{',
      'null',
      '1e99',
      '\t',
      '\0',
      '\u{1f600}',
    ],
    ...[
      'version',
      'flow',
      'states',
      'tools',
      'when',
      'type',
      'llm',
      'edges',
      'constructor',
      '%YAML',
    ],
  )
  const check = (text: string) => {
    const loaded = parse(text, { environment: { A: 'x' }, host: '0.0.0.0' })
    expect(loaded.ok || loaded.problems.length > 0).toBe(true)
    const problems = loaded.ok ? loaded.warnings : loaded.problems
    expect(problems.every(({ line, column }) => line > 0 && column > 0)).toBe(true)
  }

  it('makes it throw: random scraps of YAML', () => {
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 60 }), (parts) => {
        check(parts.join(''))
      }),
      { numRuns: 500 },
    )
  })

  it('makes it throw: a whole configuration with pieces cut out and put in', () => {
    const edit = fc.record({ at: fc.nat(whole.length), cut: fc.nat(80), put: scraps })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        check(
          edits.reduce(
            (text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut),
            whole,
          ),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('makes it throw: a configuration whose values are of any kind', () => {
    fc.assert(
      fc.property(
        fc.record({
          version: fc.constantFrom(1, '1', null),
          upstreams: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
          flow: fc.oneof(
            fc.jsonValue(),
            fc.record({
              starting_state: fc.string(),
              states: fc.dictionary(
                fc.constantFrom('a', 'b', '__proto__', 'toString'),
                fc.record({
                  tools: fc.jsonValue(),
                  edges: fc.array(fc.record({ to: fc.jsonValue(), when: fc.jsonValue() })),
                }),
              ),
            }),
          ),
          tools: fc.dictionary(fc.string(), fc.jsonValue()),
        }),
        (value) => {
          check(JSON.stringify(value))
        },
      ),
      { numRuns: 300 },
    )
  })
})
