import { z } from 'zod'
import type { RedisCommands } from './redis-commands.ts'
import { IS_INSTANCE_ALIVE } from './redis-scripts.ts'
import type { SharedStore } from './shared-store.ts'

/** A turn asks for each of its conversation's turns, mostly of the same few instances. */
const KNOWN_FOR_MS = 250
const MAX_KNOWN = 1000

const AliveReply = z.literal([0, 1])

interface AliveDependencies {
  readonly commands: RedisCommands
  readonly instance: string
  readonly aliveArgs: readonly string[]
}

interface Known {
  readonly askedAt: number
  readonly isAlive: Promise<boolean>
}

export function createIsAlive(dependencies: AliveDependencies): SharedStore['isAlive'] {
  const { commands, instance, aliveArgs } = dependencies
  const known = new Map<string, Known>()

  async function ask(asked: string): Promise<boolean> {
    const reply = await commands.script(IS_INSTANCE_ALIVE, [], [...aliveArgs, asked])
    return commands.parse(AliveReply, reply) === 1
  }

  return async (asked) => {
    if (asked === instance) return true
    const last = known.get(asked)
    const askedAt = performance.now()
    if (last && askedAt - last.askedAt < KNOWN_FOR_MS) return last.isAlive
    if (known.size >= MAX_KNOWN) known.clear()
    const isAlive = ask(asked)
    known.set(asked, { askedAt, isAlive })
    isAlive.catch(() => known.delete(asked))
    return isAlive
  }
}
