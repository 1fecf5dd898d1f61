import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { startFaultModel, type FaultModel } from './fault-model.ts'
import { eventually } from './fault-wait.ts'
import { startFaultWebhook, type FaultWebhook } from './fault-webhook.ts'
import { openStream, type LiveStream } from './live-stream.ts'
import { startServer } from './turnstate-process.ts'
import { user } from './wire-messages.ts'

interface LogLine {
  readonly msg: string
  readonly worker?: number
  readonly pid?: number
  readonly [name: string]: unknown
}

/** A server of several processes, and what it talks to. */
export interface Workers {
  readonly url: string
  readonly configFile: string
  readonly model: FaultModel
  readonly webhook: FaultWebhook
  readonly out: { readonly stdout: string; readonly stderr: string }
  /** Ended, with all that held its output. */
  readonly exited: Promise<number | null>
  readonly signalPrimary: (signal: NodeJS.Signals) => void
  readonly logged: (message: string) => readonly LogLine[]
  /** Of the process that is worker 1, 2, ... now. */
  readonly pidOf: (worker: number) => number
  /** Every process that was ever a worker. */
  readonly pids: () => readonly number[]
  /** A turn on a connection of its own. */
  readonly say: (conversation: string, words: string) => Promise<LiveStream>
  /** The value of a metric, at whichever worker. */
  readonly counted: (metric: string) => Promise<number>
}

/** All of it ends with the test. */
export async function startWorkers(redisUrl: string, count = 2): Promise<Workers> {
  const [model, webhook] = await Promise.all([startFaultModel(), startFaultWebhook()])
  onTestFinished(async () => {
    await Promise.all([model.close(), webhook.close()])
  })
  const configFile = writeConfig(toConfig({ redisUrl, model: model.url, webhook: webhook.url }))
  const server = await startServer({ args: ['--config', configFile, '--workers', String(count)] })
  const lines = () => logLines(server.out.stderr)
  const logged = (message: string) => lines().filter(({ msg }) => msg === message)
  const listening = () => logged('worker listens')
  // Left to themselves, they would wait for what a failed test has left open.
  onTestFinished(() => {
    server.kill('SIGKILL')
    for (const { pid } of listening())
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
  // The log is written in the background: the banner can come before it.
  await eventually('the log tells of all', () => listening().length === count)
  return {
    url: server.url,
    configFile,
    model,
    webhook,
    out: server.out,
    exited: server.exited,
    signalPrimary: (signal) => server.kill(signal),
    logged,
    pidOf: (number) => listening().findLast(({ worker }) => worker === number)?.pid ?? NaN,
    pids: () => listening().map(({ pid }) => pid ?? NaN),
    say: (conversation, words) =>
      openStream(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-conversation-id': conversation, connection: 'close' },
        body: JSON.stringify({ stream: true, messages: [user(words)] }),
      }),
    async counted(metric) {
      const answer = await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } })
      const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(metric))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
  }
}

/** Resolves once there is no such process. */
export async function gone(pid: number): Promise<void> {
  await eventually(`process ${pid} is gone`, () => !isAlive(pid))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // Ended, and its parent has not asked how: nobody is there to do so in some containers.
  const state = `/proc/${pid}/stat`
  return !existsSync(state) || !/\) Z /.test(readOrNothing(state))
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ') Z '
  }
}

/** A configuration in a folder of its own. */
export function writeConfig(config: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'turnstate-workers-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'turnstate.yaml')
  writeFileSync(file, stringify(config))
  return file
}

interface Surroundings {
  readonly redisUrl: string
  readonly model: string
  readonly webhook: string
}

function toConfig({ redisUrl, model, webhook }: Surroundings): object {
  return {
    version: 1,
    auth: { signing_secret: 'a secret for the worker tests only' },
    upstreams: { model: { base_url: model, model: 'fault-model' } },
    // No test is to depend on how fast it goes on.
    routing: { first_token_timeout_ms: 20_000, idle_timeout_ms: 20_000 },
    store: { type: 'redis', url: redisUrl, prefix: `workers-${crypto.randomUUID()}:` },
    webhooks: { allow_hosts: ['127.0.0.1'] },
    flow: { name: 'workers', starting_state: 'desk', states: { desk: { tools: ['book'] } } },
    tools: {
      book: {
        type: 'webhook',
        description: 'Books',
        url: `${webhook}/book`,
        parameters: { type: 'object', properties: { wish: { type: 'string' } } },
        commit: 'immediate',
      },
    },
  }
}

function logLines(text: string): readonly LogLine[] {
  // The last line may not be whole yet.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine) // pino writes objects with a message
}
