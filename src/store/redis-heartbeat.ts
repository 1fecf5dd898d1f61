import { z } from 'zod'
import type { ServerClock } from './redis-clock.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { StoreHealth } from './redis-health.ts'
import type { RedisKeys } from './redis-keys.ts'
import { HEARTBEAT } from './redis-scripts.ts'

/** Milliseconds since 1970, from 2001 to 2286. */
const TimeReply = z.string().regex(/^\d{13}\.\d{3}$/)

interface HeartbeatDependencies {
  readonly connection: RedisConnection
  readonly health: StoreHealth
  readonly clock: ServerClock
  readonly keys: RedisKeys
  readonly instance: string
}

/** How long a sign of life counts, and the longest ordinary pause between two of all instances. */
interface HeartbeatOptions {
  readonly aliveMs: number
  readonly pauseMs: number
}

/**
 * One heartbeat: shows that this instance is alive, finds out whether Redis serves, and what time it
 * has. A call during one asks for another one after it. Never rejects.
 */
export function createHeartbeat(
  { connection, health, clock, keys, instance }: HeartbeatDependencies,
  { aliveMs, pauseMs }: HeartbeatOptions,
): () => Promise<void> {
  const command = [
    'EVAL',
    HEARTBEAT.text,
    '3',
    keys.alive(instance),
    keys.pulse,
    keys.grace,
    String(aliveMs),
    String(pauseMs),
  ]
  let isBeating = false
  let isWanted = false

  function takeWish(): boolean {
    const was = isWanted
    isWanted = false
    return was
  }

  async function beat(): Promise<void> {
    const askedAt = performance.now()
    const answer = await connection.probe(command)
    if ('failure' in answer) {
      health.down(answer.failure.reason)
      return
    }
    const time = TimeReply.safeParse(answer.reply)
    if (!time.success) {
      health.down('unexpected_reply')
      return
    }
    clock.add({ askedAt, answeredAt: performance.now(), serverMs: Number(time.data) })
    health.up()
  }

  return async () => {
    isWanted = true
    if (isBeating) return
    isBeating = true
    while (takeWish()) await beat()
    isBeating = false
  }
}
