import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { expect, it, onTestFinished, vi } from 'vitest'
import { TurnstateError } from '../../src/errors.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { openStore, startStore, uniquePrefix } from '../support/redis-stores.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const RETAIN = { retainMs: 60_000 }
const QUICK = { heartbeatMs: 50 }
const POLL = { interval: 5, timeout: 10_000 }

const untilUp = (store: SharedStore) => vi.waitUntil(() => store.isUp(), POLL)
const untilDown = (store: SharedStore) => vi.waitUntil(() => !store.isUp(), POLL)

async function expectUnavailable(promise: Promise<unknown>): Promise<void> {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  if (!(error instanceof TurnstateError)) throw new Error('it did not fail as it should')
  expect(error.code).toBe('store_unavailable')
  expect(error.message).not.toMatch(/redis|127\.0\.0\.1|:\d/i)
}

/** Each method once. */
function usesOf(store: SharedStore): readonly (() => Promise<unknown>)[] {
  return [
    () => store.readRecord('id', 0),
    () => store.writeRecord('id', { set: { field: 'value' }, ...RETAIN }),
    () => store.isAlive(randomUUID()),
    () => store.claim('id', RETAIN),
    () => store.readClaim('id'),
    () => store.finishClaim('id', 'token', { value: 'value', ...RETAIN }),
    () => store.releaseClaim('id', 'token'),
    () => store.mark('id', 1000),
    () => store.isMarked('id'),
    () => store.schedule('id', 1000),
    () => store.unschedule('id'),
    () => store.takeDue({ limit: 1, leaseMs: 1000 }),
  ]
}

const useAll = (store: SharedStore) => Promise.all(usesOf(store).map((use) => use()))

const expectAllUnavailable = (store: SharedStore) =>
  Promise.all(usesOf(store).map((use) => expectUnavailable(use())))

async function ownRedis(options: Parameters<typeof startRedis>[0] = {}) {
  const redis = await startRedis(options)
  onTestFinished(() => redis.dispose())
  return redis
}

function onePerChange(store: SharedStore): readonly boolean[] {
  const changes: boolean[] = []
  store.onUpChange((isUp) => changes.push(isUp))
  return changes
}

/** A failing write of one record reaches the other store by its subscription. */
async function expectHeard(from: SharedStore, heard: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      await from.writeRecord('heard', { set: {}, ...RETAIN })
      expect(heard).toContain('heard')
    },
    { interval: 20, timeout: 10_000 },
  )
}

describeWithRedis('the store while Redis is away', (shared) => {
  it('starts all the same, fails at once, and is there as soon as Redis is', async () => {
    const redis = await ownRedis()
    await redis.stop()
    const { store, lines } = startStore({ url: redis.url })
    const changes = onePerChange(store)
    await expectAllUnavailable(store)
    await vi.waitUntil(() => lines.length > 0, POLL)
    expect(store.isUp()).toBe(false)
    expect(Math.abs(store.now() - Date.now())).toBeLessThan(1000)
    await redis.start()
    await untilUp(store)
    await useAll(store)
    expect(changes).toEqual([true])
    expect(lines).toEqual([
      { level: 'warn', values: { reason: 'ECONNREFUSED' }, message: 'store unavailable' },
      { level: 'info', values: {}, message: 'store available again' },
    ])
  })

  it('comes back by itself after a restart, with its scripts and its subscription', async () => {
    const redis = await ownRedis()
    const prefix = uniquePrefix()
    const { store, lines } = await openStore({ url: redis.url, prefix, limits: QUICK })
    const { store: other } = await openStore({ url: redis.url, prefix, limits: QUICK })
    const heard: string[] = []
    other.onRecordChange((id) => heard.push(id))
    const changes = onePerChange(store)
    await useAll(store)
    await expectHeard(store, heard)
    const inFlight = usesOf(store).map((use) => use())
    await Promise.all([Promise.allSettled(inFlight), redis.stop()])
    await Promise.all([untilDown(store), untilDown(other)])
    await expectAllUnavailable(store)
    heard.length = 0
    await redis.start()
    await Promise.all([untilUp(store), untilUp(other)])
    await useAll(store)
    await expectHeard(store, heard)
    expect(changes).toEqual([false, true])
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'store unavailable'],
      ['info', 'store available again'],
    ])
  })

  it('never takes an earlier revision for one of a Redis that lost all', async () => {
    const redis = await ownRedis()
    const { store } = await openStore({ url: redis.url, limits: QUICK })
    const write = (a: string) => store.writeRecord('r', { set: { a }, ...RETAIN }).then(Number)
    const first = await write('old')
    await redis.stop()
    await untilDown(store)
    await redis.start()
    await untilUp(store)
    const again = await write('new')
    expect(again).toBeGreaterThan(first)
    expect(await store.readRecord('r', first)).toMatchObject({ fields: { a: 'new' } })
  })

  it('finds what a Redis kept over a restart', async () => {
    const redis = await ownRedis({ keepsData: true })
    const { store } = await openStore({ url: redis.url, limits: QUICK })
    const revision = await store.writeRecord('r', { set: { a: '1' }, ...RETAIN })
    await redis.stop()
    await untilDown(store)
    await redis.start()
    await untilUp(store)
    expect(await store.readRecord('r', 0)).toEqual({ revision, fields: { a: '1' } })
  })

  it('tells apart a refused command from a Redis that is away', async () => {
    const { store, lines } = await openStore({ url: shared().url, limits: QUICK })
    const changes = onePerChange(store)
    await store.writeRecord('r', { set: { word: 'secret-value' }, ...RETAIN })
    const count = () => store.writeRecord('r', { set: { a: '1' }, add: { word: 1 }, ...RETAIN })
    await expectUnavailable(count())
    await expectUnavailable(count())
    expect(await store.readRecord('r', 0)).toMatchObject({ fields: { word: 'secret-value' } })
    expect(store.isUp()).toBe(true)
    expect(changes).toEqual([])
    expect(lines).toEqual([
      { level: 'warn', values: { reason: 'ERR' }, message: 'store refused a command' },
    ])
  })

  it('is down while Redis is there but cannot write', async () => {
    const redis = await ownRedis()
    const { store, lines } = await openStore({ url: redis.url, limits: QUICK })
    const admin = createClient({ url: redis.url })
    onTestFinished(() => admin.destroy())
    await admin.connect()
    await admin.configSet('maxmemory', '1')
    await untilDown(store)
    await expectUnavailable(store.mark('m', 1000))
    await admin.configSet('maxmemory', '0')
    await untilUp(store)
    await store.mark('m', 1000)
    expect(lines.slice(0, 1)).toEqual([
      { level: 'warn', values: { reason: 'OOM' }, message: 'store unavailable' },
    ])
  })
})

describeWithRedis('the store while Redis says nothing', (shared) => {
  it('notices without any traffic, and when it goes on', async () => {
    const redis = await ownRedis()
    const { store, lines } = await openStore({ url: redis.url })
    const changes = onePerChange(store)
    redis.pause()
    await untilDown(store)
    redis.resume()
    await untilUp(store)
    await useAll(store)
    expect(changes).toEqual([false, true])
    expect(lines[0]).toMatchObject({ values: { reason: 'no_answer' } })
  })

  it('fails what is under way, and from then on everything at once', async () => {
    const redis = await ownRedis()
    // No heartbeat gives the connection up meanwhile.
    const { store } = await openStore({ url: redis.url, limits: { heartbeatMs: 60_000 } })
    await useAll(store)
    redis.pause()
    await expectAllUnavailable(store)
    expect(store.isUp()).toBe(false)
    // Were each of them to wait for its limit, the test would not end in time.
    for (let round = 0; round < 10; round += 1)
      for (const use of usesOf(store)) await expectUnavailable(use())
    redis.resume()
    await untilUp(store)
    await useAll(store)
  })

  it('replaces a connection that has died without a word, the subscription included', async () => {
    const proxy = await startTcpProxy(shared().port)
    const url = `redis://127.0.0.1:${proxy.port}`
    const prefix = uniquePrefix()
    const limits = { heartbeatMs: 50, commandMs: 100 }
    const { store } = await openStore({ url, prefix, limits })
    const { store: other } = await openStore({ url: shared().url, prefix })
    const heard: string[] = []
    store.onRecordChange((id) => heard.push(id))
    await expectHeard(other, heard)
    proxy.mute()
    await untilDown(store)
    heard.length = 0
    // What it has open stays mute; it also connected anew in vain.
    await vi.waitUntil(() => proxy.accepted() > 2, POLL)
    proxy.restore()
    await untilUp(store)
    await useAll(store)
    await expectHeard(other, heard)
  })

  it('fails at once when a peer accepts its connection and is mute from the start', async () => {
    const proxy = await startTcpProxy(shared().port)
    proxy.mute()
    const url = `redis://127.0.0.1:${proxy.port}`
    const { store, lines } = startStore({ url, limits: QUICK })
    await expectAllUnavailable(store)
    await vi.waitUntil(() => proxy.accepted() > 2 && lines.length > 0, POLL)
    await expectAllUnavailable(store)
    expect(lines).toEqual([
      { level: 'warn', values: { reason: 'not_connected' }, message: 'store unavailable' },
    ])
    proxy.restore()
    await untilUp(store)
  })

  it('takes nobody for dead because Redis itself had stopped', async () => {
    const redis = await ownRedis()
    const proxy = await startTcpProxy(redis.port)
    const prefix = uniquePrefix()
    const limits = { aliveMs: 1000, heartbeatMs: 50 }
    const { store: live } = await openStore({ url: redis.url, prefix, limits })
    const url = `redis://127.0.0.1:${proxy.port}`
    const { store: owner } = await openStore({ url, prefix, limits })
    await owner.claim('c', RETAIN)
    await vi.waitUntil(async () => !(await live.isAlive('nobody')), { interval: 20, timeout: 5000 })
    // Not even a sign of life that it sends meanwhile comes through.
    proxy.mute()
    redis.pause()
    const pausedAt = performance.now()
    await vi.waitUntil(() => performance.now() - pausedAt > limits.aliveMs * 1.2, POLL)
    redis.resume()
    await untilUp(live)
    expect(await live.readClaim('c')).toMatchObject({ state: 'running' })
    expect(await live.isAlive(owner.instance)).toBe(true)
    // But not for ever.
    await vi.waitUntil(async () => (await live.readClaim('c'))?.state === 'abandoned', {
      interval: 20,
      timeout: 10_000,
    })
  })

  it('takes its own delay for none of Redis', async () => {
    const limits = { commandMs: 150 }
    const { store } = await openStore({ url: shared().url, limits })
    const changes = onePerChange(store)
    const answer = store.isMarked('m')
    await setImmediate()
    const busyUntil = performance.now() + 200
    while (performance.now() < busyUntil);
    expect(await answer).toBe(false)
    expect(changes).toEqual([])
  })
})

describeWithRedis('the store and its secrets', () => {
  it('stays down with a wrong password, and tells nobody what it was', async () => {
    const redis = await ownRedis({ password: 'right-word' })
    const urlWith = (password: string) => redis.url.replace('//', `//:${password}@`)
    const { store, lines } = startStore({ url: urlWith('wrong-word') })
    await vi.waitUntil(() => lines.length > 0, POLL)
    await expectAllUnavailable(store)
    expect(lines).toEqual([
      { level: 'warn', values: { reason: 'WRONGPASS' }, message: 'store unavailable' },
    ])
    const { store: other } = await openStore({ url: urlWith('right-word') })
    await useAll(other)
  })
})

describeWithRedis('closing the store', (shared) => {
  it('ends both connections', async () => {
    const proxy = await startTcpProxy(shared().port)
    const { store } = await openStore({ url: `redis://127.0.0.1:${proxy.port}` })
    expect(proxy.open()).toBe(2)
    await store.close()
    await vi.waitUntil(() => proxy.open() === 0, POLL)
  })

  it('ends connections that are only just being made', async () => {
    const proxy = await startTcpProxy(shared().port)
    const { store } = startStore({ url: `redis://127.0.0.1:${proxy.port}` })
    await store.close()
    await vi.waitUntil(() => proxy.accepted() === 2 && proxy.open() === 0, POLL)
    expect(store.isUp()).toBe(false)
  })

  it('takes no longer because Redis says nothing or is gone', async () => {
    const redis = await ownRedis()
    const { store: paused } = await openStore({ url: redis.url })
    const { store: stopped } = await openStore({ url: redis.url, limits: QUICK })
    redis.pause()
    await paused.close()
    await redis.stop()
    await untilDown(stopped)
    await stopped.close()
    for (const store of [paused, stopped]) await expectAllUnavailable(store)
  })

  it('says nothing in the log', async () => {
    const redis = await ownRedis()
    const { store, lines } = await openStore({ url: redis.url, limits: QUICK })
    const changes = onePerChange(store)
    await store.close()
    await redis.stop()
    await setImmediate()
    expect([lines, changes]).toEqual([[], []])
  })
})
