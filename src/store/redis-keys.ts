import { createHash } from 'node:crypto'

/** Where things lie in Redis. */
export interface RedisKeys {
  readonly prefix: string
  record(id: string): string
  claim(id: string): string
  mark(id: string): string
  /** There while the instance shows signs of life. */
  alive(instance: string): string
  /** When any instance last showed one. */
  readonly pulse: string
  /** There while it is too early to tell who is alive. */
  readonly grace: string
  readonly due: string
  /** The channel that names records as they are written. */
  readonly changes: string
}

export function createRedisKeys(prefix: string): RedisKeys {
  return {
    prefix,
    record: (id) => `${prefix}record:${digest(id)}`,
    claim: (id) => `${prefix}claim:${digest(id)}`,
    mark: (id) => `${prefix}mark:${digest(id)}`,
    alive: (instance) => `${prefix}alive:${instance}`,
    pulse: `${prefix}pulse`,
    grace: `${prefix}grace`,
    due: `${prefix}due`,
    changes: `${prefix}changes`,
  }
}

/** Ids hold any characters and can be long; and who looks at the keys learns nothing of callers. */
function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
