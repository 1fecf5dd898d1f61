import { describe, expect, it } from 'vitest'
import { createFirstTokenTimes } from '../../src/upstream/first-token-times.ts'

function timesFrom(values: readonly number[]): ReturnType<typeof createFirstTokenTimes> {
  const times = createFirstTokenTimes()
  for (const value of values) times.add(value)
  return times
}

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('the p95', () => {
  it('is unknown below 20 values', () => {
    const times = timesFrom(oneTo(19))
    expect(times.p95Ms()).toBeUndefined()
    times.add(20)
    expect(times.p95Ms()).toBe(19)
  })

  it('is that of the latest 200', () => {
    const times = timesFrom(oneTo(100))
    expect(times.p95Ms()).toBe(95)
    for (const value of oneTo(200)) times.add(1000 + value)
    expect(times.p95Ms()).toBe(1190)
  })

  it('counts a request that was aborted late, and not one that was aborted early', () => {
    const times = timesFrom([...oneTo(190), ...Array.from({ length: 10 }, () => 5000)])
    expect(times.p95Ms()).toBe(190)
    times.addUnfinished(100)
    expect(times.p95Ms()).toBe(190)
    times.addUnfinished(200)
    expect(times.p95Ms()).toBe(200)
  })

  it('does not sink when just the slow ones are aborted, as hedging does', () => {
    const times = timesFrom(oneTo(200))
    for (let round = 0; round < 50; round++) {
      for (const value of oneTo(200)) {
        const limit = times.p95Ms() ?? 0
        if (value <= limit) times.add(value)
        else times.addUnfinished(limit)
      }
    }
    expect(times.p95Ms()).toBeGreaterThan(180)
  })

  it('is not made of unfinished requests alone', () => {
    const times = createFirstTokenTimes()
    for (const value of oneTo(50)) times.addUnfinished(value)
    expect(times.p95Ms()).toBeUndefined()
  })
})

describe('the average', () => {
  it('begins with the first value and moves by a fifth of the difference', () => {
    const times = createFirstTokenTimes()
    expect([times.add(100), times.add(200), times.add(120)]).toEqual([100, 120, 120])
  })
})
