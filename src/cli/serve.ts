import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { startDemo } from '../demo/start-demo.ts'
import { createLog } from '../observability/log.ts'
import { banner } from './banner.ts'
import { formatProblems } from './format-problems.ts'
import { CLOSE_LIMIT_MS, DRAIN_LIMIT_MS, openServer, urlOf } from './open-server.ts'
import {
  NOT_STARTED,
  readServeSettings,
  type ServeIo,
  type ServeSettings,
} from './serve-settings.ts'
import { runWorker } from './worker.ts'
import { serveByWorkers } from './workers.ts'

/** Starts the server and returns once it listens; the exit code is not 0 if it could not start. */
export async function runServe(args: readonly string[], io: ServeIo): Promise<number> {
  if (cluster.isWorker) return runWorker(io.env)
  const settings = readServeSettings(args, io)
  if (typeof settings === 'number') return settings
  return settings.workers === 1 ? serveAlone(settings, io) : serveByWorkers(settings, io)
}

async function serveAlone(settings: ServeSettings, io: ServeIo): Promise<number> {
  const { host, configFile: file } = settings
  const demo = file === undefined ? await startDemo() : null
  const loaded = loadConfig({
    file: file ?? demo?.configFile ?? '',
    environment: { ...io.env, ...demo?.environment },
    host,
  })
  // The demo's own warnings are nobody's to mend.
  if (!loaded.ok || file !== undefined) {
    io.stderr(formatProblems(loaded.ok ? loaded.warnings : loaded.problems))
  }
  if (!loaded.ok) {
    io.stderr(NOT_STARTED)
    await demo?.close()
    return 1
  }
  const config = demo ? withOpenAi(loaded.config, settings) : loaded.config
  const log = createLog(settings.logLevel ?? 'info')
  const opened = await openServer({ config, log, host, port: settings.port })
  if (!opened.ok) {
    io.stderr(`${opened.reason}\n`)
    await demo?.close()
    return 1
  }
  closeWithGrace({ delay: DRAIN_LIMIT_MS + CLOSE_LIMIT_MS }, async ({ err, signal }) => {
    if (err) log.error({ err }, 'stopping after an error')
    else log.info({ signal }, 'stopping')
    await opened.server.close()
    await demo?.close()
  })
  io.stdout(banner({ url: urlOf(host, opened.server.port), config, file: file ?? null }))
  return 0
}

/** The demo's flow with a real model, for whoever has a key at hand. */
function withOpenAi(config: Config, { openai }: ServeSettings): Config {
  if (!openai) return config
  return { ...config, upstreams: { openai }, routing: { ...config.routing, order: ['openai'] } }
}
