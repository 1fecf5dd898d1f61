import type { Log } from '../observability/log.ts'
import { isRefusal, reasonOf } from './redis-client.ts'
import { createRedisConnection } from './redis-connection.ts'

interface ChangesOptions {
  readonly url: string
  readonly limitMs: number
  readonly channel: string
  /** Whose own changes are not told. */
  readonly instance: string
  readonly log: Log
}

/** Tells which records other instances wrote. Redis wants a connection of its own for that. */
export interface RecordChanges {
  onChange(listener: (id: string) => void): void
  /** To be called regularly: finds out that a connection is dead on which nothing is ever sent. */
  probe(): Promise<void>
  close(): void
}

export function changeMessage(instance: string, id: string): string {
  return `${instance} ${id}`
}

export function createRecordChanges(options: ChangesOptions): RecordChanges {
  const { url, limitMs, channel, instance, log } = options
  const listeners: ((id: string) => void)[] = []
  const own = changeMessage(instance, '')

  function hear(message: string): void {
    if (message.startsWith(own)) return
    const id = message.slice(message.indexOf(' ') + 1)
    for (const listener of listeners) listener(id)
  }

  function warn(cause: unknown): void {
    // A connection that is lost over it comes back, ready to subscribe again.
    if (!isRefusal(cause)) return
    log.warn({ reason: reasonOf(cause) }, 'record changes of other instances are not heard')
  }

  const connection = createRedisConnection({
    url,
    limitMs,
    // Harmless where the client has renewed its subscription itself.
    onReady: (client) => void client.subscribe(channel, hear).catch(warn),
    onLost: () => {},
  })
  return {
    onChange: (listener) => void listeners.push(listener),
    async probe() {
      await connection.probe(['PING'])
    },
    close: () => connection.close(),
  }
}
