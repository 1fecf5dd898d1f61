import { expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const SLOW = /^(\d+:\d+ \w+ \S+): repeats a group that ends in a repetition/

function warned(text: string): readonly string[] {
  return problemsOf(parse(text)).flatMap((problem) => SLOW.exec(problem)?.[1] ?? [])
}

const FLOW = (state: string, more = '') =>
  `${MINIMAL.replace('{ state_prompt: Talk. }', () => state)}${more}`

it('warns of slow patterns in conditions', () => {
  const when = (value: string) =>
    `{ type: expression, any: [{ not: { var: $last_user_text, op: matches, value: '${value}' } }] }`
  const edges = (value: string) => `{ edges: [{ to: talk, when: ${when(value)} }] }`
  expect(warned(FLOW(edges('^(a+)+$')))).toEqual([
    expect.stringMatching(/ warning flow\.states\.talk\.edges\[0\]\.when\.any\[0\]\.not\.value$/),
  ])
  expect(warned(FLOW(edges('^a+b+$')))).toEqual([])
})

it('warns of slow patterns of conversation keys', () => {
  const key = (source: string) =>
    `${MINIMAL}conversation: { key: [header.x-id, 'system:${source}'] }\n`
  expect(warned(key('(a+)+$'))).toEqual([expect.stringMatching(/ warning conversation\.key\[1\]$/)])
  expect(warned(key('ID=(\\w+)'))).toEqual([])
  expect(warned(MINIMAL)).toEqual([])
})

it('warns of slow patterns in the schemas of tools and edges', () => {
  const schema = `{ type: object, properties: { pattern: { type: string }, slot: { anyOf: [{ type: string, pattern: '^(\\w+\\s?)+$' }] } } }`
  const edge = `{ tools: [t], edges: [{ to: talk, when: { type: llm, description: x, parameters: ${schema} } }] }`
  const more = `  variables: { slot: {}, pattern: {} }
tools: { t: { type: static, result: x, parameters: ${schema} } }
`
  expect(warned(FLOW(edge, more))).toEqual([
    expect.stringMatching(
      / warning flow\.states\.talk\.edges\[0\]\.when\.parameters\.properties\.slot\.anyOf\[0\]\.pattern$/,
    ),
    expect.stringMatching(/ warning tools\.t\.parameters\.properties\.slot\.anyOf\[0\]\.pattern$/),
  ])
})
