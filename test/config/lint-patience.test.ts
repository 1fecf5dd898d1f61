import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { lintPatience } from '../../src/config/lint-patience.ts'
import { configOf, MINIMAL, parse } from '../support/parse-config.ts'

interface Setting {
  readonly tool?: string
  readonly top?: string
}

function warned({ tool = '', top = '' }: Setting) {
  const text = `${MINIMAL.replace('state_prompt: Talk.', 'tools: [t, s]')}${top}
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

it('counts on no filler, as none is said while a tool runs', () => {
  expect(warned({ top: 'filler: { texts: [Hm] }' })).toHaveLength(1)
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
