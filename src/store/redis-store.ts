import { randomUUID } from 'node:crypto'
import type { Log } from '../observability/log.ts'
import { createIsAlive } from './redis-alive.ts'
import { createRecordChanges } from './redis-changes.ts'
import { createRedisClaims } from './redis-claims.ts'
import { createServerClock } from './redis-clock.ts'
import { createRedisCommands, wholeMs } from './redis-commands.ts'
import { createRedisConnection } from './redis-connection.ts'
import { createRedisDue } from './redis-due.ts'
import { createStoreHealth } from './redis-health.ts'
import { createHeartbeat } from './redis-heartbeat.ts'
import { createRedisKeys } from './redis-keys.ts'
import { createRedisRecords } from './redis-records.ts'
import type { SharedStore } from './shared-store.ts'

const LIMITS = {
  /** What a command may take. */
  commandMs: 500,
  heartbeatMs: 1000,
  /** An instance without a sign of life for so long is taken for dead. */
  aliveMs: 4000,
}

interface RedisStoreOptions {
  readonly url: string
  /** Begins all keys: stores with different ones never meet. */
  readonly prefix: string
  readonly log: Log
  readonly limits?: Partial<typeof LIMITS>
}

/** The shared store in Redis 6.2 or newer, or Valkey; one server, no cluster. Starts while it is away, too. */
export function createRedisStore({ url, prefix, log, limits }: RedisStoreOptions): SharedStore {
  const { commandMs, heartbeatMs, aliveMs } = { ...LIMITS, ...limits }
  const instance = randomUUID()
  const keys = createRedisKeys(prefix)
  const clock = createServerClock()
  const health = createStoreHealth(log)
  const pauseMs = aliveMs / 2
  const aliveArgs = [instance, prefix, String(pauseMs)]

  const connection = createRedisConnection({
    url,
    limitMs: commandMs,
    onReady() {
      clock.renew()
      void beat()
    },
    onLost: (reason) => health.down(reason),
  })
  const commands = createRedisCommands({ connection, onRefused: () => void beat(), log })
  const changes = createRecordChanges({
    url,
    limitMs: commandMs,
    channel: keys.changes,
    instance,
    log,
  })
  const beat = createHeartbeat({ connection, health, clock, keys, instance }, { aliveMs, pauseMs })
  const heartbeats = setInterval(() => {
    void beat()
    void changes.probe()
  }, heartbeatMs)

  async function close(): Promise<void> {
    clearInterval(heartbeats)
    health.close()
    await connection.send(['DEL', keys.alive(instance)])
    connection.close()
    changes.close()
  }

  return {
    instance,
    now: () => Math.round(clock.at(performance.now()) ?? Date.now()),
    isUp: () => health.isUp(),
    onUpChange: (listener) => health.onChange(listener),
    onRecordChange: (listener) => changes.onChange(listener),
    isAlive: createIsAlive({ commands, instance, aliveArgs }),
    ...createRedisRecords({ commands, keys, instance }),
    ...createRedisClaims({ commands, keys, instance, aliveArgs }),
    ...createRedisDue({ commands, keys }),
    async mark(id, ttlMs) {
      await commands.command('SET', keys.mark(id), '1', 'PX', wholeMs(ttlMs))
    },
    isMarked: async (id) => (await commands.command('EXISTS', keys.mark(id))) === 1,
    close,
  }
}
