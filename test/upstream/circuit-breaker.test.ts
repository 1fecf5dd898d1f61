import { beforeEach, describe, expect, it } from 'vitest'
import { createCircuitBreaker } from '../../src/upstream/circuit-breaker.ts'

let now: number
let changes: string[]
let breaker: ReturnType<typeof createCircuitBreaker>

function fail(times = 1): void {
  for (let time = 0; time < times; time++) breaker.begin().failed('broken')
}

beforeEach(() => {
  now = 1000
  changes = []
  breaker = createCircuitBreaker({
    now: () => now,
    onOpened: (reason, forMs) => changes.push(`${reason} ${forMs}`),
    onClosed: () => changes.push('closed'),
  })
})

describe('a closed circuit', () => {
  it('opens for 2 s after three failures in a row', () => {
    fail(2)
    expect([breaker.admits(), breaker.isUsable()]).toEqual([true, true])
    fail()
    expect([breaker.admits(), breaker.isUsable()]).toEqual([false, false])
    expect(changes).toEqual(['broken 2000'])
    now += 1999
    expect(breaker.isUsable()).toBe(false)
    now += 1
    expect(breaker.isUsable()).toBe(true)
  })

  it('forgets failures once a request succeeds', () => {
    fail(2)
    breaker.begin().succeeded()
    fail(2)
    expect(breaker.isUsable()).toBe(true)
  })

  it('takes an abandoned request neither for a success nor for a failure', () => {
    fail(2)
    breaker.begin().abandoned()
    expect(breaker.isUsable()).toBe(true)
    fail()
    expect(breaker.isUsable()).toBe(false)
  })

  it('opens once, however many requests that run already fail after that', () => {
    const running = Array.from({ length: 10 }, () => breaker.begin())
    for (const request of running) request.failed('broken')
    expect(changes).toEqual(['broken 2000'])
    now += 2000
    expect(breaker.isUsable()).toBe(true)
  })
})

describe('a half-open circuit', () => {
  beforeEach(() => {
    fail(3)
    now += 2000
  })

  it('admits one probe and no other', () => {
    expect(breaker.admits()).toBe(true)
    expect(breaker.admits()).toBe(false)
    breaker.begin()
    expect(breaker.admits()).toBe(false)
    expect(breaker.isUsable()).toBe(true)
  })

  it('closes when the probe succeeds, and opens for 2 s the next time', () => {
    breaker.admits()
    breaker.begin().succeeded()
    expect([breaker.admits(), breaker.admits()]).toEqual([true, true])
    fail(3)
    expect(changes).toEqual(['broken 2000', 'closed', 'broken 2000'])
  })

  it('opens for twice as long each time that the probe fails, up to 30 s', () => {
    for (const forMs of [4000, 8000, 16_000, 30_000, 30_000]) {
      expect(breaker.admits()).toBe(true)
      fail()
      expect(changes.at(-1)).toBe(`broken ${forMs}`)
      expect(breaker.isUsable()).toBe(false)
      now += forMs
    }
  })

  it('admits another probe when nobody waits for the first any more', () => {
    breaker.admits()
    breaker.begin().abandoned()
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false])
  })

  it('takes no other abandoned request for the probe', () => {
    const late = breaker.begin()
    breaker.admits()
    breaker.begin()
    late.abandoned()
    expect(breaker.admits()).toBe(false)
  })

  it('learns from a request that was never admitted', () => {
    breaker.begin().succeeded()
    expect(changes.at(-1)).toBe('closed')
  })
})

describe('an open circuit', () => {
  it('is closed by a last resort that succeeds, and not held open by one that fails', () => {
    fail(3)
    fail()
    now += 2000
    expect(breaker.isUsable()).toBe(true)
    breaker.begin().failed('broken')
    breaker.begin().succeeded()
    expect(changes).toEqual(['broken 2000', 'broken 4000', 'closed'])
  })

  it('is not closed by a request from before', () => {
    const before = breaker.begin()
    fail(3)
    before.succeeded()
    expect(breaker.isUsable()).toBe(false)
  })
})

describe('an endpoint that says when to come back', () => {
  it('is believed at once and for so long', () => {
    breaker.begin().failed('status', 60_000)
    expect([breaker.isUsable(), breaker.isToldToWait()]).toEqual([false, true])
    now += 59_999
    expect(breaker.isToldToWait()).toBe(true)
    now += 1
    expect([breaker.isUsable(), breaker.isToldToWait()]).toEqual([true, false])
    expect(changes).toEqual(['status 60000'])
  })

  it('may lengthen the wait but not shorten it', () => {
    const running = [breaker.begin(), breaker.begin(), breaker.begin()] as const
    running[0].failed('status', 10_000)
    running[1].failed('status', 20_000)
    running[2].failed('status', 5000)
    now += 19_999
    expect(breaker.isToldToWait()).toBe(true)
    now += 1
    expect(breaker.isUsable()).toBe(true)
  })

  it('makes an open circuit one that was told to wait', () => {
    fail(3)
    expect(breaker.isToldToWait()).toBe(false)
    breaker.begin().failed('status', 5000)
    expect(breaker.isToldToWait()).toBe(true)
  })

  it('does not lengthen what follows a failing probe', () => {
    breaker.begin().failed('status', 60_000)
    now += 60_000
    breaker.admits()
    fail(1)
    expect(changes.at(-1)).toBe('broken 2000')
    expect(breaker.isToldToWait()).toBe(false)
  })
})
