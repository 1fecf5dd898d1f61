import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { stringify } from 'yaml'
import { startFaultModel, type FaultModel } from './fault-model.ts'
import { startFaultWebhook, type FaultWebhook } from './fault-webhook.ts'
import { eventually } from './fault-wait.ts'
import { startInstance, type Instance } from './fault-instance.ts'

type Json = Readonly<Record<string, unknown>>

interface WorldOptions {
  readonly redisUrl: string
  /** By name: what they have besides what every tool has here. */
  readonly tools: Readonly<Record<string, Json>>
}

/** What a fault can strike: instances of the server, a model, a webhook's other side, one Redis. */
export interface World {
  readonly model: FaultModel
  readonly webhook: FaultWebhook
  readonly start: (options?: { readonly clockAheadMs?: number }) => Promise<Instance>
  /** Writes that were claimed so far, by any instance. */
  readonly claims: () => Promise<number>
  /** Lets the minute after the last request of a conversation be over. */
  readonly letMinutePass: (conversation: string) => Promise<void>
  /** Waits until an instance has found that nothing of a conversation has to be looked at any more. */
  readonly untilLooked: (conversation: string) => Promise<void>
  readonly close: () => Promise<void>
}

export async function createWorld({ redisUrl, tools }: WorldOptions): Promise<World> {
  const [model, webhook] = await Promise.all([startFaultModel(), startFaultWebhook()])
  const directory = mkdtempSync(join(tmpdir(), 'turnstate-faults-'))
  const configFile = join(directory, 'turnstate.yaml')
  const config = {
    version: 1,
    auth: { signing_secret: 'a secret for the fault tests only' },
    upstreams: { model: { base_url: model.url, model: 'fault-model' } },
    // No test is to depend on how fast it goes on.
    routing: { first_token_timeout_ms: 20_000, idle_timeout_ms: 20_000 },
    store: { type: 'redis', url: redisUrl, prefix: `faults-${randomUUID()}:` },
    webhooks: { allow_hosts: ['127.0.0.1'] },
    flow: {
      name: 'faults',
      starting_state: 'desk',
      states: { desk: { tools: Object.keys(tools) } },
    },
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, toTool(name, webhook.url, tool)]),
    ),
  }
  const prefix = config.store.prefix
  writeFileSync(configFile, stringify(config))
  async function withRedis<Value>(use: (redis: Redis) => Promise<Value>): Promise<Value> {
    const redis = await connect(redisUrl)
    return use(redis).finally(() => redis.destroy())
  }
  async function memberOf(redis: Redis, conversation: string): Promise<string | undefined> {
    const members = await redis.zRange(`${prefix}due`, 0, -1)
    return members.find((member) => member.includes(`"${conversation}"`))
  }
  const instances: Promise<Instance>[] = []
  return {
    model,
    webhook,
    start(options) {
      const instance = startInstance({ configFile, ...options })
      instances.push(instance)
      return instance
    },
    claims: () => withRedis(async (redis) => (await redis.keys(`${prefix}claim:*`)).length),
    letMinutePass: (conversation) =>
      withRedis(async (redis) => {
        const value = await memberOf(redis, conversation)
        if (value === undefined) throw new Error('nothing is to be looked at')
        await redis.zAdd(`${prefix}due`, { score: 0, value })
      }),
    untilLooked: (conversation) =>
      withRedis(async (redis) => {
        const isLooked = async () => (await memberOf(redis, conversation)) === undefined
        await eventually('the conversation was looked at', isLooked)
      }),
    async close() {
      // One that did not start has ended by itself.
      const started = await Promise.allSettled(instances)
      for (const start of started) if (start.status === 'fulfilled') await start.value.kill()
      await Promise.all([model.close(), webhook.close()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

type Redis = Awaited<ReturnType<typeof connect>>
const connect = (url: string) => createClient({ url }).connect()

function toTool(name: string, url: string, more: Json): Json {
  return {
    type: 'webhook',
    description: `Does ${name}`,
    url: `${url}/${name}`,
    parameters: { type: 'object', required: ['wish'], properties: { wish: { type: 'string' } } },
    commit: 'immediate',
    ...more,
  }
}
