import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parsePort, readEnvironment, type EnvironmentSettings } from '../config/environment.ts'
import type { Environment } from '../config/environment-values.ts'

export interface ServeIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Environment
}

export interface ServeSettings extends EnvironmentSettings {
  readonly host: string
  readonly port: number
  /** Processes that share the port. */
  readonly workers: number
}

export const NOT_STARTED = 'turnstate was not started.\n'

const USAGE = 'usage: turnstate serve [--config FILE] [--host H] [--port P] [--workers N]\n'
const DEFAULT_CONFIG_FILE = 'turnstate.yaml'
const MAX_WORKERS = 64

/** Flags win over the environment. A number is the exit code of a refused start. */
export function readServeSettings(args: readonly string[], io: ServeIo): ServeSettings | number {
  const environment = readEnvironment(io.env)
  const flags = parseFlags(args)
  if (!flags) {
    io.stderr(USAGE)
    return 2
  }
  const port = flags.port === undefined ? undefined : parsePort(flags.port)
  const workers = flags.workers === undefined ? 1 : parseWorkers(flags.workers)
  const problems = [
    ...(environment.ok ? [] : environment.problems),
    ...(flags.port !== undefined && port === undefined
      ? ['--port: must be a whole number from 0 to 65535']
      : []),
    ...(workers === undefined
      ? [`--workers: must be a whole number from 1 to ${MAX_WORKERS}`]
      : []),
  ]
  if (!environment.ok || workers === undefined || problems.length > 0) {
    io.stderr(problems.map((problem) => `error: ${problem}\n`).join('') + NOT_STARTED)
    return 1
  }
  const configFile = flags.config ?? environment.settings.configFile ?? defaultFile()
  return {
    ...environment.settings,
    host: flags.host ?? environment.settings.host ?? '127.0.0.1',
    port: port ?? environment.settings.port ?? 8080,
    workers,
    ...(configFile !== undefined && { configFile }),
  }
}

function parseFlags(args: readonly string[]) {
  try {
    const options = {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      workers: { type: 'string' },
    } as const
    return parseArgs({ args: [...args], options }).values
  } catch {
    return null
  }
}

function parseWorkers(text: string): number | undefined {
  const workers = /^\d{1,2}$/.test(text) ? Number(text) : 0
  return workers >= 1 && workers <= MAX_WORKERS ? workers : undefined
}

function defaultFile(): string | undefined {
  return existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined
}
