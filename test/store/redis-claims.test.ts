import { expect, it, vi } from 'vitest'
import type { ClaimState, SharedStore } from '../../src/store/shared-store.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStore, uniquePrefix } from '../support/redis-stores.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const RETAIN = { retainMs: 60_000 }
/** So that an instance is taken for dead soon. */
const SHORT_LIVED = { aliveMs: 600, heartbeatMs: 50 }

async function take(store: SharedStore, id: string): Promise<string> {
  const claimed = await store.claim(id, RETAIN)
  if (claimed.state !== 'claimed') throw new Error(`already ${claimed.state}`)
  return claimed.token
}

function versionOf(state: ClaimState | null): string {
  if (!state || state.state === 'barred') throw new Error('it has no version')
  return state.version
}

describeWithRedis('a claim in Redis', (redis) => {
  async function openTwo() {
    const prefix = uniquePrefix()
    const open = () => openStore({ url: redis().url, prefix })
    const [one, two] = await Promise.all([open(), open()])
    return { one: one.store, two: two.store }
  }

  /** The second one can be cut off from Redis, so that it shows no sign of life. */
  async function openWithStraggler() {
    const prefix = uniquePrefix()
    const proxy = await startTcpProxy(redis().port)
    const url = `redis://127.0.0.1:${proxy.port}`
    const { store: live } = await openStore({ url: redis().url, prefix, limits: SHORT_LIVED })
    const { store: straggler } = await openStore({ url, prefix, limits: SHORT_LIVED })
    return { live, straggler, proxy }
  }

  const untilAbandoned = (store: SharedStore, id: string) =>
    vi.waitUntil(async () => (await store.readClaim(id))?.state === 'abandoned', {
      interval: 20,
      timeout: 8000,
    })

  it('is taken once', async () => {
    const { one, two } = await openTwo()
    expect(await one.readClaim('c')).toBeNull()
    expect(await one.claim('c', RETAIN)).toMatchObject({ state: 'claimed' })
    const running = { state: 'running', owner: one.instance }
    for (const store of [one, two]) {
      expect(await store.claim('c', RETAIN)).toMatchObject(running)
      expect(await store.readClaim('c')).toMatchObject(running)
    }
    expect(await two.readClaim('another')).toBeNull()
  })

  it('is taken by one of eight who want it at once', async () => {
    const { one, two } = await openTwo()
    const wishes = Array.from({ length: 4 }, () => [one.claim('c', RETAIN), two.claim('c', RETAIN)])
    const answers = await Promise.all(wishes.flat())
    const count = (state: string) => answers.filter((answer) => answer.state === state).length
    expect([count('claimed'), count('running')]).toEqual([1, 7])
  })

  it('is finished with a value, for everybody', async () => {
    const { one, two } = await openTwo()
    const token = await take(one, 'c')
    const value = JSON.stringify({ text: 'ñ\u0000😀' })
    await one.finishClaim('c', token, { value, ...RETAIN })
    for (const store of [one, two]) {
      expect(await store.readClaim('c')).toMatchObject({ state: 'finished', value })
      expect(await store.claim('c', RETAIN)).toMatchObject({ state: 'finished', value })
    }
  })

  it('can be finished with an empty value', async () => {
    const { one } = await openTwo()
    await one.finishClaim('c', await take(one, 'c'), { value: '', ...RETAIN })
    expect(await one.readClaim('c')).toMatchObject({ state: 'finished', value: '' })
  })

  it('is as if never taken once it was released', async () => {
    const { one, two } = await openTwo()
    await one.releaseClaim('c', await take(one, 'c'))
    expect(await two.readClaim('c')).toBeNull()
    await take(two, 'c')
  })

  it('is neither finished nor released with the token of another', async () => {
    const { one } = await openTwo()
    await take(one, 'c')
    await one.finishClaim('c', 'guess', { value: 'x', ...RETAIN })
    await one.releaseClaim('c', 'guess')
    expect(await one.readClaim('c')).toMatchObject({ state: 'running' })
  })

  it('that is finished is not released any more', async () => {
    const { one } = await openTwo()
    const token = await take(one, 'c')
    await one.finishClaim('c', token, { value: 'x', ...RETAIN })
    await one.releaseClaim('c', token)
    expect(await one.readClaim('c')).toMatchObject({ state: 'finished' })
  })

  it('is forgotten after its time, and then still finished by who held it', async () => {
    const { one } = await openTwo()
    const claimed = await one.claim('c', { retainMs: 1 })
    await vi.waitUntil(async () => (await one.readClaim('c')) === null, { interval: 5 })
    if (claimed.state !== 'claimed') throw new Error('nobody else wanted it')
    await one.finishClaim('c', claimed.token, { value: 'x', ...RETAIN })
    expect(await one.readClaim('c')).toMatchObject({ state: 'finished', value: 'x' })
    await one.finishClaim('c', claimed.token, { value: 'x', retainMs: 1 })
    await vi.waitUntil(async () => (await one.readClaim('c')) === null, { interval: 5 })
  })

  it('is barred by a field of a record, but not by another field or record', async () => {
    const { one, two } = await openTwo()
    await one.writeRecord('r', { set: { superseded: '' }, ...RETAIN })
    const claim = (id: string, record: string, field: string) =>
      two.claim(id, { ...RETAIN, unless: { record, field } })
    expect(await claim('c', 'r', 'superseded')).toEqual({ state: 'barred' })
    expect(await two.readClaim('c')).toBeNull()
    expect(await claim('c', 'r', 'superseded:2')).toMatchObject({ state: 'claimed' })
    expect(await claim('d', 'other', 'superseded')).toMatchObject({ state: 'claimed' })
  })

  it('tells how it stands even to one who is barred from taking it', async () => {
    const { one, two } = await openTwo()
    await one.finishClaim('c', await take(one, 'c'), { value: 'done', ...RETAIN })
    await one.writeRecord('r', { set: { superseded: '1' }, ...RETAIN })
    const unless = { record: 'r', field: 'superseded' }
    expect(await two.claim('c', { ...RETAIN, unless })).toMatchObject({ value: 'done' })
    const replacing = versionOf(await two.readClaim('c'))
    expect(await two.claim('c', { ...RETAIN, unless, replacing })).toEqual({ state: 'barred' })
  })

  it('is replaced from the state that was seen, once', async () => {
    const { one, two } = await openTwo()
    const token = await take(one, 'c')
    const running = versionOf(await two.readClaim('c'))
    await one.finishClaim('c', token, { value: 'first', ...RETAIN })
    expect(await two.claim('c', { ...RETAIN, replacing: running })).toMatchObject({
      state: 'finished',
      value: 'first',
    })
    const replacing = versionOf(await two.readClaim('c'))
    const answers = await Promise.all([
      one.claim('c', { ...RETAIN, replacing }),
      two.claim('c', { ...RETAIN, replacing }),
    ])
    expect(answers.map((answer) => answer.state).sort()).toEqual(['claimed', 'running'])
    expect(await one.readClaim('c')).toMatchObject({ state: 'running' })
  })

  it('that was replaced is neither finished nor released by who had it', async () => {
    const { one, two } = await openTwo()
    const token = await take(one, 'c')
    const replacing = versionOf(await two.readClaim('c'))
    const replaced = await two.claim('c', { ...RETAIN, replacing })
    await one.finishClaim('c', token, { value: 'late', ...RETAIN })
    await one.releaseClaim('c', token)
    expect(await one.readClaim('c')).toMatchObject({ state: 'running', owner: two.instance })
    if (replaced.state !== 'claimed') throw new Error('it was not replaced')
    await two.finishClaim('c', replaced.token, { value: 'new', ...RETAIN })
    await one.finishClaim('c', token, { value: 'late', ...RETAIN })
    expect(await one.readClaim('c')).toMatchObject({ state: 'finished', value: 'new' })
  })

  it('is abandoned when its owner has closed', async () => {
    // Nobody is taken for dead so soon after the first sign of life under a prefix.
    const prefix = uniquePrefix()
    const limits = { aliveMs: 300, heartbeatMs: 30 }
    const one = (await openStore({ url: redis().url, prefix, limits })).store
    const two = (await openStore({ url: redis().url, prefix, limits })).store
    await take(one, 'c')
    await one.close()
    await untilAbandoned(two, 'c')
    expect(await two.isAlive(one.instance)).toBe(false)
  })

  it('is not abandoned while nobody at all shows a sign of life, so that nobody can tell', async () => {
    const prefix = uniquePrefix()
    const limits = { aliveMs: 100, heartbeatMs: 60_000 }
    const one = (await openStore({ url: redis().url, prefix, limits })).store
    const two = (await openStore({ url: redis().url, prefix, limits })).store
    await take(one, 'c')
    await one.close()
    await two.mark('all signs have lapsed', 2 * limits.aliveMs)
    await vi.waitUntil(async () => !(await two.isMarked('all signs have lapsed')), { interval: 20 })
    expect(await two.readClaim('c')).toMatchObject({ state: 'running' })
  })

  it('is abandoned when its owner shows no sign of life', async () => {
    const { live, straggler, proxy } = await openWithStraggler()
    await take(straggler, 'c')
    proxy.cut()
    await untilAbandoned(live, 'c')
    await vi.waitUntil(async () => !(await live.isAlive(straggler.instance)), { interval: 20 })
    const answer = await live.claim('c', RETAIN)
    expect(answer).toEqual({ state: 'abandoned', version: versionOf(await live.readClaim('c')) })
    expect(
      await live.claim('c', { ...RETAIN, replacing: versionOf(await live.readClaim('c')) }),
    ).toMatchObject({ state: 'claimed' })
  })

  it('is still finished by an owner that was taken for dead', async () => {
    const { live, straggler, proxy } = await openWithStraggler()
    const token = await take(straggler, 'c')
    proxy.cut()
    await untilAbandoned(live, 'c')
    const seen = versionOf(await live.readClaim('c'))
    proxy.restore()
    await vi.waitUntil(() => straggler.isUp(), { interval: 5, timeout: 5000 })
    expect(await live.claim('c', { ...RETAIN, replacing: seen })).toMatchObject({
      state: 'running',
    })
    await straggler.finishClaim('c', token, { value: 'late', ...RETAIN })
    expect(await live.readClaim('c')).toMatchObject({ state: 'finished', value: 'late' })
  })

  it('keeps any id apart, and those of other prefixes', async () => {
    const { one } = await openTwo()
    const { store: other } = await openStore({ url: redis().url })
    for (const id of ['', ' ', '["a"]', '["a" ]', 'y'.repeat(100_000)]) {
      await take(one, id)
      await take(other, id)
    }
  })
})
