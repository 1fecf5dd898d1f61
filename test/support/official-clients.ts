import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, it, onTestFinished } from 'vitest'

/** What a client's script told, in its own words. */
type ClientEvent = Readonly<Record<string, unknown>> & { readonly event: string }

/** One of the scripts of `clients/`, running in a process of its own. */
interface ClientScript {
  readonly order: (order: object) => void
  /** The event with this name and this number, from 1; waits until it was told. */
  readonly told: (event: string, number?: number) => Promise<ClientEvent>
  /** All with this name so far. */
  readonly all: (event: string) => readonly ClientEvent[]
  /** The texts of the `text` events so far, as one. */
  readonly text: () => string
}

const CLIENTS = fileURLToPath(new URL('../../clients/', import.meta.url))
const LOWEST_NODE = 22
const WAIT_LIMIT_MS = 20_000
// Each test starts a process that loads a whole package.
const TEST_LIMIT_MS = 45_000
const NODE_LIMIT_MS = 120_000

const { node, reason } = await findNode()

/**
 * Tests with clients that others wrote. Skipped where `clients/` is not installed, unless
 * TURNSTATE_REQUIRE_CLIENTS=1 demands it.
 */
export function describeWithClients(name: string, define: () => void): void {
  if (reason === null) {
    describe(name, { timeout: TEST_LIMIT_MS }, define)
    return
  }
  if (process.env.TURNSTATE_REQUIRE_CLIENTS === '1') {
    it(`${name}: needs the official clients`, () => {
      throw new Error(`${reason}, and TURNSTATE_REQUIRE_CLIENTS=1 forbids to skip what needs them`)
    })
    return
  }
  process.stderr.write(`skipped: ${name}: ${reason}\n`)
  describe.skip(`${name} (skipped: ${reason})`, () => {
    it('needs the official clients', () => {})
  })
}

/** Starts a script of `clients/`; it ends with the test. */
export function startClient(script: string): ClientScript {
  const child = spawn(node, [script], {
    cwd: CLIENTS,
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const events: ClientEvent[] = []
  const listeners = new Set<() => void>()
  let said = ''
  let hasEnded = false
  const notify = () => {
    for (const listener of listeners) listener()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as ClientEvent) // our own scripts wrote it
    notify()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdin.on('error', () => {}) // it ended before the last order: `told` says so
  const exited = once(child, 'close').then(() => {
    hasEnded = true
    notify()
  })
  onTestFinished(async () => {
    if (!hasEnded) child.kill('SIGKILL')
    await exited
  })

  const all = (event: string) => events.filter((one) => one.event === event)
  return {
    order: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    all,
    text: () => all('text').reduce((text, one) => text + String(one.text), ''),
    told: (event, number = 1) =>
      new Promise((resolve, reject) => {
        const settle = (done: () => void) => {
          clearTimeout(limit)
          listeners.delete(look)
          done()
        }
        const fail = (why: string) =>
          settle(() =>
            reject(
              new Error(`${why} before ${event} ${number}: ${JSON.stringify(events)}\n${said}`),
            ),
          )
        const look = () => {
          const found = all(event)[number - 1]
          if (found) settle(() => resolve(found))
          else if (hasEnded) fail(`${script} ended`)
        }
        const limit = setTimeout(() => fail(`${script} said nothing more`), WAIT_LIMIT_MS)
        listeners.add(look)
        look()
      }),
  }
}

/** The clients refuse the lowest Node that turnstate supports: a newer one runs them. */
async function findNode(): Promise<{ readonly node: string; readonly reason: string | null }> {
  const node = process.execPath
  if (!existsSync(`${CLIENTS}node_modules`)) {
    return { node, reason: 'the official clients are not installed: npm ci --prefix clients' }
  }
  const [major] = process.versions.node.split('.')
  if (Number(major) >= LOWEST_NODE) return { node, reason: null }
  const args = ['-y', '-p', 'node@24', 'node', '-p', 'process.execPath']
  return promisify(execFile)('npx', args, { timeout: NODE_LIMIT_MS }).then(
    ({ stdout }) => ({ node: stdout.trim(), reason: null }),
    (error: unknown) => ({ node, reason: `no newer Node for the clients: ${String(error)}` }),
  )
}
