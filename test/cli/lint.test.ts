import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runLint } from '../../src/cli/lint.ts'

const FIXTURES = new URL('../fixtures/config/', import.meta.url).pathname

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'turnstate-lint-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function lint(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let stdout = ''
  let stderr = ''
  const code = runLint(args, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    env,
  })
  return { code, stdout, stderr }
}

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const GOOD = `version: 1
auth: { signing_secret: "\${env:SIGNING}" }
upstreams: { main: { base_url: https://llm.example/v1, model: small } }
flow:
  name: good
  starting_state: talk
  states: { talk: {} }
`

it('says so when there is no problem', () => {
  const file = write('good.yaml', GOOD)
  expect(lint([file], { SIGNING: '0123456789abcdef' })).toEqual({
    code: 0,
    stdout: '0 errors, 0 warnings\n',
    stderr: '',
  })
})

it('prints each problem with its place and ends with 1 when one is an error', () => {
  const file = write('bad.yaml', GOOD.replace('talk: {}', 'talk: { tools: [x] }'))
  expect(lint([file])).toEqual({
    code: 1,
    stdout: [
      `${file}:2:25: error: auth.signing_secret: the environment variable SIGNING is not set or empty`,
      `${file}:7:29: error: flow.states.talk.tools[0]: there is no tool "x" under tools`,
      '2 errors, 0 warnings',
      '',
    ].join('\n'),
    stderr: '',
  })
})

it('prints errors and warnings together', () => {
  const file = write(
    'mixed.yaml',
    `${GOOD.replace('talk: {}', 'talk: { tools: [x, hours] }')}tools: { hours: { type: static, result: a, settle_ms: 9 } }\n`,
  )
  const { code, stdout } = lint([file], { SIGNING: '0123456789abcdef' })
  expect(code).toBe(1)
  expect(stdout).toBe(
    [
      `${file}:7:29: error: flow.states.talk.tools[0]: there is no tool "x" under tools`,
      `${file}:8:55: warning: tools.hours.settle_ms: has no effect: the tool runs when it is called`,
      '1 error, 1 warning',
      '',
    ].join('\n'),
  )
})

it('ends with 0 when there are only warnings', () => {
  const file = write('warned.yaml', GOOD.replace(/auth.*\n/, ''))
  const { code, stdout } = lint([file])
  expect(code).toBe(0)
  expect(stdout).toMatch(/: warning: auth\.signing_secret: .*\n0 errors, 1 warning\n$/)
})

it('names the place of broken YAML', () => {
  const file = write('broken.yaml', 'version: 1\nflow: "open\n')
  const { code, stdout } = lint([file])
  expect(code).toBe(1)
  expect(stdout.startsWith(`${file}:3:1: error: not valid YAML: Missing closing "quote`)).toBe(true)
})

it('prints no control characters, whatever the file holds', () => {
  const file = write('control.yaml', `${GOOD}"a\\e[31m": 1\n`)
  expect(lint([file]).stdout).not.toContain('\u001b')
})

it('says why a file cannot be read, without a stack', () => {
  for (const name of ['none.yaml', '']) {
    const { code, stdout, stderr } = lint([join(FIXTURES, name)])
    expect(code).toBe(1)
    expect(stdout).toMatch(/: error: cannot be read: .*\n1 error, 0 warnings\n$/)
    expect(stdout + stderr).not.toMatch(/\bat .*:\d+:\d+/)
  }
})

it.each([[[]], [['a.yaml', 'b.yaml']], [['--fix', 'a.yaml']]])(
  'explains its use when called with %j',
  (args) => {
    expect(lint(args)).toEqual({ code: 2, stdout: '', stderr: 'usage: turnstate lint FILE\n' })
  },
)
