import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { loadFlow } from '../../src/config/load.ts'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const RESERVED = 'this name is reserved; choose another one'

it.each(['__proto__', 'constructor', 'prototype'])(
  'refuses everything that is named %s',
  (name) => {
    const text = `${MINIMAL.replace('main: {', `${name}: { base_url: http://x, model: m }\n  main: {`)}    ${name}: { state_prompt: lost }
  variables: { ${name}: { sensitive: true } }
  default_dynamic_variables: { ${name}: x }
tools: { ${name}: { type: static, result: x } }
`
    const problems = problemsOf(parse(text)).filter((problem) => problem.endsWith(RESERVED))
    expect(problems).toEqual([
      `4:3 error upstreams.${name}: ${RESERVED}`,
      `11:5 error flow.states.${name}: ${RESERVED}`,
      `12:16 error flow.variables.${name}: ${RESERVED}`,
      `13:32 error flow.default_dynamic_variables.${name}: ${RESERVED}`,
      `14:10 error tools.${name}: ${RESERVED}`,
    ])
  },
)

it('refuses such a state also where only the flow is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'turnstate-names-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'a.yaml')
  writeFileSync(file, `${MINIMAL}    __proto__: { state_prompt: lost }\n`)
  expect(loadFlow(file)).toMatchObject({
    ok: false,
    problems: [{ path: 'flow.states.__proto__', message: RESERVED }],
  })
})
