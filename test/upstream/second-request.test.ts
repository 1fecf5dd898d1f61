import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEndpoint, routeOver } from '../support/hand-made-endpoint.ts'

const HEDGE = { after_ms: 700, max_share: 1 } as const

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('the second request', () => {
  it('goes to the next endpoint that admits it', async () => {
    const [a, b, c] = [createEndpoint('a'), createEndpoint('b'), createEndpoint('c')]
    b.isAdmitting = false
    const { completion } = routeOver([a, b, c], HEDGE).run()
    await a.asked()
    vi.advanceTimersByTime(700)
    ;(await c.asked()).complete({ text: 'C' })
    expect(await completion).toMatchObject({ text: 'C' })
    expect(b.askings).toEqual([])
  })

  it('goes to the same endpoint where there is no other', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    b.isAdmitting = false
    const { completion } = routeOver([a, b], HEDGE).run()
    const first = await a.asked()
    vi.advanceTimersByTime(700)
    const second = await a.asked(2)
    second.say('A')
    expect(first.isRunning()).toBe(false)
    second.complete()
    expect(await completion).toMatchObject({ text: 'A' })
  })

  it('goes to nobody where none admits it', async () => {
    const a = createEndpoint('a')
    const routed = routeOver([a], HEDGE)
    const { completion } = routed.run()
    const first = await a.asked()
    a.isAdmitting = false
    vi.advanceTimersByTime(700)
    expect(a.askings).toHaveLength(1)
    first.complete({ text: 'A' })
    await completion
    expect(routed.counted).toEqual([])
  })

  it('comes after the p95 of the first endpoint, 50 ms at least', async () => {
    for (const { p95, delayMs } of [
      { p95: 320, delayMs: 320 },
      { p95: 7, delayMs: 50 },
    ]) {
      const [a, b] = [createEndpoint('a'), createEndpoint('b')]
      a.p95 = p95
      const { completion } = routeOver([a, b], { after_ms: 'p95', max_share: 1 }).run()
      await a.asked()
      vi.advanceTimersByTime(delayMs - 1)
      expect(b.askings).toEqual([])
      vi.advanceTimersByTime(1)
      ;(await b.asked()).complete({ text: 'B' })
      await completion
    }
  })

  it('never comes while the p95 is unknown', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const { completion } = routeOver([a, b], { after_ms: 'p95', max_share: 1 }).run()
    const first = await a.asked()
    expect(vi.getTimerCount()).toBe(0)
    first.complete({ text: 'A' })
    await completion
    expect(b.askings).toEqual([])
  })

  it('never comes with a share of nothing', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const { completion } = routeOver([a, b], { after_ms: 1, max_share: 0 }).run()
    const first = await a.asked()
    expect(vi.getTimerCount()).toBe(0)
    first.complete({ text: 'A' })
    await completion
    expect(b.askings).toEqual([])
  })

  it('comes no more often than its share of the completions', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const routed = routeOver([a, b], { after_ms: 700, max_share: 0.25 })
    const hedges: boolean[] = []
    for (let number = 1; number <= 12; number++) {
      const { completion } = routed.run()
      const first = await a.asked(number)
      const before = b.askings.length
      vi.advanceTimersByTime(700)
      hedges.push(b.askings.length > before)
      first.complete({ text: 'A' })
      await completion
    }
    expect(hedges.map(Number).join('')).toBe('100100010001')
    expect(a.admissions).toBe(12)
  })
})
