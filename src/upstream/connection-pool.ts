import { connectionLost } from './connection.ts'
import type { Connection } from './connection.ts'
import type { ConnectionOpener } from './open-connection.ts'
import { createWarmth } from './warmth.ts'
import type { Warmth, WarmthTimes } from './warmth.ts'

/** A used connection that is not needed stays open for so long. */
const KEEP_ALIVE_MS = 60_000

interface PoolOptions {
  readonly opener: ConnectionOpener
  readonly warmConnections: number
  readonly times: WarmthTimes
  /** In milliseconds. */
  readonly now: () => number
}

interface Lease {
  readonly connection: Connection
  /** Opened just now; one that stood idle may be dead without anybody knowing. */
  readonly isFresh: boolean
}

type TakeLease = (result: Lease | Error) => void

export interface ConnectionPool {
  /**
   * Calls back once, with a connection that has room: at once if there is one, else when one was
   * opened. The returned function ends the wait.
   */
  take(onLease: TakeLease, options?: { readonly mustBeFresh: boolean }): () => void
  /** A request was answered: the endpoint is well. */
  answered(): void
  close(error: Error): Promise<void>
}

interface Member {
  readonly connection: Connection
  readonly openedAt: number
  readonly closed: Promise<void>
  running: number
  idleSince: number
  wasUsed: boolean
  isDismissed: boolean
}

interface Waiter {
  readonly onLease: TakeLease
  readonly mustBeFresh: boolean
}

interface Pool {
  readonly options: PoolOptions
  readonly warmth: Warmth
  readonly members: Set<Member>
  readonly waiters: Set<Waiter>
  /** What ends each attempt to connect. */
  readonly opening: Set<() => void>
  timer: NodeJS.Timeout | undefined
  balancing: NodeJS.Immediate | undefined
  isClosed: boolean
}

/**
 * The connections to one endpoint. Some stand ready for the next turns, name, TCP and TLS behind
 * them: no request is sent for that, it could cost money.
 */
export function createConnectionPool(options: PoolOptions): ConnectionPool {
  const { warmConnections: connections, times, now } = options
  const pool: Pool = {
    options,
    warmth: createWarmth({ connections, times, now }),
    members: new Set(),
    waiters: new Set(),
    opening: new Set(),
    timer: undefined,
    balancing: undefined,
    isClosed: false,
  }
  balance(pool)
  return {
    take: (onLease, { mustBeFresh } = { mustBeFresh: false }) =>
      take(pool, { onLease, mustBeFresh }),
    answered: () => pool.warmth.answered(),
    close: (error) => close(pool, error),
  }
}

function take(pool: Pool, waiter: Waiter): () => void {
  pool.warmth.used()
  const member = waiter.mustBeFresh ? undefined : mostReady(pool)
  if (member !== undefined) {
    lend(member, waiter, false)
    // Behind the request, which is on its way to a caller.
    balanceSoon(pool)
    return () => undefined
  }
  pool.waiters.add(waiter)
  if (pool.isClosed) queueMicrotask(() => failWaiters(pool, connectionLost()))
  else balance(pool)
  return () => pool.waiters.delete(waiter)
}

/** The one with most room, of these the one that was used last. */
function mostReady({ members }: Pool): Member | undefined {
  let best: Member | undefined
  let bestRoom = 0
  for (const member of members) {
    const room = member.connection.room()
    const isBetter =
      room > bestRoom ||
      (room > 0 && room === bestRoom && member.idleSince > (best?.idleSince ?? 0))
    if (!isBetter) continue
    best = member
    bestRoom = room
  }
  return best
}

function lend(member: Member, { onLease }: Waiter, isFresh: boolean): void {
  member.running++
  member.wasUsed = true
  onLease({ connection: member.connection, isFresh })
}

function serveWaiters(pool: Pool, member: Member, isFresh: boolean): void {
  for (const waiter of pool.waiters) {
    if (member.connection.room() <= 0) return
    if (waiter.mustBeFresh && !isFresh) continue
    pool.waiters.delete(waiter)
    lend(member, waiter, isFresh)
  }
}

function failWaiters({ waiters }: Pool, error: Error, left = 0): void {
  for (const waiter of waiters) {
    if (waiters.size <= left) return
    waiters.delete(waiter)
    waiter.onLease(error)
  }
}

function openOne(pool: Pool): void {
  const { opener, now } = pool.options
  let member: Member | undefined
  const listener = {
    onFree() {
      if (member === undefined) return
      member.running--
      member.idleSince = now()
      serveWaiters(pool, member, false)
      balanceSoon(pool)
    },
    onGone: () => balanceSoon(pool),
  }
  const cancel = opener.open(listener, (result) => {
    pool.opening.delete(cancel)
    if (result instanceof Error) {
      pool.warmth.lost(0)
      // Those whom the other attempts can still serve go on waiting.
      failWaiters(pool, result, pool.opening.size * opener.expectedRoom())
    } else {
      member = join(pool, result)
      serveWaiters(pool, member, true)
    }
    balanceSoon(pool)
  })
  pool.opening.add(cancel)
}

function join(pool: Pool, connection: Connection): Member {
  const { now } = pool.options
  const member: Member = {
    connection,
    openedAt: now(),
    closed: new Promise((resolve) => {
      connection.socket.once('close', () => {
        pool.members.delete(member)
        const wasUnwanted = !member.wasUsed && !member.isDismissed
        if (wasUnwanted) pool.warmth.lost(now() - member.openedAt)
        balanceSoon(pool)
        resolve()
      })
    }),
    running: 0,
    idleSince: now(),
    wasUsed: false,
    isDismissed: false,
  }
  pool.members.add(member)
  return member
}

function balanceSoon(pool: Pool): void {
  if (pool.isClosed) return
  pool.balancing ??= setImmediate(() => {
    pool.balancing = undefined
    balance(pool)
  })
}

/** Opens what is missing, closes what is too much, and looks again when that may have changed. */
function balance(pool: Pool): void {
  const { options, warmth, waiters, opening } = pool
  const { opener, times, now } = options
  const at = now()
  const ready = [...pool.members].filter(({ connection }) => connection.room() > 0)
  const young = ready.filter((member) => idleMs(member, at) < times.renewAfterMs)
  const missing = Math.max(0, warmth.target() - young.length)
  if (missing === 0) dismissOld(ready, at, times)
  const room = opener.expectedRoom()
  const forWaiters = Math.ceil(waiters.size / room)
  const forLater = at < warmth.opensFrom() ? 0 : missing
  // Who waits leaves room on a connection that takes many.
  const wanted = room > 1 ? Math.max(forWaiters, forLater) : forWaiters + forLater
  while (opening.size < wanted) openOne(pool)

  const due = [
    ...young.map(({ idleSince }) => idleSince + times.renewAfterMs),
    ...ready.map(({ idleSince }) => idleSince + KEEP_ALIVE_MS),
    warmth.opensFrom(),
  ].filter((time) => time > at)
  clearTimeout(pool.timer)
  if (due.length === 0) return
  pool.timer = setTimeout(() => balance(pool), Math.ceil(Math.min(...due) - at))
  pool.timer.unref()
}

function idleMs({ running, idleSince }: Member, at: number): number {
  return running > 0 ? 0 : at - idleSince
}

function dismissOld(members: readonly Member[], at: number, { renewAfterMs }: WarmthTimes): void {
  for (const member of members) {
    const limitMs = member.wasUsed ? Math.max(KEEP_ALIVE_MS, renewAfterMs) : renewAfterMs
    if (idleMs(member, at) < limitMs) continue
    member.isDismissed = true
    member.connection.close(connectionLost())
  }
}

async function close(pool: Pool, error: Error): Promise<void> {
  pool.isClosed = true
  clearTimeout(pool.timer)
  clearImmediate(pool.balancing)
  for (const cancel of pool.opening) cancel()
  pool.opening.clear()
  failWaiters(pool, error)
  const members = [...pool.members]
  for (const { connection } of members) connection.close(error)
  await Promise.all(members.map(({ closed }) => closed))
}
