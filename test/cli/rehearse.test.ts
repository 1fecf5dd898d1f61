import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runRehearse } from '../../src/cli/rehearse.ts'
import { startControlledUpstream } from '../../src/emulator/rehearsal/controlled-upstream.ts'
import { freePort } from '../support/free-port.ts'
import { startNaiveServer } from '../support/naive-server.ts'
import { rehearse } from '../support/rehearsal.ts'
import { startCommand } from '../support/turnstate-process.ts'
import { startTurnstate } from '../support/turnstate.ts'

async function run(...args: readonly string[]) {
  const out = { stdout: '', stderr: '' }
  const code = await runRehearse(args, {
    stdout: (text) => (out.stdout += text),
    stderr: (text) => (out.stderr += text),
  })
  return { code, ...out }
}

async function controlledUpstream() {
  const upstream = await startControlledUpstream(0)
  onTestFinished(() => upstream.close())
  return upstream
}

const SECRET = 'secret-of-the-rehearsal'

async function serverWithKey() {
  const upstream = await controlledUpstream()
  return startTurnstate({
    flow: { starting_state: 'desk', states: { desk: {} } },
    config: {
      auth: { keys: [{ name: 'platform', secret: SECRET }] },
      upstreams: { primary: { base_url: `${upstream.url}/v1`, model: 'rehearsal' } },
    },
  })
}

describe('wrong usage', () => {
  it.each([
    [[]],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2']],
    [['http://127.0.0.1:1', '--color']],
    [['127.0.0.1:8080']],
    [['ftp://127.0.0.1']],
    [['http://127.0.0.1:1', '--only', '3,nothing']],
    [['http://127.0.0.1:1', '--only', '']],
    [['http://127.0.0.1:1', '--cascade-timeout', 'soon']],
    [['http://127.0.0.1:1', '--cascade-timeout', '2']],
    [['http://127.0.0.1:1', '--cascade-timeout', '20']],
    [['http://127.0.0.1:1', '--upstream-port', '99999']],
    [['http://127.0.0.1:1', '--key', 'two words']],
  ])('%j is explained', async (args) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('usage: turnstate rehearse URL')
    expect(stderr).not.toContain('two words')
  })
})

it('lists the scenarios', async () => {
  const { code, stdout } = await run('--list')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^3 {3}three-tries +The model needs 9 s/m)
  const numbers = stdout
    .trim()
    .split('\n')
    .map((line) => Number.parseInt(line))
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
})

it('says in one line that nobody listens', async () => {
  const { code, stdout, stderr } = await run(`http://127.0.0.1:${await freePort()}/v1`)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^http:\S+: The server cannot be reached\. [^\n]+\n$/)
})

it('says in one line that its own port is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  const { code, stderr } = await run('http://127.0.0.1:1', '--upstream-port', port)
  expect(code).toBe(1)
  expect(stderr).toBe(`Cannot listen on 127.0.0.1:${port}. Choose another --upstream-port.\n`)
})

it('asks for the key of a server that wants one', async () => {
  const { url } = await serverWithKey()
  const { code, stderr } = await run(`${url}/v1`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/refused the request \(401\)\. Give its key with --key\.\n$/)
  const wrong = await run(`${url}/v1`, '--key', 'another-secret')
  expect([wrong.code, wrong.stderr.includes('another-secret')]).toEqual([1, false])
})

it('tries every place of the key, and never prints it', async () => {
  const { url } = await serverWithKey()
  const { code, stdout, stderr } = await run(`${url}/v1`, '--key', SECRET, '--only', '1,15,16')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^15 +keys +passed +\d+ ms +6 /m)
  expect(stdout).not.toContain(SECRET)
  const inPath = await run(`${url}/k/${SECRET}/v1`, '--only', '1')
  expect(inPath.code).toBe(0)
  expect(inPath.stdout).toContain('/k/***/v1/chat/completions: 1 passed')
  expect(inPath.stdout).not.toContain(SECRET)
})

it('notices a server that takes every key', async () => {
  const port = String(await freePort())
  const { url } = await startNaiveServer({ upstreamUrl: `http://127.0.0.1:${port}` })
  const { code, faultsOf } = await rehearse(
    url,
    '--key',
    SECRET,
    '--only',
    '15',
    '--upstream-port',
    port,
  )
  expect(code).toBe(1)
  expect(faultsOf.keys).toBe('a request without the right key was not refused')
})

it('prints a line for each scenario as it ends, a table, and what would have become of the call', async () => {
  const { url } = await startNaiveServer({ fault: 'silent' })
  const { code, stdout } = await run(`${url}/chat/completions`, '--only', '1,4')
  expect(code).toBe(1)
  expect(stdout).toMatch(/^FAIL {2}1 greeting: all 3 tries failed/m)
  expect(stdout).toMatch(/^skip {2}4 eight-at-once: /m)
  expect(stdout).toMatch(/^1 +greeting +failed +- +3 +The caller answers the greeting$/m)
  expect(stdout).toContain('  -> the call would have ended (close 1002) after the third try\n')
  expect(stdout).toMatch(/0 passed, 1 failed, 1 skipped in \d+\.\d s\n$/)
})

it('keeps standard output free for the JSON', async () => {
  const { url } = await startNaiveServer({ fault: 'silent' })
  const { report, stderr } = await rehearse(url, '--only', 'greeting')
  expect(report).toMatchObject({ passed: 0, failed: 1, scenarios: [{ number: 1, requests: 3 }] })
  expect(stderr).toMatch(/^FAIL {2}1 greeting/)
})

it('ends at once on Ctrl-C, also when the server hangs', async () => {
  const { url, firstRequest } = await startNaiveServer({ fault: 'hangs' })
  const { kill, exited, out } = startCommand({ args: ['rehearse', url] })
  await firstRequest
  kill('SIGINT')
  expect([await exited, out.stdout]).toEqual([null, ''])
})
