import { afterAll, beforeAll } from 'vitest'
import type { Instance } from './fault-instance.ts'
import type { RedisServer } from './redis-server.ts'
import { createWorld, type World } from './fault-world.ts'

type Tools = Parameters<typeof createWorld>[0]['tools']

interface Stage {
  readonly world: () => World
  /** Two that share everything, for cases that leave them alive. */
  readonly instances: () => readonly [Instance, Instance]
}

/** A world for the cases of one suite. */
export function setStage(redis: () => RedisServer, tools: () => Tools | Promise<Tools>): Stage {
  let world: World | undefined
  let instances: readonly [Instance, Instance] | undefined
  beforeAll(async () => {
    world = await createWorld({ redisUrl: redis().url, tools: await tools() })
    instances = await Promise.all([world.start(), world.start()])
  })
  afterAll(() => world?.close())
  return { world: () => there(world), instances: () => there(instances) }
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the stage is there only while tests run')
  return value
}
