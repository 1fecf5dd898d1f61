import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { freePort } from './free-port.ts'

interface RedisOptions {
  /** What was written survives `stop` and `start`; otherwise a new start is an empty one. */
  readonly keepsData?: boolean
  readonly password?: string
}

/** A real Redis on a port of 127.0.0.1. */
export interface RedisServer {
  /** Without the password, if there is one. */
  readonly url: string
  readonly port: number
  /** Again on the same port; resolves once it answers. */
  start(): Promise<void>
  /** At once, as if it had crashed; also while it is paused. */
  stop(): Promise<void>
  /** It accepts connections and says nothing. */
  pause(): void
  resume(): void
  /** For good, with all its files. */
  dispose(): Promise<void>
}

const COMMAND = 'redis-server'
const PORT_ATTEMPTS = 5
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The caller must dispose of it: `onTestFinished(() => redis.dispose())`. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const redis = createRedis(await freePort(), options)
    try {
      await redis.start()
      return redis
    } catch (error) {
      await redis.dispose()
      // Somebody else can have taken the port in between.
      if (attempt === PORT_ATTEMPTS) throw error
    }
  }
}

function createRedis(port: number, { keepsData = false, password }: RedisOptions): RedisServer {
  const directory = mkdtempSync(join(tmpdir(), 'turnstate-redis-'))
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--daemonize', 'no'],
    // Written to the file before it is answered, and never put off for the disk's sake.
    ...['--save', '', '--appendonly', keepsData ? 'yes' : 'no', '--appendfsync', 'no'],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ]
  let child: ChildProcess | null = null

  async function stop(): Promise<void> {
    const stopped = child
    child = null
    if (!stopped || stopped.exitCode !== null || stopped.signalCode !== null) return
    stopped.kill('SIGKILL')
    await once(stopped, 'exit')
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      child = await spawnRedis(args)
    },
    stop,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async dispose() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Resolves once it answers. */
async function spawnRedis(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(COMMAND, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended: ${said}`)))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('Ready to accept connections')) resolve()
    })
  })
  return child
}

function whyNotHere(): string | null {
  const { error, status } = spawnSync(COMMAND, ['--version'])
  if (!error && status === 0) return null
  return `redis-server cannot be run (${error?.message ?? `exit status ${String(status)}`})`
}

const reason = whyNotHere()

/**
 * A suite with a Redis of its own, started before it and gone after it; tests keep apart by
 * prefixes. Skipped where there is no `redis-server`, unless TURNSTATE_REQUIRE_REDIS=1 demands it.
 */
export function describeWithRedis(name: string, define: (redis: () => RedisServer) => void): void {
  if (reason !== null) {
    describeWithout(name, reason)
    return
  }
  describe(name, () => {
    let redis: RedisServer | null = null
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis?.dispose())
    define(() => {
      if (!redis) throw new Error('Redis runs only while tests do')
      return redis
    })
  })
}

function describeWithout(name: string, why: string): void {
  if (process.env.TURNSTATE_REQUIRE_REDIS === '1') {
    it(`${name}: needs redis-server`, () => {
      throw new Error(`${why}, and TURNSTATE_REQUIRE_REDIS=1 forbids to skip what needs it`)
    })
    return
  }
  process.stderr.write(`skipped: ${name}: ${why}\n`)
  describe.skip(`${name} (skipped: ${why})`, () => {
    it('needs redis-server', () => {})
  })
}
