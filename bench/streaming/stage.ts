import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { startModel, type Model } from './model.ts'
import { turnstateConfig, type ConfigChange } from './turnstate-config.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLOOR = fileURLToPath(new URL('./floor.ts', import.meta.url))
const TASKSET = '/usr/bin/taskset'
const START_LIMIT_MS = 20_000
const STOP_LIMIT_MS = 8000

/** A server that is measured, in a process of its own. */
export interface Server {
  readonly name: 'floor' | 'turnstate'
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

interface TurnstateOptions {
  readonly change?: ConfigChange
  /** Where its profile is to be written when it ends. */
  readonly profileTo?: string
}

/** Where the benchmarks take place: one model, and servers in front of it. */
export interface Stage {
  readonly model: Model
  /** The servers have a core of their own. */
  readonly isPinned: boolean
  readonly folder: string
  readonly startFloor: () => Promise<Server>
  readonly startTurnstate: (options?: TurnstateOptions) => Promise<Server>
  readonly close: () => Promise<void>
}

/** `root`: of the built server. */
export async function createStage(root: string = ROOT): Promise<Stage> {
  const model = await startModel()
  const folder = mkdtempSync(join(tmpdir(), 'turnstate-bench-'))
  const children = new Set<ChildProcess>()
  const isPinned = existsSync(TASKSET) && availableParallelism() > 1
  if (isPinned) spawnSync(TASKSET, ['-a', '-c', '-p', '1', String(process.pid)])
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(name: Server['name'], args: readonly string[]): Promise<Server> {
    const command = [process.execPath, ...args]
    const [file = '', ...rest] = isPinned ? [TASKSET, '-c', '0', ...command] : command
    const env = { CLINIC_API_URL: 'http://127.0.0.1:9', LOG_LEVEL: 'info' }
    const child = spawn(file, rest, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] })
    children.add(child)
    const closed = once(child, 'close').then(() => void children.delete(child))
    const port = await Promise.race([
      portOf(child),
      closed.then(() => {
        throw new Error(`${name} did not start: npm run build, and see what it says`)
      }),
    ])
    const stop = async () => {
      child.kill('SIGTERM')
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await closed
      clearTimeout(limit)
    }
    return { name, port, pid: child.pid ?? 0, stop }
  }

  return {
    model,
    isPinned,
    folder,
    startFloor: () =>
      start('floor', ['--import', import.meta.resolve('tsx'), FLOOR, String(model.port)]),
    startTurnstate({ change, profileTo } = {}) {
      const config = join(folder, 'turnstate.yaml')
      writeFileSync(config, stringify(turnstateConfig(model.port, change)))
      const profiling =
        profileTo === undefined
          ? []
          : ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', profileTo]
      const main = join(root, 'dist/main.js')
      return start('turnstate', [...profiling, main, 'serve', '--config', config, '--port', '0'])
    },
    async close() {
      await model.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Both servers print where they listen. */
async function portOf(child: ChildProcess): Promise<number> {
  const stdout = child.stdout
  if (!stdout) throw new Error('the output is a pipe')
  const limit = AbortSignal.timeout(START_LIMIT_MS)
  let text = ''
  for (;;) {
    const [bytes] = (await once(stdout, 'data', { signal: limit })) as [Buffer] // no encoding is set
    text += bytes.toString()
    const port = /^(\d+)\n/.exec(text)?.[1] ?? /listens on\s+http:\S+:(\d+)\s/.exec(text)?.[1]
    if (port === undefined) continue
    stdout.resume()
    return Number(port)
  }
}
