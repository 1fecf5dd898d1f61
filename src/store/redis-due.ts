import { z } from 'zod'
import type { RedisCommands } from './redis-commands.ts'
import { wholeMs } from './redis-commands.ts'
import type { RedisKeys } from './redis-keys.ts'
import { SCHEDULE, TAKE_DUE } from './redis-scripts.ts'
import type { SharedStore } from './shared-store.ts'

const DueReply = z.array(z.string())

interface DueDependencies {
  readonly commands: RedisCommands
  readonly keys: RedisKeys
}

/** What is due is one sorted set, by the time in milliseconds of Redis's clock. */
export function createRedisDue({
  commands,
  keys,
}: DueDependencies): Pick<SharedStore, 'schedule' | 'unschedule' | 'takeDue'> {
  return {
    async schedule(member, afterMs) {
      await commands.script(SCHEDULE, [keys.due], [member, String(afterMs)])
    },
    async unschedule(member) {
      await commands.command('ZREM', keys.due, member)
    },
    async takeDue({ limit, leaseMs }) {
      const reply = await commands.script(TAKE_DUE, [keys.due], [String(limit), wholeMs(leaseMs)])
      return commands.parse(DueReply, reply)
    },
  }
}
