import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { closeServer, listenOnLoopback } from '../support/loopback-server.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { startCommand } from '../support/turnstate-process.ts'
import { writeConfig } from '../support/worker-processes.ts'

vi.setConfig({ testTimeout: 60_000 })

const CONFIG = {
  version: 1,
  auth: { signing_secret: 'a secret for the worker tests only' },
  upstreams: { main: { base_url: 'http://127.0.0.1:9/v1', model: 'm' } },
  flow: { name: 'f', starting_state: 'a', states: { a: {} } },
}

async function refused(args: readonly string[], config: object = CONFIG): Promise<string> {
  const cwd = dirname(writeConfig(config))
  const { out, exited } = startCommand({ args: ['serve', ...args], cwd })
  expect(await exited).toBe(1)
  expect(out.stdout).toBe('')
  expect(out.stderr).not.toMatch(/\n\s+at /)
  return out.stderr
}

const NOT_STARTED = 'turnstate was not started.\n'

describe('a start with workers is refused', () => {
  it('without a store that they could share, and says why', async () => {
    const stderr = await refused(['--port', '0', '--workers', '2'])
    expect(stderr).toMatch(
      /^error: --workers: needs store: \{ type: redis, url: \.\.\. \} in turnstate\.yaml, not memory: .* book twice\. .*\n/,
    )
    expect(stderr.endsWith(NOT_STARTED)).toBe(true)
  })

  it('for the demo, which runs in one process', async () => {
    const { out, exited } = startCommand({
      args: ['serve', '--port', '0', '--workers', '2'],
      env: { TURNSTATE_CONFIG: '' },
    })
    expect(await exited).toBe(1)
    expect(out.stderr).toMatch(/^error: --workers: the demo runs in one process: .*\n/)
    expect(out.stderr.endsWith(NOT_STARTED)).toBe(true)
    expect(out.stdout).toBe('')
  })

  it('for a configuration with problems, which are printed once', async () => {
    const stderr = await refused(['--workers', '2'], { ...CONFIG, colour: 'red' })
    expect(stderr.match(/colour/g)).toHaveLength(1)
    expect(stderr.endsWith(NOT_STARTED)).toBe(true)
  })
})

describeWithRedis('a start with workers is refused with one message', (redis) => {
  const shared = () => ({ ...CONFIG, store: { type: 'redis', url: redis().url } })

  it('where the port is taken', async () => {
    const server = createServer()
    const port = await listenOnLoopback(server)
    onTestFinished(() => closeServer(server))
    expect(await refused(['--port', String(port), '--workers', '3'], shared())).toBe(
      `Cannot listen on 127.0.0.1:${port}: the port is taken; choose another one with --port\n`,
    )
  })

  it('where the machine has no such address', async () => {
    const auth = { ...CONFIG.auth, keys: [{ name: 'a', secret: 'secret-of-a-key' }] }
    const args = ['--host', '192.0.2.1', '--port', '0', '--workers', '2']
    expect(await refused(args, { ...shared(), auth })).toBe(
      'Cannot listen on 192.0.2.1:0: this machine has no such address\n',
    )
  })
})
