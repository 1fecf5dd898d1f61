import { beforeEach, describe, expect, it } from 'vitest'
import { WARMTH_TIMES, createWarmth } from '../../src/upstream/warmth.ts'

let now: number
let warmth: ReturnType<typeof createWarmth>

beforeEach(() => {
  now = 0
  warmth = createWarmth({ connections: 3, times: WARMTH_TIMES, now: () => now })
})

describe('createWarmth', () => {
  it('wants all connections until no turn has come for ten minutes, then one', () => {
    expect(warmth.target()).toBe(3)
    now = 599_999
    expect(warmth.target()).toBe(3)
    now = 600_000
    expect(warmth.target()).toBe(1)
    warmth.used()
    expect(warmth.target()).toBe(3)
  })

  it('wants none where none is configured', () => {
    const cold = createWarmth({ connections: 0, times: WARMTH_TIMES, now: () => now })
    now = 600_000
    expect(cold.target()).toBe(0)
  })

  it('waits longer after each failure, up to a minute', () => {
    const waits: number[] = []
    for (let failure = 0; failure < 8; failure++) {
      warmth.lost(0)
      waits.push(warmth.opensFrom() - now)
      now = warmth.opensFrom()
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it('takes failures at the same time for one', () => {
    for (let failure = 0; failure < 3; failure++) warmth.lost(0)
    expect(warmth.opensFrom()).toBe(1000)
  })

  it('replaces at once what was closed after a while', () => {
    warmth.lost(4999)
    now = 1000
    warmth.lost(5000)
    expect(warmth.opensFrom()).toBe(1000)
    warmth.lost(0)
    expect(warmth.opensFrom()).toBe(2000)
  })

  it('forgets failures once a request was answered', () => {
    warmth.lost(0)
    warmth.answered()
    expect(warmth.opensFrom()).toBe(0)
    warmth.lost(0)
    expect(warmth.opensFrom()).toBe(1000)
  })
})
