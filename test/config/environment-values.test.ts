import { describe, expect, it } from 'vitest'
import { processEnvironment } from '../../src/config/load.ts'
import { configOf, MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

describe('values from the environment', () => {
  it('stand in for ${env:NAME}, also inside a longer text', () => {
    const text = MINIMAL.replace('model: small', 'model: "m-${env:SIZE}-${env:KIND}"')
    const config = configOf(parse(text, { environment: { SIZE: 'l', KIND: '${env:SIZE}' } }))
    expect(config.upstreams['main']).toMatchObject({ model: 'm-l-${env:SIZE}' })
  })

  it('are all asked for at once where they are missing or empty, and nothing else is said there', () => {
    const text = MINIMAL.replace('https://llm.example/v1', '"${env:BASE}/${env:VERSION}"').replace(
      '0123456789abcdef',
      '"${env:s p}"',
    )
    expect(problemsOf(parse(text, { environment: { VERSION: '' } }))).toEqual([
      '2:25 error auth.signing_secret: ${env:...} needs the name of an environment variable',
      '4:21 error upstreams.main.base_url: the environment variable BASE is not set or empty',
      '4:21 error upstreams.main.base_url: the environment variable VERSION is not set or empty',
    ])
  })

  it('do not stand in for keys', () => {
    expect(
      problemsOf(parse(`${MINIMAL}tools:\n  "\${env:X}": { type: static, result: x }\n`)),
    ).toEqual(['11:3 error tools["${env:X}"]: ${env:...} works in values, not in keys'])
  })

  it('are in no problem, whatever is wrong with them', () => {
    const text = `version: 1
auth: { keys: [{ name: a, secret: "\${env:SECRET}" }] }
upstreams: { main: { base_url: "\${env:SECRET}", api_key: "\${env:SECRET}", model: m } }
routing: { order: ["\${env:SECRET}"] }
store: { type: "\${env:SECRET}" }
flow:
  name: x
  starting_state: "\${env:SECRET}"
  general_prompt: "{{\${env:SECRET}}}"
  variables: { a: { type: "\${env:SECRET}", default: "\${env:SECRET}" } }
  states:
    a: { tools: ["\${env:SECRET}"], say: "{{x\${env:SECRET}}}" }
tools:
  t: { type: webhook, url: "http://\${env:SECRET}.example/" , parameters: { type: "\${env:SECRET}" } }
`
    for (const secret of ['abc', 'hunter2-hunter2', 'sta"te', 'a{b']) {
      const said = problemsOf(parse(text, { environment: { SECRET: secret } }))
      expect(said.length).toBeGreaterThan(4)
      expect(said.filter((line) => line.includes(secret))).toEqual([])
    }
  })

  it('come from the process', () => {
    expect(processEnvironment()).toBe(process.env)
  })
})
