import { expect, it, vi } from 'vitest'
import type { SharedStore, StoredRecord } from '../../src/store/shared-store.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStore, uniquePrefix } from '../support/redis-stores.ts'

const RETAIN = { retainMs: 60_000 }

async function read(store: SharedStore, id: string): Promise<StoredRecord> {
  const record = await store.readRecord(id, -1)
  if (record === 'unchanged') throw new Error('no record has revision -1')
  return record
}

describeWithRedis('a record in Redis', (redis) => {
  const open = () => openStore({ url: redis().url })

  it('that was never written has revision 0 and no fields', async () => {
    const { store } = await open()
    expect(await read(store, 'r')).toEqual({ revision: 0, fields: {} })
    expect(await store.readRecord('r', 0)).toBe('unchanged')
  })

  it('sets, adds and removes in one step, and has another revision after each', async () => {
    const { store } = await open()
    const first = await store.writeRecord('r', {
      set: { a: '1', b: '', gone: 'x' },
      add: { count: 2 },
      ...RETAIN,
    })
    expect(await read(store, 'r')).toEqual({
      revision: first,
      fields: { a: '1', b: '', gone: 'x', count: '2' },
    })
    const second = await store.writeRecord('r', {
      set: { a: '2' },
      add: { count: -5 },
      remove: ['gone', 'never there'],
      ...RETAIN,
    })
    expect(second).toBeGreaterThan(Number(first))
    expect(await read(store, 'r')).toEqual({
      revision: second,
      fields: { a: '2', b: '', count: '-3' },
    })
  })

  it('is not sent again to one who knows it', async () => {
    const { store } = await open()
    const first = Number(await store.writeRecord('r', { set: { a: '1' }, ...RETAIN }))
    expect(await store.readRecord('r', first)).toBe('unchanged')
    const second = await store.writeRecord('r', { set: { a: '1' }, ...RETAIN })
    expect(await store.readRecord('r', first)).toEqual({ revision: second, fields: { a: '1' } })
  })

  it('keeps any id and any field name apart, however long or strange', async () => {
    const { store } = await open()
    const names = [
      'r',
      'f',
      '',
      ' ',
      '__proto__',
      'constructor',
      '0',
      'a\r\n$3\u0000',
      '{x}',
      'ñ😀',
    ]
    const ids = ['["a",1]', '["a","1"]', 'x'.repeat(50_000), `${'x'.repeat(49_999)}y`, '', '*']
    for (const id of ids) {
      const set = Object.fromEntries(names.map((name) => [name, `${id}/${name}`]))
      await store.writeRecord(id, { set, ...RETAIN })
    }
    for (const id of ids) {
      const { fields } = await read(store, id)
      expect(Object.entries(fields).sort()).toEqual(
        names.map((name) => [name, `${id}/${name}`]).sort(),
      )
    }
  })

  it('holds thousands of fields and long values', async () => {
    const { store } = await open()
    const set = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`f${index}`, 'v']))
    await store.writeRecord('r', { set: { ...set, long: 'ü'.repeat(200_000) }, ...RETAIN })
    const { fields } = await read(store, 'r')
    expect(Object.keys(fields)).toHaveLength(9001)
    expect(fields.long).toHaveLength(200_000)
  })

  it('is written only if it still is at the revision that was asked for', async () => {
    const { store } = await open()
    const write = (ifRevision: number, a: string) =>
      store.writeRecord('r', { set: { a }, ifRevision, ...RETAIN })
    expect(await write(7, 'too early')).toBe('conflict')
    const first = Number(await write(0, 'one'))
    expect(await write(0, 'two')).toBe('conflict')
    const second = Number(await write(first, 'two'))
    expect(await write(first, 'three')).toBe('conflict')
    expect(await read(store, 'r')).toEqual({ revision: second, fields: { a: 'two' } })
  })

  it('loses no update when fifty write at once', async () => {
    const prefix = uniquePrefix()
    const stores = await Promise.all(
      [1, 2].map(async () => (await openStore({ url: redis().url, prefix })).store),
    )
    let conflicts = 0
    async function append(store: SharedStore, word: string): Promise<void> {
      for (;;) {
        const { revision, fields } = await read(store, 'r')
        const words = `${fields.words ?? ''}${word},`
        const change = { set: { words }, add: { count: 1 }, ifRevision: revision, ...RETAIN }
        if ((await store.writeRecord('r', change)) !== 'conflict') return
        conflicts += 1
      }
    }
    const writers = Array.from({ length: 25 }, (_, index) =>
      stores.map((store, of) => append(store, `${of}-${index}`)),
    )
    await Promise.all(writers.flat())
    const { fields } = await read(stores[0] ?? (await open()).store, 'r')
    expect(new Set(fields.words?.split(',').filter(Boolean)).size).toBe(50)
    expect(fields.words?.split(',').filter(Boolean)).toHaveLength(50)
    expect(fields.count).toBe('50')
    expect(conflicts).toBeGreaterThan(0)
  })

  it('is forgotten some time after its last write, and a new one is never taken for it', async () => {
    const { store } = await open()
    const write = (a: string, retainMs: number) =>
      store.writeRecord('r', { set: { a }, retainMs }).then(Number)
    const first = await write('old', 60_000)
    const last = await write('old', 1)
    await vi.waitUntil(async () => (await read(store, 'r')).revision === 0, { interval: 5 })
    const again = await write('new', 60_000)
    expect(again).toBeGreaterThan(last)
    expect(await store.readRecord('r', first)).toEqual({ revision: again, fields: { a: 'new' } })
    expect(await store.writeRecord('r', { set: {}, ifRevision: last, retainMs: 60_000 })).toBe(
      'conflict',
    )
  })

  it('of another prefix is another one', async () => {
    const [one, two] = await Promise.all([open(), open()])
    await one.store.writeRecord('r', { set: { a: '1' }, ...RETAIN })
    expect(await read(two.store, 'r')).toEqual({ revision: 0, fields: {} })
  })
})

describeWithRedis('a change of a record in Redis', (redis) => {
  /** Two stores that hear each other: a subscription begins a moment after the store is up. */
  async function openHearing(prefixes: readonly [string, string]) {
    const [one, two] = await Promise.all(
      prefixes.map(async (prefix) => (await openStore({ url: redis().url, prefix })).store),
    )
    if (!one || !two) throw new Error('there are two prefixes')
    const heard: { one: string[]; two: string[] } = { one: [], two: [] }
    one.onRecordChange((id) => heard.one.push(id))
    two.onRecordChange((id) => heard.two.push(id))
    return { one, two, heard }
  }

  const touch = (store: SharedStore, id: string) => store.writeRecord(id, { set: {}, ...RETAIN })

  it('is told to the other instances by its id, and not to the one that made it', async () => {
    const prefix = uniquePrefix()
    const { one, two, heard } = await openHearing([prefix, prefix])
    await vi.waitFor(async () => {
      await touch(one, 'first')
      await touch(two, 'second')
      expect(heard.one).toContain('second')
      expect(heard.two).toContain('first')
    })
    const id = '["key with spaces\n", 1]'
    await touch(one, id)
    await vi.waitUntil(() => heard.two.includes(id), { interval: 5 })
    expect(heard.one).not.toContain('first')
    expect(heard.one).not.toContain(id)
  })

  it('is not told if it was not made', async () => {
    const prefix = uniquePrefix()
    const { one, two, heard } = await openHearing([prefix, prefix])
    await vi.waitFor(async () => {
      await touch(one, 'made')
      expect(heard.two).toContain('made')
    })
    expect(await one.writeRecord('refused', { set: {}, ifRevision: 5, ...RETAIN })).toBe('conflict')
    await touch(one, 'last')
    await vi.waitUntil(() => heard.two.includes('last'), { interval: 5 })
    expect(heard.two).not.toContain('refused')
    await touch(two, 'own')
  })

  it('is not told to a store with another prefix', async () => {
    const prefix = uniquePrefix()
    const { one, two, heard } = await openHearing([prefix, uniquePrefix()])
    const { store: third } = await openStore({ url: redis().url, prefix })
    const heardByThird: string[] = []
    third.onRecordChange((id) => heardByThird.push(id))
    await vi.waitFor(async () => {
      await touch(one, 'r')
      expect(heardByThird).toContain('r')
    })
    await touch(two, 'r')
    expect(heard.two).toEqual([])
  })
})
