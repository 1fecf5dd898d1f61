import { describe, expect, it, vi } from 'vitest'
import { createServerClock } from '../../src/store/redis-clock.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStore, uniquePrefix } from '../support/redis-stores.ts'

describeWithRedis('the store in Redis', (redis) => {
  const open = (prefix = uniquePrefix()) => openStore({ url: redis().url, prefix })

  async function openTwo() {
    const prefix = uniquePrefix()
    const [one, two] = await Promise.all([open(prefix), open(prefix)])
    return { one: one.store, two: two.store }
  }

  it('keeps a mark for its time, for all instances', async () => {
    const { one, two } = await openTwo()
    expect(await two.isMarked('m')).toBe(false)
    await one.mark('m', 60_000)
    expect(await two.isMarked('m')).toBe(true)
    expect(await two.isMarked('m ')).toBe(false)
    await two.mark('m', 1)
    await vi.waitUntil(async () => !(await one.isMarked('m')), { interval: 5 })
  })

  it('gives out what is due, each to one who asks, oldest first, and no more than asked for', async () => {
    const { one, two } = await openTwo()
    await one.schedule('["third"]', -100_000)
    await one.schedule('first', -300_000)
    await one.schedule('second', -200_000)
    await one.schedule('later', 60_000)
    const lease = { leaseMs: 60_000 }
    expect(await one.takeDue({ limit: 2, ...lease })).toEqual(['first', 'second'])
    expect(await two.takeDue({ limit: 9, ...lease })).toEqual(['["third"]'])
    expect(await two.takeDue({ limit: 9, ...lease })).toEqual([])
  })

  it('gives out again what was not unscheduled within the lease', async () => {
    const { one, two } = await openTwo()
    await Promise.all(['dropped', 'done'].map((member) => one.schedule(member, 0)))
    const taken = await vi.waitUntil(
      async () => {
        const due = await one.takeDue({ limit: 9, leaseMs: 1 })
        return due.length === 2 && due
      },
      { interval: 5 },
    )
    expect([...taken].sort()).toEqual(['done', 'dropped'])
    await one.unschedule('done')
    await one.unschedule('never there')
    await vi.waitFor(async () => {
      expect(await two.takeDue({ limit: 9, leaseMs: 60_000 })).toEqual(['dropped'])
    })
  })

  it('moves what is scheduled again', async () => {
    const { one } = await openTwo()
    await one.schedule('m', -1)
    await one.schedule('m', 60_000)
    expect(await one.takeDue({ limit: 9, leaseMs: 1 })).toEqual([])
    await one.schedule('m', -1)
    expect(await one.takeDue({ limit: 9, leaseMs: 1 })).toEqual(['m'])
  })

  it('gives out nothing of another prefix', async () => {
    const [one, two] = await Promise.all([open(), open()])
    await one.store.schedule('m', -1)
    await one.store.mark('m', 60_000)
    expect(await two.store.takeDue({ limit: 9, leaseMs: 1 })).toEqual([])
    expect(await two.store.isMarked('m')).toBe(false)
  })

  it('knows its own instance to be alive, another one that runs, none that never did, and none of another prefix', async () => {
    const { one, two } = await openTwo()
    expect(one.instance).not.toBe(two.instance)
    expect(await one.isAlive(one.instance)).toBe(true)
    expect(await one.isAlive(two.instance)).toBe(true)
    const prefix = uniquePrefix()
    const limits = { aliveMs: 200, heartbeatMs: 20 }
    const { store } = await openStore({ url: redis().url, prefix, limits })
    await vi.waitUntil(async () => !(await store.isAlive('nobody')), { timeout: 5000 })
    expect(await store.isAlive(store.instance)).toBe(true)
    await vi.waitUntil(async () => !(await store.isAlive(one.instance)), { timeout: 5000 })
    expect(await two.isAlive(one.instance)).toBe(true)
  })

  it('has the time of Redis, which all instances share', async () => {
    const { one, two } = await openTwo()
    expect(Math.abs(one.now() - two.now())).toBeLessThan(1000)
    expect(Math.abs(one.now() - Date.now())).toBeLessThan(1000)
    expect(Number.isInteger(one.now())).toBe(true)
  })

  it('has not a word to say while all is well', async () => {
    const { store, lines } = await open()
    await store.writeRecord('r', { set: {}, retainMs: 1000 })
    await store.close()
    expect(lines).toEqual([])
  })

  it('fails everything once it is closed, and closes twice', async () => {
    const { one } = await openTwo()
    await one.close()
    await one.close()
    expect(one.isUp()).toBe(false)
    await expect(one.isMarked('m')).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})

describe("Redis's clock", () => {
  it('is not known before the first sample', () => {
    expect(createServerClock().at(5)).toBeNull()
  })

  it('is told by the quickest of the last ten answers', () => {
    const clock = createServerClock()
    clock.add({ askedAt: 100, answeredAt: 300, serverMs: 1_250 })
    expect(clock.at(1000)).toBe(2_050)
    clock.add({ askedAt: 400, answeredAt: 402, serverMs: 1_501 })
    expect(clock.at(1000)).toBe(2_100)
    for (let at = 500; at < 1400; at += 100) {
      clock.add({ askedAt: at, answeredAt: at + 10, serverMs: at + 5 + 3000 })
      expect(clock.at(1000)).toBe(2_100)
    }
    clock.add({ askedAt: 1400, answeredAt: 1410, serverMs: 1405 + 3000 })
    expect(clock.at(1000)).toBe(4_000)
  })

  it('is told by the new answers alone after a new connection', () => {
    const clock = createServerClock()
    clock.add({ askedAt: 100, answeredAt: 101, serverMs: 1_100.5 })
    clock.renew()
    expect(clock.at(1000)).toBe(2_000)
    clock.add({ askedAt: 200, answeredAt: 300, serverMs: 5_250 })
    expect(clock.at(1000)).toBe(6_000)
  })
})
