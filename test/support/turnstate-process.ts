import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Run {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

interface Started {
  /** Standard output and error so far. */
  readonly out: { stdout: string; stderr: string }
  readonly exited: Promise<number | null>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** The command line in a process of its own, ended when the test is over. */
export function startCommand({ args, env = {}, cwd = ROOT }: Run): Started {
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), `${ROOT}/src/main.ts`, ...args],
    { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text))
  const exited = once(child, 'close').then(() => child.exitCode)
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await exited
  })
  return { out, exited, kill: (signal) => void child.kill(signal) }
}

/** Starts a server and waits until it says where it listens. */
export async function startServer(run: Run): Promise<Started & { readonly url: string }> {
  const started = startCommand({ ...run, args: ['serve', '--port', '0', ...run.args] })
  const ended = started.exited.then((code) => {
    throw new Error(`ended with ${String(code)}: ${started.out.stderr}`)
  })
  const listening = (async () => {
    for (;;) {
      const url = /listens on\s+(http:\S+)/.exec(started.out.stdout)?.[1]
      if (url !== undefined && started.out.stdout.includes('curl')) return url
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return { ...started, url: await Promise.race([listening, ended]) }
}
