import { createClient } from '@redis/client'
import { eventually } from './fault-wait.ts'

/** What the tests see and change of what the instances keep in Redis, past all of them. */
export interface RedisBackDoor {
  /** Writes that were claimed so far, by any instance. */
  readonly claims: () => Promise<number>
  /** Lets the minute after the last request of a conversation be over. */
  readonly letMinutePass: (conversation: string) => Promise<void>
  /** Waits until an instance has found that nothing of a conversation has to be looked at any more. */
  readonly untilLooked: (conversation: string) => Promise<void>
  /** Redis has lost everything. */
  readonly forgetAll: () => Promise<unknown>
}

const connect = (url: string) => createClient({ url }).connect()
type Redis = Awaited<ReturnType<typeof connect>>

export function openBackDoor({ url, prefix }: { url: string; prefix: string }): RedisBackDoor {
  const due = `${prefix}due`

  async function withRedis<Value>(use: (redis: Redis) => Promise<Value>): Promise<Value> {
    const redis = await connect(url)
    return use(redis).finally(() => redis.destroy())
  }

  async function appointmentOf(redis: Redis, conversation: string): Promise<string | undefined> {
    const all = await redis.zRange(due, 0, -1)
    return all.find((appointment) => appointment.includes(`"${conversation}"`))
  }

  return {
    claims: () => withRedis(async (redis) => (await redis.keys(`${prefix}claim:*`)).length),
    letMinutePass: (conversation) =>
      withRedis(async (redis) => {
        const value = await appointmentOf(redis, conversation)
        if (value === undefined) throw new Error('nothing is to be looked at')
        await redis.zAdd(due, { score: 0, value })
      }),
    untilLooked: (conversation) =>
      withRedis(async (redis) => {
        const isLooked = async () => {
          const value = await appointmentOf(redis, conversation)
          // What may still be undone is looked at again a minute later.
          return value === undefined || (await redis.zScore(due, value)) !== 0
        }
        await eventually('the conversation was looked at', isLooked)
      }),
    forgetAll: () => withRedis((redis) => redis.flushAll()),
  }
}
