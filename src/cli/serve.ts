import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { parsePort, readEnvironment, type EnvironmentSettings } from '../config/environment.ts'
import type { Environment } from '../config/environment-values.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { startDemo } from '../demo/start-demo.ts'
import { createLog } from '../observability/log.ts'
import { createService } from '../service.ts'
import { banner } from './banner.ts'
import { formatProblems } from './format-problems.ts'

interface ServeIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Environment
}

const USAGE = 'usage: turnstate serve [--config FILE] [--host H] [--port P]\n'
const DEFAULT_CONFIG_FILE = 'turnstate.yaml'
/** A store that does not answer by then may come later: the server starts without it. */
const STORE_LIMIT_MS = 2000
/** Turns last 20 s at most by default; a service manager's own patience is often 30 s. */
const DRAIN_LIMIT_MS = 25_000

interface Settings extends EnvironmentSettings {
  readonly host: string
  readonly port: number
}

/** Starts the server and returns once it listens; the exit code is not 0 if it could not start. */
export async function runServe(args: readonly string[], io: ServeIo): Promise<number> {
  const settings = readSettings(args, io)
  if (typeof settings === 'number') return settings
  const file = settings.configFile ?? defaultFile()
  const demo = file === null ? await startDemo() : null
  const loaded = loadConfig({
    file: file ?? demo?.configFile ?? '',
    environment: { ...io.env, ...demo?.environment },
    host: settings.host,
  })
  // The demo's own warnings are nobody's to mend.
  if (!loaded.ok || file !== null) {
    io.stderr(formatProblems(loaded.ok ? loaded.warnings : loaded.problems))
  }
  if (!loaded.ok) {
    io.stderr('turnstate was not started.\n')
    await demo?.close()
    return 1
  }
  const config = demo ? withOpenAi(loaded.config, settings) : loaded.config
  const log = createLog(settings.logLevel ?? 'info')
  const service = createService({ config, log, openApiText: openApiText() })
  const closeAll = async () => {
    await service.close(DRAIN_LIMIT_MS)
    await demo?.close()
  }
  await service.connected(STORE_LIMIT_MS)
  try {
    await service.app.server.listen({ host: settings.host, port: settings.port })
  } catch (error) {
    io.stderr(`Cannot listen on ${settings.host}:${settings.port}: ${reason(error)}\n`)
    await closeAll()
    return 1
  }
  closeWithGrace({ delay: DRAIN_LIMIT_MS + 5000 }, async ({ err, signal }) => {
    if (err) log.error({ err }, 'stopping after an error')
    else log.info({ signal }, 'stopping')
    await closeAll()
  })
  const address = service.app.server.server.address()
  const port = typeof address === 'object' && address ? address.port : settings.port
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  io.stdout(banner({ url: `http://${host}:${port}`, config, file }))
  return 0
}

/** Flags win over the environment. A number is the exit code of a refused start. */
function readSettings(args: readonly string[], io: ServeIo): Settings | number {
  const environment = readEnvironment(io.env)
  const flags = parseFlags(args)
  if (!flags) {
    io.stderr(USAGE)
    return 2
  }
  const flagPort = flags.port === undefined ? undefined : parsePort(flags.port)
  const problems = [
    ...(environment.ok ? [] : environment.problems),
    ...(flags.port !== undefined && flagPort === undefined
      ? ['--port: must be a whole number from 0 to 65535']
      : []),
  ]
  if (!environment.ok || problems.length > 0) {
    io.stderr(problems.map((problem) => `error: ${problem}\n`).join(''))
    io.stderr('turnstate was not started.\n')
    return 1
  }
  const configFile = flags.config ?? environment.settings.configFile
  return {
    ...environment.settings,
    host: flags.host ?? environment.settings.host ?? '127.0.0.1',
    port: flagPort ?? environment.settings.port ?? 8080,
    ...(configFile !== undefined && { configFile }),
  }
}

function parseFlags(args: readonly string[]) {
  try {
    const options = {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
    } as const
    return parseArgs({ args: [...args], options }).values
  } catch {
    return null
  }
}

function defaultFile(): string | null {
  return existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : null
}

/** The demo's flow with a real model, for whoever has a key at hand. */
function withOpenAi(config: Config, { openai }: Settings): Config {
  if (!openai) return config
  return { ...config, upstreams: { openai }, routing: { ...config.routing, order: ['openai'] } }
}

function openApiText(): string {
  // Both src/cli and dist/cli stand two levels below the package.
  return readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
}

function reason(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return 'the system refused'
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is taken; choose another one with --port'
    case 'EACCES':
      return 'this user may not use that port'
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    default:
      return String(error.code)
  }
}
