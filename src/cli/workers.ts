import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import { loadConfig } from '../config/load.ts'
import { readText, type FileText } from '../config/read-file.ts'
import type { Config } from '../config/schema.ts'
import { createLog, type Log } from '../observability/log.ts'
import { banner } from './banner.ts'
import { formatProblems } from './format-problems.ts'
import { CLOSE_LIMIT_MS, DRAIN_LIMIT_MS, urlOf } from './open-server.ts'
import { NOT_STARTED, type ServeIo, type ServeSettings } from './serve-settings.ts'
import { startFleet, type Fleet } from './worker-fleet.ts'

/** A worker stops by itself within its own limits; a second more, and it is killed. */
const STOP_LIMIT_MS = DRAIN_LIMIT_MS + CLOSE_LIMIT_MS + 1000

const WHY_SHARED =
  'a retry can reach another worker, and one that knows nothing of the turn could book twice'

/** Starts several processes that share one port, and returns once all of them listen. */
export async function serveByWorkers(settings: ServeSettings, io: ServeIo): Promise<number> {
  const { host, port, workers: count, logLevel = 'info' } = settings
  const checked = check(settings, io)
  if (checked === null) {
    io.stderr(NOT_STARTED)
    return 1
  }
  const { config, ...files } = checked
  // What the environment may say otherwise leaves most of the work to one worker.
  cluster.schedulingPolicy = cluster.SCHED_RR
  const log = createLog(logLevel)
  const started = await startFleet({ count, job: { host, port, logLevel, ...files }, log })
  if (!started.ok) {
    io.stderr(`${started.reason}\n`)
    return 1
  }
  const { fleet } = started
  stopWithGrace(fleet, log)
  const url = urlOf(host, fleet.port)
  io.stdout(banner({ url, config, file: files.configFile, workers: count }))
  return 0
}

interface Checked {
  readonly config: Config
  readonly configFile: string
  /** Whatever was read for it. */
  readonly files: Readonly<Record<string, FileText>>
}

/** Prints what is wrong; null if it cannot be started so. */
function check({ configFile, host }: ServeSettings, io: ServeIo): Checked | null {
  if (configFile === undefined) {
    io.stderr(
      `error: --workers: the demo runs in one process: it has no store that workers could share. Start it without --workers, or name a configuration with store: { type: redis }; ${WHY_SHARED}\n`,
    )
    return null
  }
  const files: Record<string, FileText> = {}
  const readFile = (file: string) => (files[file] ??= readText(file))
  const loaded = loadConfig({ file: configFile, environment: io.env, host, readFile })
  io.stderr(formatProblems(loaded.ok ? loaded.warnings : loaded.problems))
  if (!loaded.ok) return null
  const { config } = loaded
  if (config.store.type !== 'redis') {
    io.stderr(
      `error: --workers: needs store: { type: redis, url: ... } in ${configFile}, not ${config.store.type}: ${WHY_SHARED}. Set it, or start one process, without --workers\n`,
    )
    return null
  }
  return { config, configFile, files }
}

function stopWithGrace(fleet: Fleet, log: Log): void {
  const kill = () => fleet.kill()
  closeWithGrace(
    {
      delay: STOP_LIMIT_MS + CLOSE_LIMIT_MS,
      onSecondSignal: kill,
      onSecondError: kill,
      onTimeout: kill,
    },
    async ({ err, signal }) => {
      if (err) log.error({ err }, 'stopping after an error')
      else log.info({ signal }, 'stopping')
      await fleet.stop(STOP_LIMIT_MS)
    },
  )
}
