import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

describe('the words of a problem', () => {
  it.each([
    ['flow:\n  starting_state: 5', /flow\.starting_state: must be a text, not a number/],
    ['flow: []', /flow: must be a mapping, not a list/],
    ['version: "1"', /version: must be 1/],
    ['store: { type: disk }', /store\.type: must be one of memory, none, redis/],
    ['store: {}', /store\.type: is required: must be one of memory, none, redis/],
    ['fallback: 5', /fallback: must be a text or a mapping, not a number/],
    ['fallback: {}', /fallback: needs at least one language/],
    ['fallback: { en: 7 }', /fallback\.en: must be a text, not a number \(put it in quotes\)/],
    ['limits: { max_tool_rounds: 1.5 }', /must be a whole number, not a number with a fraction/],
    ['limits: { max_tool_rounds: 21 }', /max_tool_rounds: must be at most 20/],
    ['limits:', /limits: must be a mapping, but nothing is written here/],
    ['routing: { order: [] }', /routing\.order: must not be empty/],
    ['conversation: { retain: 2 hours }', /retain: must be a number and a unit/],
    ['conversation: { ignore_assistant_texts: x }', /must be a list, not a text/],
    ['auth: { keys: [{ name: a }] }', /auth\.keys\[0\]\.secret: is required/],
    ['upstreams: { a: { type: scripted, scrpt: x } }', /a\.scrpt: unknown key; did you mean/],
    ['tools: { a: { type: websocket } }', /tools\.a\.type: must be one of static, webhook, mcp/],
    ['tools: { a: { type: static, result: x, effekt: read } }', /did you mean "effect"/],
  ])('say what to write: %s', (text, expected) => {
    const key = text.split(':')[0] ?? ''
    const others = MINIMAL.replace(new RegExp(`^${key}:.*\\n(?:  .*\\n)*`, 'm'), '')
    const said = problemsOf(parse(`${others}${text}\n`))
    expect(said.filter((line) => expected.test(line))).toHaveLength(1)
  })

  it.each([
    ['{ type: llm }', 'when.description: is required'],
    ['{ type: llm, description: x, parms: {} }', 'when.parms: unknown key'],
    ['{ type: result, tool: t, status: yes }', 'when.status: must be one of ok, failed, unknown'],
    ['{ description: x }', 'when.type: is required: must be one of expression, llm, result, alw'],
    ['{ type: expression, vra: a, op: exists }', 'when.vra: unknown key; did you mean "var"?'],
    ['{ type: expression, all: [] }', 'when.all: must not be empty'],
    ['{ type: expression, all: 5 }', 'when.all: must be a list, not a number'],
    ['{ type: expression, all: [{ var: a, op: is }] }', 'when.all[0].op: must be one of =='],
    ['{ type: expression, not: { any: [{ var: 1, op: exists }] } }', 'not.any[0].var: must be a'],
    ['{ type: expression, any: [{}] }', 'when.any[0].'],
    ['llm', 'when: must be a mapping, not a text'],
  ])('take the branch of an edge condition that was meant: %s', (when, expected) => {
    const text = MINIMAL.replace(
      'talk: { state_prompt: Talk. }',
      `talk: { edges: [{ to: talk, when: ${when} }] }`,
    )
    const said = problemsOf(parse(text))
    expect(said[0]).toContain(`flow.states.talk.edges[0].when`)
    expect(said.join('\n')).toContain(expected)
  })
})
