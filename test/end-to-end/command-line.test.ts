import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startCommand, startServer } from '../support/turnstate-process.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'

const run = promisify(execFile)

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'turnstate-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

interface Spoken {
  readonly state: string
  readonly kind: string
  readonly exchange: string
  readonly text: string
}

/** One turn by curl, as the walk-through does it. */
async function say(url: string, messages: readonly object[]): Promise<Spoken> {
  const body = JSON.stringify({ stream: true, messages })
  const key = 'x-conversation-id: walk'
  const { stdout } = await run('curl', [
    '-siN',
    `${url}/v1/chat/completions`,
    '-H',
    key,
    '-d',
    body,
  ])
  const header = (name: string) => new RegExp(`x-turnstate-${name}: (.*)\r`).exec(stdout)?.[1] ?? ''
  const deltas = [...stdout.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
  return {
    state: header('state'),
    kind: header('kind'),
    exchange: header('exchange'),
    text: deltas.map((match) => String(JSON.parse(match[1] ?? '""'))).join(''),
  }
}

describe('serve without a configuration', () => {
  it('walks through a booking in four turns, and a fifth returns to the earlier state', async () => {
    const { url, out } = await startServer({ args: [], cwd: folder() })
    expect(out.stdout).toContain('clinic-booking')
    expect(out.stdout).toContain('scripted, no network')
    const history: object[] = []
    const turns: Spoken[] = []
    for (const words of [
      'Hi, this is Ada Lovelace. I need an appointment.',
      'What are your opening hours?',
      'Tuesday please.',
      'Yes please.',
    ]) {
      history.push({ role: 'user', content: words })
      const turn = await say(url, history)
      turns.push(turn)
      history.push({ role: 'assistant', content: turn.text })
    }
    expect(turns.map(({ state, kind, exchange }) => [state, kind, exchange])).toEqual([
      ['identify', 'new', '1'],
      ['choose', 'new', '2'],
      ['choose', 'new', '3'],
      ['book', 'new', '4'],
    ])
    expect(turns[0]?.text).toMatch(/Ada.*Tuesday 10:30.*Wednesday 14:00/)
    expect(turns[1]?.text).toMatch(/8 to 18/)
    expect(turns[3]?.text).toMatch(/You are booked for Tuesday 10:30.*B-\d+/)
    const rolledBack = [
      ...history.slice(0, -1),
      { role: 'user', content: 'Wait, is Wednesday still free?' },
    ]
    const fifth = await say(url, rolledBack)
    expect(fifth).toMatchObject({ state: 'book', kind: 'revised', exchange: '4' })
    expect(fifth.text).toContain('Wednesday')
    const heard = await say(url, [...history, { role: 'user', content: 'No, thank you.' }])
    expect(heard).toMatchObject({ state: 'done', exchange: '5' })
  })

  it('prints a curl line that can be pasted as it is', async () => {
    const { out } = await startServer({ args: [], cwd: folder() })
    const line = out.stdout.split('\n').find((text) => text.trim().startsWith('curl'))
    const { stdout } = await run('bash', ['-c', line ?? 'false'])
    expect(stdout).toContain('x-turnstate-state: identify')
    expect(stdout).toContain('[DONE]')
  })

  it('talks to OpenAI when there is a key for it, with the same flow', async () => {
    const upstream = await startUpstreamServer()
    onTestFinished(() => upstream.close())
    upstream.reply({ say: 'Hello.' })
    const env = { OPENAI_API_KEY: 'sk-of-the-user', OPENAI_BASE_URL: upstream.url }
    const { url, out } = await startServer({ args: [], cwd: folder(), env })
    expect((await say(url, [{ role: 'user', content: 'Hi' }])).text).toBe('Hello.')
    const { headers, body } = await upstream.received()
    expect(headers.authorization).toBe('Bearer sk-of-the-user')
    expect(body.messages[0]?.content).toContain('Oak Street')
    expect(out.stdout + out.stderr).not.toContain('sk-of-the-user')
  })

  it('ends with 0 on SIGTERM', async () => {
    const { kill, exited } = await startServer({ args: [], cwd: folder() })
    kill('SIGTERM')
    expect(await exited).toBe(0)
  })
})

describe('a start that is refused', () => {
  interface Start {
    readonly args?: readonly string[]
    readonly file?: string
    readonly env?: Readonly<Record<string, string>>
  }

  const refused = async ({ args = [], file, env = {} }: Start) => {
    const cwd = folder()
    if (file !== undefined) writeFileSync(join(cwd, 'turnstate.yaml'), file)
    const { out, exited } = startCommand({ args: ['serve', '--port', '0', ...args], cwd, env })
    const code = await exited
    expect(out.stdout).toBe('')
    expect(out.stderr).not.toMatch(/\n\s+at /)
    return { code, stderr: out.stderr }
  }

  it('lists every problem with its place', async () => {
    const file = [
      'version: 1',
      'colour: red',
      'upstreams: { main: { base_url: "https://llm.example/v1", model: m, api_key: "${env:NOT_SET}" } }',
      'flow:',
      '  name: f',
      '  starting_state: a',
      '  states:',
      '    a: { edges: [{ to: b, when: { type: always } }] }',
    ].join('\n')
    const { code, stderr } = await refused({ file })
    expect(code).toBe(1)
    expect(stderr).toMatch(/turnstate\.yaml:2:1: error: colour/)
    expect(stderr).toMatch(/turnstate\.yaml:3:\d+: error: upstreams\.main\.api_key: .*NOT_SET/)
    expect(stderr).toMatch(/turnstate\.yaml:8:\d+: error: flow\.states\.a\.edges\[0\]\.to/)
  })

  const NOT_STARTED = 'turnstate was not started.\n'

  it.each([
    [
      'broken YAML',
      { file: 'flow: [' },
      /^turnstate\.yaml:1:8: error: not valid YAML: Flow sequence .*\n/,
    ],
    [
      'a file that is not there',
      { args: ['--config', 'nowhere.yaml'] },
      /^nowhere\.yaml: error: cannot be read: there is no such file\n/,
    ],
    [
      'a port that is none',
      { args: ['--port', '99999'] },
      /^error: --port: must be a whole number from 0 to 65535\n/,
    ],
    [
      'variables that are none',
      { env: { PORT: 'http', LOG_LEVEL: 'loud' } },
      /^error: PORT: must be a whole number .*\nerror: LOG_LEVEL: must be one of .*\n/,
    ],
    [
      'an OpenAI key with a space',
      { env: { OPENAI_API_KEY: 'sk abc' } },
      /^error: OPENAI_API_KEY: must be printable ASCII without spaces\n/,
    ],
    [
      'an OpenAI URL with a query',
      { env: { OPENAI_API_KEY: 'sk-abc', OPENAI_BASE_URL: 'https://llm.example/v1?key=sk-def' } },
      /^error: OPENAI_BASE_URL: must be an http or https URL without credentials, query or fragment\n/,
    ],
  ])('names %s', async (_, start, reason) => {
    const { code, stderr } = await refused(start)
    expect(code).toBe(1)
    expect(stderr).toMatch(reason)
    expect(stderr.endsWith(NOT_STARTED)).toBe(true)
    expect(stderr).not.toMatch(/sk.?(abc|def)/)
  })

  it('names a host that this machine has not', async () => {
    const key = 'auth: { keys: [{ name: a, secret: secret-of-a }] }'
    const file = `version: 1
${key}
upstreams: { main: { base_url: "https://llm.example/v1", model: m } }
flow: { name: f, starting_state: a, states: { a: {} } }
`
    const { code, stderr } = await refused({ args: ['--host', '192.0.2.1'], file })
    expect(code).toBe(1)
    expect(stderr).toContain('Cannot listen on 192.0.2.1:0: this machine has no such address\n')
  })

  it('explains its use when a flag is none', async () => {
    const { code, stderr } = await refused({ args: ['--prot', '1'] })
    expect(code).toBe(2)
    expect(stderr).toBe(
      'usage: turnstate serve [--config FILE] [--host H] [--port P] [--workers N]\n',
    )
  })

  it('is open to nobody but this machine: other hosts need a key', async () => {
    const { code, stderr } = await refused({ args: ['--host', '0.0.0.0'] })
    expect(code).toBe(1)
    expect(stderr).toMatch(/clinic\.yaml:\d+:\d+: error: auth\.keys: needs at least one key/)
    expect(stderr).toContain('"0.0.0.0"')
  })
})
