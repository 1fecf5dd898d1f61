import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

/** What is said of tools with these settings, all of which are offered; `more`: other settings of the file. */
function problemsWith(tools: Readonly<Record<string, string>>, more = ''): readonly string[] {
  const offered = MINIMAL.replace('state_prompt: Talk.', `tools: [${Object.keys(tools).join()}]`)
  const lines = Object.entries(tools).map(([name, tool]) => `  ${name}: { ${tool} }\n`)
  return problemsOf(parse(`${offered}${more}tools:\n${lines.join('')}`)).map((line) =>
    line.replace(/^\S+ /, ''),
  )
}

const WRITES = 'type: webhook, url: https://api.example/, timeout_ms: 4000'
const READS = 'type: static, result: x'

describe('a tool that is undone by another one', () => {
  it('needs one that there is, that is not the tool itself, and that nobody has to confirm', () => {
    expect(
      problemsWith({ book: `${WRITES}, compensate: { tool: cancel }`, cancel: WRITES }),
    ).toEqual([])
    expect(
      problemsWith({ book: `${WRITES}, compensate: { tool: refund }`, refunds: WRITES }),
    ).toEqual([
      'error tools.book.compensate.tool: there is no tool "refund", so nothing could be undone; did you mean "refunds"?',
    ])
    expect(problemsWith({ book: `${WRITES}, compensate: { tool: book }` })).toEqual([
      'error tools.book.compensate.tool: is the tool itself; a tool cannot undo what it does',
    ])
    const cancel = `${WRITES}, commit: confirmed, readback: Shall I?`
    expect(problemsWith({ book: `${WRITES}, compensate: { tool: cancel }`, cancel })).toEqual([
      'error tools.book.compensate.tool: has commit: confirmed, but nobody is there to confirm an undo',
    ])
  })

  it('is of no use where nobody remembers what was done, or where nothing is', () => {
    const tools = { book: `${WRITES}, compensate: { tool: cancel }`, cancel: WRITES }
    expect(problemsWith(tools, 'store: { type: none }\n')).toEqual([
      'warning tools.book.compensate: has no effect with store: none: nobody remembers what was done',
    ])
    expect(
      problemsWith({ hours: `${READS}, compensate: { tool: cancel }`, cancel: WRITES }),
    ).toEqual(['warning tools.hours.compensate: has no effect: the tool only reads'])
  })
})

it.each([
  [
    `${READS}, commit: settled`,
    'commit: has no effect: the tool only reads, and runs when it is called',
  ],
  [`${WRITES}, readback: Shall I?`, 'readback: has no effect: only commit: confirmed reads back'],
  [
    `${WRITES}, prefetch: true`,
    'prefetch: has no effect: what changes something is never run ahead',
  ],
  [
    `${WRITES}, commit: immediate, settle_ms: 100`,
    'settle_ms: has no effect: the tool runs when it is called',
  ],
  [`${READS}, settle_ms: 100`, 'settle_ms: has no effect: the tool runs when it is called'],
])('warns that in { %s } the %s', (tool, said) => {
  expect(problemsWith({ t: tool })).toEqual([`warning tools.t.${said}`])
})

it('takes settings that have an effect without a word', () => {
  const tools = {
    settled: `${WRITES}, settle_ms: 100`,
    confirmed: `${WRITES}, commit: confirmed, readback: Shall I?, settle_ms: 100`,
    ahead: `${READS}, prefetch: true`,
    remote: 'type: mcp, server: m, tool: x, timeout_ms: 4000, prefetch: true',
  }
  expect(problemsWith(tools, 'mcp: { m: { url: https://mcp.example } }\n')).toEqual([])
})

it('refuses a shared store without a secret that all instances have', () => {
  const text = MINIMAL.replace(/auth.*\n/, '') + 'store: { type: redis, url: "redis://x" }\n'
  expect(problemsOf(parse(text)).join('\n')).toMatch(
    /error auth\.signing_secret: must be set with store: redis/,
  )
})
