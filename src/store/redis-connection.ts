import type { Answer, RedisClient } from './redis-client.ts'
import { askRedis, away, isFromRedis, openRedisClient, reasonOf } from './redis-client.ts'

/** Without any sign of Redis for that many probes the connection is taken for dead and replaced. */
const FRUITLESS_PROBES = 3

interface ConnectionOptions {
  readonly url: string
  readonly limitMs: number
  /** Commands can be sent: at first, and again after each loss. */
  readonly onReady: (client: RedisClient) => void
  readonly onLost: (reason: string) => void
}

/** A connection that comes back by itself. */
export interface RedisConnection {
  /** Never rejects; answers within the limit, and at once while there is no connection. */
  send(args: readonly string[]): Promise<Answer>
  /** The same for a harmless command that is sent regularly, to find out how the connection is. */
  probe(args: readonly string[]): Promise<Answer>
  close(): void
}

export function createRedisConnection(options: ConnectionOptions): RedisConnection {
  const { limitMs, onReady, onLost } = options
  let isClosed = false
  /** A command got no answer in time, nor did any later one: Redis is stalled. */
  let isSilent = false
  let lastCause: unknown
  const isWanted = (wanted: RedisClient) => !isClosed && wanted === client
  const open = () => openRedisClient(options.url, { isWanted, onReady: begin, onError })
  const death = createDeathWatch()
  let client = open()

  function begin(ready: RedisClient): void {
    death.sign()
    isSilent = false
    onReady(ready)
  }

  function lose(cause: unknown): void {
    lastCause = cause
    onLost(reasonOf(cause))
  }

  function onError(cause: unknown): void {
    death.sign()
    lose(cause)
  }

  async function ask(asked: RedisClient, args: readonly string[]): Promise<Answer> {
    const answer = await askRedis(asked, args)
    if (isFromRedis(answer) && isWanted(asked)) {
      death.sign()
      if (isSilent) begin(asked)
    }
    return answer
  }

  async function send(args: readonly string[], isProbe: boolean): Promise<Answer> {
    const asked = client
    if (!asked.isReady || (isSilent && !isProbe)) return away(lastCause)
    const answer = await within(ask(asked, args), limitMs)
    if (answer) return answer
    const cause = noAnswer()
    if (isWanted(asked)) {
      isSilent = true
      lose(cause)
    }
    return away(cause)
  }

  return {
    send: (args) => send(args, false),
    async probe(args) {
      const answer = await send(args, true)
      if (death.isDead(answer) && !isClosed) {
        const dead = client
        isSilent = false
        client = open()
        dead.destroy()
      }
      return answer
    },
    close() {
      isClosed = true
      client.destroy()
    },
  }
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'no_answer' })
}

interface DeathWatch {
  sign(): void
  /** To be asked after each probe. */
  isDead(answer: Answer): boolean
}

/** Sees a connection on which nothing happens at all, not even an error, however often it is probed. */
function createDeathWatch(): DeathWatch {
  let isSign = false
  let fruitless = 0
  return {
    sign: () => void (isSign = true),
    isDead(answer) {
      fruitless = 'failure' in answer && !isSign ? fruitless + 1 : 0
      isSign = false
      if (fruitless < FRUITLESS_PROBES) return false
      fruitless = 0
      return true
    },
  }
}

/** Null if the work takes longer. */
function within<Value>(work: Promise<Value>, limitMs: number): Promise<Value | null> {
  return new Promise((resolve) => {
    // If this process was busy, the answer may be there and just not read: one look at the sockets first.
    const timer = setTimeout(() => setImmediate(() => resolve(null)), limitMs)
    void work.then((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
}
