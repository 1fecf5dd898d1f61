import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from './fault-wait.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

interface InstanceOptions {
  readonly configFile: string
  /** Milliseconds by which all clocks of the process are ahead of the machine's. */
  readonly clockAheadMs?: number
}

type LogLine = Readonly<Record<string, unknown>>

/** A server in a process of its own, built as it is shipped. */
export interface Instance {
  readonly url: string
  /** Lines of its log with this message. */
  readonly logged: (message: string) => readonly LogLine[]
  /** At once, as if the machine had lost its power; resolves once it is gone. */
  readonly kill: () => Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves once it is ready for turns; whoever starts it must kill it. */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const child = spawn(process.execPath, toArguments(options), {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const exited = once(child, 'exit').finally(() => running.delete(child))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const url = await eventually('the server listens', () => {
    if (child.exitCode !== null) throw new Error(`the server ended: ${said}`)
    return /listens on\s+(http:\S+)/.exec(said)?.[1]
  })
  await eventually('the server is ready', () => isReady(url))
  return {
    url,
    logged: (message) => logLines(said).filter(({ msg }) => msg === message),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** With all that it needs. */
export async function isReady(url: string): Promise<boolean> {
  return (await fetch(`${url}/readyz`)).status === 200
}

function toArguments({ configFile, clockAheadMs }: InstanceOptions): readonly string[] {
  const preload = clockAheadMs === undefined ? [] : ['--import', shiftedClock(clockAheadMs)]
  return [...preload, MAIN, 'serve', '--config', configFile, '--host', '127.0.0.1', '--port', '0']
}

/** A module that sets the clocks of the process that loads it first. */
function shiftedClock(aheadMs: number): string {
  const code = `
    const RealDate = Date, now = Date.now
    Date.now = () => now() + ${aheadMs}
    globalThis.Date = new Proxy(RealDate, {
      construct: (target, args) => Reflect.construct(target, args.length ? args : [Date.now()]),
    })
    Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + ${aheadMs} })
  `
  return `data:text/javascript,${encodeURIComponent(code)}`
}

function logLines(said: string): readonly LogLine[] {
  return said.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    try {
      return [JSON.parse(line) as LogLine] // pino writes objects
    } catch {
      // The last line may not be whole yet.
      return []
    }
  })
}
