import { setTimeout as sleep } from 'node:timers/promises'
import { createGatheredMetrics } from '../observability/gathered-metrics.ts'
import type { Log } from '../observability/log.ts'
import { restartDelay } from './restart-delay.ts'
import type { Job } from './worker-messages.ts'
import { forkWorker, type Listening, type WorkerProcess } from './worker-process.ts'

interface FleetOptions {
  readonly count: number
  readonly job: Omit<Job, 'worker'>
  readonly log: Log
}

export interface Fleet {
  /** What all of them share. */
  readonly port: number
  /** Lets running turns end; whoever has not ended after so many milliseconds is killed. */
  readonly stop: (limitMs: number) => Promise<void>
  /** All of them, at once. */
  readonly kill: () => void
}

type StartedFleet =
  { readonly ok: true; readonly fleet: Fleet } | { readonly ok: false; readonly reason: string }

/** Resolves once all workers listen, or none is left; from then on whoever dies is replaced. */
export async function startFleet({ count, job, log }: FleetOptions): Promise<StartedFleet> {
  const crew = createCrew(job, log)
  const first = Array.from({ length: count }, (_, index) => crew.fork(index + 1))
  const started = await allListening(first, crew)
  if (!started.ok) return started

  const stopping = new AbortController()
  const kept = Promise.all(
    first.map((worker, index) =>
      keep({ number: index + 1, worker, crew, log, signal: stopping.signal }),
    ),
  )
  return {
    ok: true,
    fleet: {
      port: started.port,
      async stop(limitMs) {
        stopping.abort()
        crew.stopAll()
        const limit = setTimeout(() => crew.killAll('it did not stop in time'), limitMs)
        await kept
        clearTimeout(limit)
      },
      kill() {
        stopping.abort()
        crew.killAll('all were stopped at once')
      },
    },
  }
}

const NOT_ALONE = 'Another worker could not start'

/** If one cannot start, the others are ended: what keeps it from it mostly is in their way too. */
async function allListening(workers: readonly WorkerProcess[], crew: Crew): Promise<Listening> {
  const results = await Promise.all(
    workers.map(async ({ listening }) => {
      const result = await listening
      if (!result.ok) crew.killAll(NOT_ALONE)
      return result
    }),
  )
  const refused = results.filter((result) => !result.ok)
  if (refused.length > 0) await Promise.all(workers.map(({ ended }) => ended))
  const outcomes = [...refused.filter(({ reason }) => reason !== NOT_ALONE), ...refused, ...results]
  return outcomes[0] ?? { ok: false, reason: 'There is no worker' }
}

interface Kept {
  readonly number: number
  readonly worker: WorkerProcess
  readonly crew: Crew
  readonly log: Log
  /** Aborted when all stop. */
  readonly signal: AbortSignal
}

/** Replaces a worker whenever it has died, until all stop. */
async function keep({ number, worker, crew, log, signal }: Kept): Promise<void> {
  let current = worker
  let delayMs: number | null = null
  for (;;) {
    const { livedMs, ...end } = await current.ended
    if (signal.aborted) {
      if (end.reason !== null) log.error({ worker: number, ...end }, 'worker ended')
      return
    }
    delayMs = restartDelay({ livedMs, delayMs })
    log.error({ worker: number, ...end, restartInMs: delayMs }, 'worker ended')
    if (!(await passed(delayMs, signal))) return
    current = crew.fork(number)
  }
}

/** False if the wait was cut short. */
function passed(delayMs: number, signal: AbortSignal): Promise<boolean> {
  return sleep(delayMs, true, { signal }).catch(() => false)
}

interface Crew {
  readonly fork: (number: number) => WorkerProcess
  readonly stopAll: () => void
  readonly killAll: (reason: string) => void
}

/** The workers that are there, and the port that they share. */
function createCrew(job: Omit<Job, 'worker'>, log: Log): Crew {
  const metrics = createGatheredMetrics()
  const alive = new Set<WorkerProcess>()
  const listening = new Set<WorkerProcess>()
  let shared: number | null = null
  let { port } = job
  let forks = 0

  /** Any port would do at first; who comes when nobody holds it any more must take the same again. */
  function isAtSharedPort(worker: WorkerProcess, taken: number): boolean {
    shared ??= taken
    if (taken === shared) return true
    worker.kill('it listened at another port')
    return false
  }

  function fork(number: number): WorkerProcess {
    const id = (forks += 1)
    const onMessage = (message: unknown) => metrics.received(id, message)
    const worker = forkWorker({ job: () => ({ ...job, port, worker: number }), onMessage })
    alive.add(worker)
    void worker.listening.then((result) => {
      if (!result.ok || !isAtSharedPort(worker, result.port)) return
      listening.add(worker)
      metrics.joined(id, worker.send)
      log.info({ worker: number, pid: worker.pid }, 'worker listens')
    })
    void worker.ended.then(() => {
      alive.delete(worker)
      listening.delete(worker)
      metrics.left(id)
      if (listening.size === 0) port = shared ?? port
    })
    return worker
  }

  return {
    fork,
    stopAll: () => alive.forEach(({ send }) => send({ type: 'stop' })),
    killAll: (reason) => alive.forEach(({ kill }) => kill(reason)),
  }
}
