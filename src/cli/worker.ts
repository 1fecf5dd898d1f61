import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { Environment } from '../config/environment-values.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { createLog, type Log } from '../observability/log.ts'
import { CLOSE_LIMIT_MS, DRAIN_LIMIT_MS, openServer, type OpenServer } from './open-server.ts'
import { ToWorker, type FromWorker, type Job } from './worker-messages.ts'

/** A terminal and a service manager send them to every process of the group, and more than once. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/** Why this worker stops: all of them do, or for a reason of its own. */
type Stop = 'all' | 'signal' | 'orphaned' | 'error'

/** One of several processes that share a port; returns once it listens. */
export async function runWorker(environment: Environment): Promise<number> {
  // Until it listens there is nothing that would have to end well.
  let stop: (why: Stop) => void = () => process.exit(0)
  for (const signal of SIGNALS) process.on(signal, () => stop('signal'))
  afterPrimary(() => stop('orphaned'))
  const job = await new Promise<Job>((resolve) => {
    process.on('message', (message) => {
      const { data } = ToWorker.safeParse(message)
      if (data?.type === 'start') resolve(data.job)
      if (data?.type === 'stop') stop('all')
    })
    // Whoever forked it waits a limited time for it to listen.
    tellPrimary({ type: 'waiting' })
  })
  const log = logOf(job)
  const { host, port } = job
  const config = readConfig(job, environment)
  const opened = config
    ? await openServer({ config, log, host, port })
    : { ok: false as const, reason: 'The configuration holds no more' }
  if (!opened.ok) {
    tellPrimary({ type: 'refused', reason: opened.reason }, () => process.exit(1))
    return 1
  }
  const { server } = opened
  stop = gracefulStop(server, log)
  tellPrimary({ type: 'listening', port: server.port })
  return 0
}

function gracefulStop(server: OpenServer, log: Log): (why: Stop) => void {
  let reason: Stop | null = null
  const delay = DRAIN_LIMIT_MS + CLOSE_LIMIT_MS
  const closing = closeWithGrace({ delay, skip: [...SIGNALS] }, async ({ err }) => {
    reason ??= 'error'
    if (err) log.error({ err }, 'stopping after an error')
    else if (reason !== 'all') log.info({ reason }, 'stopping')
    // The others can serve whoever connects now; when all stop, `/readyz` says so to the end.
    if (reason !== 'all') server.stopListening()
    await server.close()
  })
  return (why) => {
    if (reason !== null) return
    reason = why
    closing.close()
  }
}

/** Without this, Node ends a worker at once when the process that started it is gone. */
function afterPrimary(then: () => void): void {
  const { worker } = cluster
  worker?.once('disconnect', () => {
    worker.exitedAfterDisconnect = true
    then()
  })
}

/** Every line says which worker it is from. */
function logOf({ logLevel, worker }: Job): Log {
  const log = createLog(logLevel)
  return {
    debug: (values, message) => log.debug({ worker, ...values }, message),
    info: (values, message) => log.info({ worker, ...values }, message),
    warn: (values, message) => log.warn({ worker, ...values }, message),
    error: (values, message) => log.error({ worker, ...values }, message),
  }
}

function readConfig({ configFile, files, host }: Job, environment: Environment): Config | null {
  const loaded = loadConfig({
    file: configFile,
    environment,
    host,
    readFile: (file) => files[file] ?? { ok: false, message: 'cannot be read: it was not there' },
  })
  return loaded.ok ? loaded.config : null
}

function tellPrimary(message: FromWorker, then: () => void = () => undefined): void {
  // If it cannot be told it is gone, and `afterPrimary` knows.
  process.send?.(message, undefined, undefined, then)
}
