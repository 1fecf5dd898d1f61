import { createClient, ErrorReply } from '@redis/client'

const CONNECT_LIMIT_MS = 1000
const MAX_RETRY_MS = 900

export type RedisClient = ReturnType<typeof makeClient>

export type Answer = { readonly reply: unknown } | { readonly failure: Failure }

interface Failure {
  /** `refused`: Redis is there and answered with an error. */
  readonly kind: 'away' | 'refused'
  /** A code for the log: never an address or a value. */
  readonly reason: string
  readonly cause: unknown
}

interface ClientListener {
  /** False once nobody wants this client any more. */
  isWanted(client: RedisClient): boolean
  onReady(client: RedisClient): void
  onError(cause: unknown): void
}

/** A client that connects, and does so again whenever the connection is lost. */
export function openRedisClient(url: string, listener: ClientListener): RedisClient {
  const client = makeClient(url)
  client.on('error', (cause: unknown) => {
    if (listener.isWanted(client)) listener.onError(cause)
  })
  // One that is destroyed while it connects would go on, and stay.
  client.on('connect', () => {
    if (!listener.isWanted(client)) client.destroy()
  })
  client.on('ready', () => {
    if (listener.isWanted(client)) listener.onReady(client)
  })
  // What goes wrong was an `error` event already.
  client.connect().catch(() => {})
  return client
}

function makeClient(url: string) {
  return createClient({
    url,
    socket: {
      connectTimeout: CONNECT_LIMIT_MS,
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** retries, MAX_RETRY_MS) + Math.random() * 100,
    },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The client's own limit ends as soon as a command is written; ours covers the answer.
    commandOptions: { timeout: 0 },
  })
}

/** What came of a command, however long it took. Never rejects. */
export async function askRedis(client: RedisClient, args: readonly string[]): Promise<Answer> {
  try {
    return { reply: await client.sendCommand<unknown>([...args]) }
  } catch (cause) {
    if (!isRefusal(cause)) return away(cause)
    return { failure: { kind: 'refused', reason: reasonOf(cause), cause } }
  }
}

export function away(cause: unknown): Answer {
  return { failure: { kind: 'away', reason: reasonOf(cause), cause } }
}

export function isFromRedis(answer: Answer): boolean {
  return 'reply' in answer || answer.failure.kind === 'refused'
}

/** An error that Redis answered with; the connection is sound. */
export function isRefusal(cause: unknown): cause is ErrorReply {
  return cause instanceof ErrorReply
}

/** What went wrong as a code for the log: never an address or a value. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'not_connected'
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  const word = isRefusal(cause) ? /^[A-Z]+\b/.exec(cause.message)?.[0] : undefined
  return word ?? cause.constructor.name
}
