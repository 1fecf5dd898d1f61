import { randomUUID } from 'node:crypto'
import { onTestFinished, vi } from 'vitest'
import type { Log } from '../../src/observability/log.ts'
import { createRedisStore } from '../../src/store/redis-store.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'

interface LogLine {
  readonly level: string
  readonly values: object
  readonly message: string
}

interface StoreChoices {
  readonly url: string
  /** Random unless several stores shall meet. */
  readonly prefix?: string
  readonly limits?: Parameters<typeof createRedisStore>[0]['limits']
}

interface StartedStore {
  readonly store: SharedStore
  /** Everything that was logged, of a store that was opened: since it was up. */
  readonly lines: LogLine[]
}

export function uniquePrefix(): string {
  return `test-${randomUUID()}:`
}

/** A store that is closed when the test is over; it may not be up yet. */
export function startStore({ url, prefix = uniquePrefix(), limits }: StoreChoices): StartedStore {
  const lines: LogLine[] = []
  const store = createRedisStore({ url, prefix, log: logTo(lines), ...(limits && { limits }) })
  onTestFinished(() => store.close())
  return { store, lines }
}

/** A store that is up. It may have taken a while: then that was logged. */
export async function openStore(choices: StoreChoices): Promise<StartedStore> {
  const started = startStore(choices)
  await vi.waitUntil(() => started.store.isUp(), { interval: 5, timeout: 5000 })
  started.lines.length = 0
  return started
}

function logTo(lines: LogLine[]): Log {
  const at = (level: string) => (values: object, message: string) =>
    void lines.push({ level, values, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
