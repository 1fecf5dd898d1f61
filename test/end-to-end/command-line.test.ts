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
  const refused = async (args: readonly string[], file?: string) => {
    const cwd = folder()
    if (file !== undefined) writeFileSync(join(cwd, 'turnstate.yaml'), file)
    const { out, exited } = startCommand({ args: ['serve', '--port', '0', ...args], cwd })
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
    const { code, stderr } = await refused([], file)
    expect(code).toBe(1)
    expect(stderr).toMatch(/turnstate\.yaml:2:1: error: colour/)
    expect(stderr).toMatch(/turnstate\.yaml:3:\d+: error: upstreams\.main\.api_key: .*NOT_SET/)
    expect(stderr).toMatch(/turnstate\.yaml:8:\d+: error: flow\.states\.a\.edges\[0\]\.to/)
  })

  it.each([
    ['broken YAML', [], 'flow: ['],
    ['a file that is not there', ['--config', 'nowhere.yaml'], undefined],
    ['a port that is none', ['--port', '99999'], undefined],
    ['a host that this machine has not', ['--host', '192.0.2.1'], undefined],
  ] as const)('names %s', async (_, args, file) => {
    const { code, stderr } = await refused(args, file)
    expect(code).toBe(1)
    expect(stderr.length).toBeGreaterThan(20)
  })

  it('is open to nobody but this machine: other hosts need a key', async () => {
    const { code, stderr } = await refused(['--host', '0.0.0.0'])
    expect(code).toBe(1)
    expect(stderr).toContain('auth.keys')
  })
})
