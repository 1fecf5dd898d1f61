import type { z } from 'zod'
import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { Answer } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { RedisScript } from './redis-scripts.ts'

/** Commands that reject with `store_unavailable` if Redis does not do them. */
export interface RedisCommands {
  command(...args: readonly string[]): Promise<unknown>
  script(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** Throws `store_unavailable` for a reply that is none of ours: the data is not, or not the server. */
  parse<Reply>(schema: z.ZodType<Reply>, reply: unknown): Reply
}

const UNEXPECTED = 'unexpected_reply'

interface CommandsDependencies {
  readonly connection: RedisConnection
  /** Redis answered with an error: it may be in no state to serve. */
  readonly onRefused: () => void
  readonly log: Log
}

export function createRedisCommands(dependencies: CommandsDependencies): RedisCommands {
  const { connection, onRefused, log } = dependencies
  const loggedReasons = new Set<string>()

  function warnOnce(reason: string, message: string): void {
    if (!loggedReasons.has(reason)) log.warn({ reason }, message)
    loggedReasons.add(reason)
  }

  function replyOf(answer: Answer): unknown {
    if ('reply' in answer) return answer.reply
    const { kind, reason } = answer.failure
    if (kind === 'refused') {
      warnOnce(reason, 'store refused a command')
      onRefused()
    }
    throw unavailable(reason)
  }

  return {
    parse(schema, reply) {
      const parsed = schema.safeParse(reply)
      if (parsed.success) return parsed.data
      warnOnce(UNEXPECTED, 'store gave a reply that cannot be read')
      throw unavailable(UNEXPECTED)
    },
    command: async (...args) => replyOf(await connection.send(args)),
    async script({ sha1, text }, keys, args) {
      const rest = [String(keys.length), ...keys, ...args]
      const answer = await connection.send(['EVALSHA', sha1, ...rest])
      // A Redis that was started anew knows no scripts; this teaches it.
      return replyOf(
        isUnknownScript(answer) ? await connection.send(['EVAL', text, ...rest]) : answer,
      )
    },
  }
}

/** The cause is a code: what Redis says of an error may quote what it was sent. */
function unavailable(reason: string): TurnstateError {
  return new TurnstateError(
    'store_unavailable',
    'The shared store cannot be reached; try again in a moment',
    { cause: Object.assign(new Error(reason), { code: reason }) },
  )
}

function isUnknownScript(answer: Answer): boolean {
  return 'failure' in answer && answer.failure.reason === 'NOSCRIPT'
}

/** A time as Redis takes it. */
export function wholeMs(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)))
}
