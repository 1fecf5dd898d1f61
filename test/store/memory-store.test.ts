import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryStore, type MemoryStore } from '../../src/store/memory-store.ts'

let now: number
let made: number
let store: MemoryStore<number>

beforeEach(() => {
  now = 0
  made = 0
  store = createMemoryStore({
    create: () => ++made,
    retainMs: 1000,
    maxEntries: 3,
    weightOf: (value) => value,
    maxWeight: 1000,
    now: () => now,
  })
})

describe('the memory store', () => {
  it('gives the same value for the same key', () => {
    expect(store.open('a')).toBe(1)
    expect(store.open('b')).toBe(2)
    expect(store.open('a')).toBe(1)
    expect(store.peek('a')).toBe(1)
  })

  it('makes nothing when it is only looked at', () => {
    expect(store.peek('a')).toBeUndefined()
    expect(made).toBe(0)
  })

  it('forgets a value that was not used for its time', () => {
    store.open('a')
    now = 999
    expect(store.peek('a')).toBe(1)
    now = 1000
    expect(store.peek('a')).toBeUndefined()
    expect(store.open('a')).toBe(2)
  })

  it('counts the time from the last use, and looking is no use', () => {
    store.open('a')
    now = 900
    store.open('a')
    now = 1800
    expect(store.peek('a')).toBe(1)
    now = 1900
    expect(store.peek('a')).toBeUndefined()
  })

  it('forgets the one that was idle longest when there are too many', () => {
    for (const key of ['a', 'b', 'c', 'a', 'd']) store.open(key)
    expect(['a', 'b', 'c', 'd'].map((key) => store.peek(key))).toEqual([1, undefined, 3, 4])
  })

  it('keeps what is busy, however old, and lets an idle one go instead', () => {
    const busy = new Set([1])
    const kept = createMemoryStore({
      create: () => ++made,
      retainMs: 1000,
      maxEntries: 2,
      weightOf: () => 1,
      maxWeight: 1000,
      isBusy: (value) => busy.has(value),
      now: () => now,
    })
    for (const key of ['a', 'b', 'c']) kept.open(key)
    expect(['a', 'b', 'c'].map((key) => kept.peek(key))).toEqual([1, undefined, 3])
    now = 2000
    expect(kept.open('a')).toBe(1)
    busy.clear()
    kept.open('d')
    kept.open('e')
    expect(kept.peek('a')).toBeUndefined()
  })

  it('keeps what it is asked for, though all others are busy', () => {
    const kept = createMemoryStore({
      create: () => ++made,
      retainMs: 1000,
      maxEntries: 2,
      weightOf: () => 1,
      maxWeight: 1000,
      isBusy: (value) => value < 3,
      now: () => now,
    })
    for (const key of ['a', 'b', 'c']) kept.open(key)
    kept.weigh('c')
    expect(kept.peek('c')).toBe(3)
  })

  it('takes any text for a key', () => {
    for (const key of ['__proto__', 'constructor', '']) {
      expect(store.peek(key)).toBeUndefined()
      expect(store.open(key)).toBe(store.peek(key))
    }
  })

  it('answers like a list that is searched, whatever is asked of it', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), wait: fc.nat(600) })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let clock = 0
        let count = 0
        const fresh = createMemoryStore({
          create: () => ++count,
          retainMs: 1000,
          maxEntries: 3,
          weightOf: (value) => value,
          maxWeight: 1000,
          now: () => clock,
        })
        let model: { key: string; value: number; usedAt: number }[] = []
        for (const { key, wait } of steps) {
          clock += wait
          model = model.filter((entry) => clock - entry.usedAt < 1000)
          const known = model.find((entry) => entry.key === key)
          expect(fresh.peek(key)).toBe(known?.value)
          const value = fresh.open(key)
          expect(value).toBe(known?.value ?? count)
          model = [...model.filter((entry) => entry.key !== key), { key, value, usedAt: clock }]
          model = model.slice(-3)
        }
      }),
    )
  })
})

describe('a store of values that grow', () => {
  it('forgets the oldest idle ones when all are too heavy together', () => {
    const heavy = createMemoryStore({
      create: () => ({ weight: 0 }),
      retainMs: 1000,
      maxEntries: 10,
      weightOf: (value) => value.weight,
      maxWeight: 10,
      now: () => 0,
    })
    for (const key of ['a', 'b', 'c']) {
      heavy.open(key).weight = 4
      heavy.weigh(key)
    }
    expect([heavy.peek('a'), heavy.peek('b'), heavy.peek('c')]).toEqual([
      undefined,
      { weight: 4 },
      { weight: 4 },
    ])
    heavy.open('b').weight = 11
    heavy.weigh('b')
    expect(heavy.peek('c')).toBeUndefined()
    expect(heavy.peek('b')).toEqual({ weight: 11 })
  })
})
