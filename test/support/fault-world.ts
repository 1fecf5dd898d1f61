import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startInstance, type Instance } from './fault-instance.ts'
import { startFaultModel, type FaultModel } from './fault-model.ts'
import { openBackDoor, type RedisBackDoor } from './fault-redis.ts'
import { startFaultWebhook, type FaultWebhook } from './fault-webhook.ts'

type Json = Readonly<Record<string, unknown>>

interface WorldOptions {
  readonly redisUrl: string
  /** By name: what they have besides what every tool has here. */
  readonly tools: Readonly<Record<string, Json>>
}

/** What a fault can strike: instances of the server, a model, a webhook's other side, one Redis. */
export interface World extends RedisBackDoor {
  readonly model: FaultModel
  readonly webhook: FaultWebhook
  readonly start: (options?: { readonly clockAheadMs?: number }) => Promise<Instance>
  readonly close: () => Promise<void>
}

export async function createWorld({ redisUrl, tools }: WorldOptions): Promise<World> {
  const [model, webhook] = await Promise.all([startFaultModel(), startFaultWebhook()])
  const directory = mkdtempSync(join(tmpdir(), 'turnstate-faults-'))
  const configFile = join(directory, 'turnstate.yaml')
  const prefix = `faults-${randomUUID()}:`
  const store = { type: 'redis', url: redisUrl, prefix }
  const urls = { model: model.url, webhook: webhook.url }
  writeFileSync(configFile, stringify(toConfig(tools, { store, urls })))
  const instances: Promise<Instance>[] = []
  return {
    model,
    webhook,
    ...openBackDoor({ url: redisUrl, prefix }),
    start(options) {
      const instance = startInstance({ configFile, ...options })
      instances.push(instance)
      return instance
    },
    async close() {
      // One that did not start has ended by itself.
      const started = await Promise.allSettled(instances)
      for (const start of started) if (start.status === 'fulfilled') await start.value.kill()
      await Promise.all([model.close(), webhook.close()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Surroundings {
  readonly store: Json
  readonly urls: { readonly model: string; readonly webhook: string }
}

function toConfig(tools: WorldOptions['tools'], { store, urls }: Surroundings): Json {
  return {
    version: 1,
    auth: { signing_secret: 'a secret for the fault tests only' },
    upstreams: { model: { base_url: urls.model, model: 'fault-model' } },
    // No test is to depend on how fast it goes on.
    routing: { first_token_timeout_ms: 20_000, idle_timeout_ms: 20_000 },
    store,
    webhooks: { allow_hosts: ['127.0.0.1'] },
    flow: {
      name: 'faults',
      starting_state: 'desk',
      states: { desk: { tools: Object.keys(tools) } },
    },
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, toTool(name, urls.webhook, tool)]),
    ),
  }
}

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
