import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { failure } from '../support/connected-upstream.ts'
import { createEndpoint, routeOver } from '../support/hand-made-endpoint.ts'

const HEDGE = { after_ms: 700, max_share: 1 } as const

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** Endpoint `a` was asked and was silent until `b` was asked too. */
async function hedged() {
  const [a, b, c] = [createEndpoint('a'), createEndpoint('b'), createEndpoint('c')]
  const routed = routeOver([a, b, c], HEDGE)
  const call = new AbortController()
  const run = routed.run({ signal: call.signal })
  const first = await a.asked()
  vi.advanceTimersByTime(699)
  expect(b.askings).toEqual([])
  vi.advanceTimersByTime(1)
  const second = await b.asked()
  return { a, b, c, routed, call, first, second, ...run }
}

describe('a first endpoint that is slow', () => {
  it('is overtaken by a second one that speaks first, and aborted in that tick', async () => {
    const { first, second, texts, completion, routed, firstTokens, c } = await hedged()
    second.say('I am ')
    expect(first.isRunning()).toBe(false)
    second.say('b.')
    second.complete()
    expect(await completion).toMatchObject({ text: 'I am b.' })
    expect(texts).toEqual(['I am ', 'b.'])
    expect(firstTokens()).toBe(1)
    expect(c.askings).toEqual([])
    expect(routed.counted).toEqual(['hedge won'])
    expect(routed.lines).toEqual([
      { level: 'info', message: 'hedged', values: { upstream: 'a', next: 'b', won: true } },
    ])
  })

  it('wins when it speaks first after all', async () => {
    const { first, second, texts, completion, routed } = await hedged()
    first.say('I am a.')
    expect(second.isRunning()).toBe(false)
    first.complete()
    expect(await completion).toMatchObject({ text: 'I am a.' })
    expect(texts).toEqual(['I am a.'])
    expect(routed.counted).toEqual(['hedge lost'])
    expect(routed.lines).toMatchObject([{ values: { upstream: 'a', next: 'b', won: false } }])
  })

  it('wins with a part of a tool call, so that no tool is asked for twice', async () => {
    const { first, second, completion } = await hedged()
    first.token()
    expect(second.isRunning()).toBe(false)
    const calls = [{ id: '1', name: 'book', arguments: '{}' }]
    first.complete({ calls, finishReason: 'tool_calls' })
    expect((await completion).calls).toBe(calls)
  })

  it('is the only one heard when both speak in the same tick', async () => {
    const { first, second, texts, completion, firstTokens } = await hedged()
    first.say('A')
    second.say('B')
    first.say('A')
    second.complete()
    first.complete()
    expect(await completion).toMatchObject({ text: 'AA' })
    expect(texts).toEqual(['A', 'A'])
    expect(firstTokens()).toBe(1)
  })

  it('wins by completing without a token', async () => {
    const { first, second, completion } = await hedged()
    first.complete({ text: 'A' })
    expect(await completion).toMatchObject({ text: 'A' })
    expect(second.isRunning()).toBe(false)
  })

  it('is not followed by anybody when it spoke in time', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const routed = routeOver([a, b], HEDGE)
    const { completion } = routed.run()
    const first = await a.asked()
    first.token()
    vi.advanceTimersByTime(10_000)
    expect(b.askings).toEqual([])
    first.complete()
    await completion
    expect(routed.counted).toEqual([])
  })

  it('hands the pause of the listener to the winner', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const pause = Promise.resolve()
    const { completion } = routeOver([a, b], HEDGE).run({ onText: () => pause })
    const first = await a.asked()
    vi.advanceTimersByTime(700)
    const second = await b.asked()
    expect(second.say('B')).toBe(pause)
    expect(first.say('A')).toBeUndefined()
    second.complete()
    await completion
  })
})

describe('failures around a second request', () => {
  it('wait for the second when the first fails', async () => {
    const { a, c, first, second, completion, routed } = await hedged()
    first.fail('broken')
    await settled()
    expect(second.isRunning()).toBe(true)
    second.say('B')
    second.complete()
    expect(await completion).toMatchObject({ text: 'B' })
    expect([a.askings.length, c.askings.length]).toEqual([1, 0])
    expect(routed.counted).toEqual(['hedge won'])
  })

  it('wait for the first when the second fails', async () => {
    const { first, second, completion, routed } = await hedged()
    second.fail('status')
    await settled()
    first.say('A')
    first.complete()
    expect(await completion).toMatchObject({ text: 'A' })
    expect(routed.counted).toEqual(['hedge lost'])
  })

  it('go on with those that were not asked when both fail', async () => {
    const { a, b, c, first, second, completion, routed } = await hedged()
    second.fail('status')
    first.fail('first_token_timeout')
    const third = await c.asked()
    third.say('C')
    third.complete()
    expect(await completion).toMatchObject({ text: 'C' })
    expect([a, b].map(({ askings }) => askings.length)).toEqual([1, 1])
    expect(routed.counted).toEqual(['hedge failed', 'failover a'])
    expect(routed.lines.map(({ message }) => message)).toEqual(['hedged', 'failover'])
  })

  it('change nothing when the loser fails after it has lost', async () => {
    const { a, first, second, completion } = await hedged()
    second.say('One two')
    first.fail('broken')
    second.fail('broken')
    // The loser is no failure: it may finish what the winner began.
    const continued = await a.asked(2)
    continued.say('One two three.')
    continued.complete()
    expect(await completion).toMatchObject({ text: 'One two three.' })
  })

  it('are plain failover before the delay, and cost no second request', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const routed = routeOver([a, b], HEDGE)
    const { completion } = routed.run()
    ;(await a.asked()).fail('status')
    const next = await b.asked()
    expect(vi.getTimerCount()).toBe(0)
    next.complete({ text: 'B' })
    expect(await completion).toMatchObject({ text: 'B' })
    expect(routed.counted).toEqual(['failover a'])
  })

  it('in the tick of the delay ask the next one once', async () => {
    for (const failsFirst of [true, false]) {
      const [a, b] = [createEndpoint('a'), createEndpoint('b')]
      const { completion } = routeOver([a, b], HEDGE).run()
      const first = await a.asked()
      if (failsFirst) first.fail('status')
      vi.advanceTimersByTime(700)
      if (!failsFirst) first.fail('status')
      const next = await b.asked()
      await settled()
      next.say('B')
      next.complete()
      expect(await completion).toMatchObject({ text: 'B' })
      expect([a.askings.length, b.askings.length]).toEqual([1, 1])
    }
  })

  it('after the first word of the winner are continued by the loser', async () => {
    const { a, first, second, texts, completion, routed } = await hedged()
    second.say('We open')
    expect(first.isRunning()).toBe(false)
    second.fail('broken')
    const continued = await a.asked(2)
    continued.say('we open at nine.')
    continued.complete()
    expect(await completion).toMatchObject({ text: 'We open at nine.' })
    expect(texts.join('')).toBe('We open at nine.')
    expect(routed.counted).toEqual(['hedge won', 'continuation completed'])
  })
})

describe('a caller who hangs up', () => {
  it('aborts both at once with its own reason', async () => {
    const { first, second, call, completion, c } = await hedged()
    const reason = new Error('hung up')
    call.abort(reason)
    expect([first, second].map((asking) => asking.isRunning())).toEqual([false, false])
    expect([first.signal.reason, second.signal.reason]).toEqual([reason, reason])
    expect(await failure(completion)).toBe(reason)
    expect(c.askings).toEqual([])
  })

  it('aborts the winner and is told nothing more', async () => {
    const { first, second, call, completion, texts, routed } = await hedged()
    second.say('B')
    const reason = new Error('hung up')
    call.abort(reason)
    second.say('B')
    first.say('A')
    expect(second.isRunning()).toBe(false)
    expect(await failure(completion)).toBe(reason)
    expect(texts).toEqual(['B'])
    expect(routed.counted).toEqual(['hedge won'])
  })

  it('keeps the second one from being asked', async () => {
    const [a, b] = [createEndpoint('a'), createEndpoint('b')]
    const call = new AbortController()
    const { completion } = routeOver([a, b], HEDGE).run({ signal: call.signal })
    await a.asked()
    call.abort(new Error('hung up'))
    vi.advanceTimersByTime(10_000)
    await failure(completion)
    expect(b.askings).toEqual([])
  })
})

/** Whatever a settled promise led to has happened. */
async function settled(): Promise<void> {
  for (let hop = 0; hop < 20; hop++) await Promise.resolve()
}
