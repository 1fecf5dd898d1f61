import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lintPatience } from '../../src/config/lint-patience.ts'
import { configOf, MINIMAL, parse } from '../support/parse-config.ts'

interface Setting {
  readonly tool?: string
  readonly top?: string
  /** More keys of the state that offers it. */
  readonly state?: string
}

function warned({ tool = '', top = '', state = '' }: Setting) {
  const text = `${MINIMAL.replace('state_prompt: Talk.', `tools: [t, s]${state}`)}${top}
tools:
  s: { type: static, result: x }
  t: { type: webhook, url: https://api.example/x, method: GET${tool} }
`
  return lintPatience(configOf(parse(text)))
}

it('warns of a tool that may be silent for longer than the platform waits', () => {
  const found = warned({ tool: ', timeout_ms: 9000' })
  expect(found.map(({ path }) => path.join('.'))).toEqual(['tools.t.timeout_ms'])
  expect(found[0]?.message).toMatch(
    /9000 ms in silence.*after 4000 ms.*cascade_timeout_ms.*timeout_ms to 4000 or less.*execution_message/s,
  )
})

it('holds the default time limit against the default patience', () => {
  expect(warned({})).toHaveLength(1)
})

it.each([
  [{ tool: ', timeout_ms: 4000' }],
  [{ tool: ', timeout_ms: 20000, execution_message: One moment' }],
  [{ top: 'conversation: { cascade_timeout_ms: 6000 }' }],
  [{ tool: ', timeout_ms: 15000', top: 'conversation: { cascade_timeout_ms: 15000 }' }],
])('has nothing to say of %j', (setting) => {
  expect(warned(setting)).toEqual([])
})

describe('a filler', () => {
  const SAID = '{ texts: ["Hm... "] }'
  const LATE = '{ texts: ["Hm... "], after_ms: 4000 }'

  it.each([
    [{ top: `filler: ${SAID}` }],
    [{ state: `, filler: ${SAID}` }],
    [{ tool: `, filler: ${SAID}` }],
    [{ top: `filler: ${LATE}`, tool: ', filler: { after_ms: 3999 }' }],
    [{ state: ', filler: false', tool: `, filler: ${SAID}` }],
  ])('is something to hear in %j', (setting) => {
    expect(warned(setting)).toEqual([])
  })

  it.each([
    [{ top: `filler: ${LATE}` }],
    [{ top: `filler: ${SAID}`, state: ', filler: false' }],
    [{ top: `filler: ${SAID}`, tool: ', filler: false' }],
    [{ top: `filler: ${SAID}`, tool: ', filler: { after_ms: 5000 }' }],
  ])('is none that is in time in %j', (setting) => {
    expect(warned(setting).map(({ path }) => path.join('.'))).toEqual(['tools.t.timeout_ms'])
  })

  it('must be said in every state that offers the tool', () => {
    const state = `, filler: ${SAID} }\n    other: { tools: [t]`
    expect(warned({ state })).toHaveLength(1)
    expect(warned({ state: `${state}, filler: ${SAID}` })).toEqual([])
  })
})

it('has nothing to say of a tool that no caller waits for', () => {
  const text = `${MINIMAL}
tools: { t: { type: webhook, url: https://api.example/x } }
`
  expect(lintPatience(configOf(parse(text)))).toEqual([])
})

it.each(['1999', '15001', '4000.5', '4s'])('takes no patience of %s', (value) => {
  const text = `${MINIMAL}conversation: { cascade_timeout_ms: ${value} }\n`
  expect(parse(text).ok).toBe(false)
})

it('has nothing to say of the demo', () => {
  const read = (name: string): string =>
    readFileSync(new URL(`../../demo/${name}`, import.meta.url), 'utf8')
  const demo = parse(read('clinic.yaml'), {
    environment: { CLINIC_API_URL: 'http://127.0.0.1:1' },
    files: { '/etc/turnstate/clinic-script.yaml': read('clinic-script.yaml') },
  })
  expect(lintPatience(configOf(demo))).toEqual([])
})
