import cluster, { type Worker } from 'node:cluster'
import { FromWorker, type Job, type ToWorker } from './worker-messages.ts'

interface ForkOptions {
  /** Asked for once the process is there to take it. */
  readonly job: () => Job
  /** Whatever it sends. */
  readonly onMessage: (message: unknown) => void
}

interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
  /** What it said itself, or what was done to it. */
  readonly reason: string | null
  readonly livedMs: number
}

export type Listening =
  { readonly ok: true; readonly port: number } | { readonly ok: false; readonly reason: string }

export interface WorkerProcess {
  readonly pid: number | undefined
  /** Resolves in any case: within a limit it listens, or it is ended. */
  readonly listening: Promise<Listening>
  readonly ended: Promise<WorkerEnd>
  readonly send: (message: ToWorker | object) => void
  /** At once. */
  readonly kill: (reason: string) => void
}

/** Modules, configuration, and 2 s for a store that does not answer, on a machine that is busy. */
const START_LIMIT_MS = 30_000

/** Starts a process that runs this same program as a worker. */
export function forkWorker({ job, onMessage }: ForkOptions): WorkerProcess {
  const startedAt = performance.now()
  const worker = cluster.fork()
  let reason: string | null = null

  const send = (message: object) => {
    // What cannot be sent goes to a worker that is ending, and its end is noticed.
    if (worker.isConnected()) worker.send(message, () => undefined)
  }
  const kill = (why: string) => {
    reason ??= why
    worker.process.kill('SIGKILL')
  }
  const ended = endOf(worker).then((end) => ({
    ...end,
    reason: reason ?? end.reason,
    livedMs: performance.now() - startedAt,
  }))
  const listening = new Promise<Listening>((resolve) => {
    const limit = setTimeout(() => kill('it did not listen in time'), START_LIMIT_MS)
    worker.on('message', (message: unknown) => {
      onMessage(message)
      const { data } = FromWorker.safeParse(message)
      if (data?.type === 'waiting') send({ type: 'start', job: job() })
      if (data?.type === 'refused') reason = data.reason
      if (data?.type !== 'listening') return
      clearTimeout(limit)
      resolve({ ok: true, port: data.port })
    })
    void ended.then((end) => {
      clearTimeout(limit)
      resolve({
        ok: false,
        reason: end.reason ?? `A worker ended while it started (${codeOf(end)})`,
      })
    })
  })
  return { pid: worker.process.pid, listening, ended, send, kill }
}

type Exit = Pick<WorkerEnd, 'code' | 'signal' | 'reason'>

function endOf(worker: Worker): Promise<Exit> {
  return new Promise((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) =>
      resolve({ code, signal, reason: null }),
    )
    worker.on('error', (error: Error & { readonly code?: string }) => {
      // One that never came to be has no end either.
      const isThere = worker.process.pid !== undefined
      if (!isThere) resolve({ code: null, signal: null, reason: `no process: ${error.code ?? ''}` })
    })
  })
}

function codeOf({ code, signal }: Exit): string {
  return signal === null ? `exit code ${String(code)}` : signal
}
