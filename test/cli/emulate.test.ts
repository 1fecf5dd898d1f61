import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { runEmulate } from '../../src/cli/emulate.ts'
import { closeServer, listenOnLoopback } from '../support/loopback-server.ts'
import { startCommand } from '../support/turnstate-process.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'

const EXAMPLE = new URL('../../examples/agent.yaml', import.meta.url).pathname
const URL_FLAGS = ['--url', 'http://127.0.0.1:1/v1'] as const

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'turnstate-emulate-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** For calls that start nothing. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out = { stdout: '', stderr: '' }
  const code = await runEmulate(args, {
    stdout: (text) => (out.stdout += text),
    stderr: (text) => (out.stderr += text),
    env,
  })
  return { code, ...out }
}

const ID = 'prompt: CALL_ID={{system__conversation_id}}\n'

describe('wrong usage', () => {
  it.each([
    [[]],
    [[...URL_FLAGS]],
    [['--agent', EXAMPLE, 'more']],
    [['--agent', EXAMPLE, '--url', 'ws://127.0.0.1']],
    [['--agent', EXAMPLE, ...URL_FLAGS, '--port', '99999']],
    [['--agent', EXAMPLE, ...URL_FLAGS, '--host', '']],
    [['--agent', EXAMPLE, ...URL_FLAGS, '--api-key', 'two words']],
    [['--agent', EXAMPLE, ...URL_FLAGS, '--color']],
  ])('%j is explained', async (args) => {
    const { code, stdout, stderr } = await run(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('usage: turnstate emulate --url URL --agent FILE')
    expect(stderr).not.toContain('two words')
  })
})

describe('a refused start', () => {
  it('names every problem of every file with its place', async () => {
    const first = write('first.yaml', `agent_id: clinic\n${ID}turn: { turn_timeout: 0 }\n`)
    const second = write('second.yaml', `agent_id: clinic\nfirst_mesage: Hello\n${ID}`)
    const { code, stdout, stderr } = await run(['--agent', first, '--agent', second])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr.split('\n')).toEqual([
      `${first}:1:1: error: custom_llm.url: is required, unless --url says where the Custom LLM is`,
      `${first}:3:23: error: turn.turn_timeout: must be a number from 1 to 30, or -1`,
      `${second}:1:1: error: custom_llm.url: is required, unless --url says where the Custom LLM is`,
      `${second}:1:11: error: agent_id: another file has the agent "clinic" already`,
      `${second}:2:1: error: first_mesage: unknown key; did you mean "first_message"?`,
      'The emulator was not started.',
      '',
    ])
  })

  it('names a variable of the environment that is missing, and prints none that is there', async () => {
    const file = write(
      'secret.yaml',
      `agent_id: clinic\n${ID}custom_llm: { api_key: '\${env:KEY}', model_id: '\${env:MODEL}' }\nlanguage: '\${env:TONGUE}'\n`,
    )
    const { code, stderr } = await run(['--agent', file, ...URL_FLAGS], {
      KEY: 'sk-very-secret\u0001',
      TONGUE: 'x',
    })
    expect(code).toBe(1)
    expect(stderr).toContain(
      'error: custom_llm.model_id: the environment variable MODEL is not set',
    )
    expect(stderr).toContain('error: custom_llm.api_key: must be printable ASCII')
    expect(stderr).not.toContain('sk-very-secret')
  })

  it('says that a file is not there', async () => {
    const { code, stderr } = await run(['--agent', join(folder, 'none.yaml'), ...URL_FLAGS])
    expect(code).toBe(1)
    expect(stderr).toMatch(/none\.yaml: error: cannot be read: there is no such file\n/)
  })

  it('says that the port is taken', async () => {
    const server = createServer()
    const port = await listenOnLoopback(server)
    onTestFinished(() => closeServer(server))
    const { code, stderr } = await run(['--agent', EXAMPLE, ...URL_FLAGS, '--port', String(port)])
    expect(code).toBe(1)
    expect(stderr).toBe(`Cannot listen on 127.0.0.1:${port}. Choose another --port or --host.\n`)
  })
})

/** The emulator in a process of its own, once it says where it listens. */
async function startEmulation(args: readonly string[]) {
  const started = startCommand({ args: ['emulate', '--port', '0', ...args] })
  const ended = started.exited.then((code) => {
    throw new Error(`ended with ${String(code)}: ${started.out.stderr}`)
  })
  const printed = (pattern: RegExp) =>
    Promise.race([ended, untilPrinted(() => started.out.stdout, pattern)])
  const [, url = ''] = await printed(/listen on {2}(http:\S+)[^]*get-signed-url[^\n]*\n/)
  return { ...started, printed, url }
}

async function untilPrinted(text: () => string, pattern: RegExp): Promise<RegExpExecArray> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < 15_000) {
    const match = pattern.exec(text())
    if (match) return match
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`not printed: ${String(pattern)}`)
}

interface ServerEvent {
  readonly type: string
  readonly agent_response_event?: { readonly agent_response: string }
}

/** A client that says each text once the agent has answered the one before. */
async function talk(url: string, texts: readonly string[]) {
  const socket = new WebSocket(url, ['convai'])
  onTestFinished(() => socket.terminate())
  const replies: string[] = []
  const left = [...texts]
  const finished = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as ServerEvent // the emulator's own form
      if (event.type !== 'agent_response') return
      replies.push(event.agent_response_event?.agent_response ?? '')
      const text = left.shift()
      if (text === undefined) resolve()
      else socket.send(JSON.stringify({ type: 'user_message', text }))
    })
  })
  await once(socket, 'open')
  socket.send('{"type":"conversation_initiation_client_data"}')
  return { socket, replies, finished }
}

it('lets a client talk to the Custom LLM, and ends with its conversations on SIGINT', async () => {
  const server = await startUpstreamServer()
  onTestFinished(() => server.close())
  server.reply({ say: 'Good morning.' })
  const flags = ['--url', server.url, '--agent', EXAMPLE]
  const { url, out, printed, kill, exited } = await startEmulation(flags)
  const socketUrl = `${url.replace('http', 'ws')}/v1/convai/conversation?agent_id=clinic`
  const { socket, replies, finished } = await talk(socketUrl, ['Hello'])
  await finished
  expect(replies).toEqual(['Oak Street clinic, hello there!', 'Good morning.'])
  const { messages, tools } = (await server.received()).body
  expect(messages).toEqual([
    { role: 'system', content: expect.stringMatching(/CALL_ID=conv_\w+/) as string },
    { role: 'assistant', content: 'Oak Street clinic, hello there!' },
    { role: 'user', content: 'Hello' },
  ])
  const names = tools?.map((tool) => tool.function.name)
  expect(names).toEqual(['end_call', 'skip_turn', 'language_detection', 'show_map'])
  await printed(/^conv_\w+ {2}custom llm {2}try 1 of 3 {2}status 200 /m)
  const closed = once(socket, 'close')
  kill('SIGINT')
  await closed
  expect([await exited, out.stderr]).toEqual([0, ''])
}, 20_000)

it('says what to paste, with the key that it was given kept to itself', async () => {
  const file = write(
    'private.yaml',
    `agent_id: private\n${ID}signed_url_required: true\nfirst_message: Hello {{name}}\n`,
  )
  const secret = 'xi-secret'
  const agents = ['--agent', file, '--agent', EXAMPLE]
  const flags = ['--url', 'http://127.0.0.1:1/k/hidden/v1', '--api-key', secret, ...agents]
  const { url, out, kill, exited } = await startEmulation(flags)
  expect(out.stdout).toContain('agent private  ->  http://127.0.0.1:1/k/***/v1/chat/completions\n')
  expect(out.stdout).toContain('agent clinic  ->  http://127.0.0.1:1/k/***/v1/chat/completions\n')
  expect(out.stdout).toContain(
    "Conversation.startSession({ signedUrl: SIGNED_URL, textOnly: true, dynamicVariables: { name: '...' } })\n",
  )
  const [, address = ''] = /curl -H 'xi-api-key: YOUR_KEY' '([^']+)'/.exec(out.stdout) ?? []
  expect(address.startsWith(url)).toBe(true)
  expect((await fetch(address, { headers: { 'xi-api-key': 'any' } })).status).toBe(401)
  const answer = await fetch(address, { headers: { 'xi-api-key': secret } })
  expect(await answer.json()).toEqual({ signed_url: expect.stringContaining('ws://') as string })
  expect(out.stdout).not.toContain(secret)
  kill('SIGTERM')
  expect(await exited).toBe(0)
}, 20_000)

it('prints warnings and starts all the same', async () => {
  const file = write('warned.yaml', "agent_id: warned\ncustom_llm: { url: 'http://127.0.0.1:1' }\n")
  const { out, kill, exited } = await startEmulation(['--agent', file])
  expect(out.stderr).toBe(
    `${file}:1:1: warning: prompt: without {{system__conversation_id}} no request says whose it is\n`,
  )
  kill('SIGTERM')
  await exited
}, 20_000)
