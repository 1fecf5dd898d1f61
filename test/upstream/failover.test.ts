import { describe, expect, it } from 'vitest'
import { failureReasonOf } from '../../src/upstream/failure.ts'
import { failure } from '../support/connected-upstream.ts'
import { createEndpoint, routeOver } from '../support/hand-made-endpoint.ts'

const [A, B, C] = ['a', 'b', 'c']

function three() {
  const [a, b, c] = [createEndpoint(A), createEndpoint(B), createEndpoint(C)]
  return { a, b, c, routed: routeOver([a, b, c]) }
}

describe('the endpoints of one upstream', () => {
  it('are asked in order, the first one only when it answers', async () => {
    const { a, b, routed } = three()
    const { texts, completion, firstTokens } = routed.run()
    const asking = await a.asked()
    asking.say('I am ')
    asking.say('a.')
    asking.complete({ usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 } })
    expect(await completion).toEqual({
      text: 'I am a.',
      calls: [],
      finishReason: 'stop',
      usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 },
    })
    expect(texts).toEqual(['I am ', 'a.'])
    expect(firstTokens()).toBe(1)
    expect(b.askings).toEqual([])
    expect(routed.lines).toEqual([])
  })

  it('hand the pause that the listener asks for to the one that speaks', async () => {
    const { a, routed } = three()
    const pause = Promise.resolve()
    const { completion } = routed.run({ onText: () => pause })
    const asking = await a.asked()
    expect(asking.say('Hello')).toBe(pause)
    asking.complete()
    await completion
  })

  it('are usable while one of them is, have all names and are closed together', async () => {
    const { a, b, c, routed } = three()
    expect(routed.upstream.name).toBe('a, b, c')
    b.isAdmitting = false
    c.isAdmitting = false
    expect(routed.upstream.isUsable()).toBe(true)
    a.isAdmitting = false
    expect(routed.upstream.isUsable()).toBe(false)
    await routed.upstream.close()
    expect([a, b, c].map(({ isClosed }) => isClosed)).toEqual([true, true, true])
  })
})

describe('an endpoint that fails before it said anything', () => {
  it('is followed by the next one, which is logged and counted', async () => {
    const { a, b, c, routed } = three()
    const { texts, completion } = routed.run()
    ;(await a.asked()).fail('status')
    ;(await b.asked()).fail('first_token_timeout')
    const asking = await c.asked()
    asking.say('I am c.')
    asking.complete()
    expect(await completion).toMatchObject({ text: 'I am c.' })
    expect(texts).toEqual(['I am c.'])
    expect(routed.lines).toEqual([
      {
        level: 'warn',
        message: 'failover',
        values: { upstream: 'a', next: 'b', reason: 'status' },
      },
      {
        level: 'warn',
        message: 'failover',
        values: { upstream: 'b', next: 'c', reason: 'first_token_timeout' },
      },
    ])
    expect(routed.counted).toEqual(['failover a', 'failover b'])
    expect([a, b, c].map(({ askings }) => askings.length)).toEqual([1, 1, 1])
  })

  it('is followed by the next one whatever kind of error it was', async () => {
    const { a, b, routed } = three()
    const { completion } = routed.run()
    ;(await a.asked()).fail(new RangeError('a defect'))
    ;(await b.asked()).complete({ text: 'B' })
    expect(await completion).toMatchObject({ text: 'B' })
    expect(routed.lines).toMatchObject([{ values: { reason: 'unknown' } }])
  })

  it('is followed by the next one also in the middle of a tool call', async () => {
    const { a, b, routed } = three()
    const { completion, firstTokens } = routed.run()
    const half = await a.asked()
    half.token()
    half.fail('broken')
    const asking = await b.asked()
    asking.token()
    asking.complete({ calls: [{ id: '1', name: 'find', arguments: '{}' }] })
    expect((await completion).calls).toHaveLength(1)
    expect(firstTokens()).toBe(1)
  })

  it('gives its error when it was the last one', async () => {
    const { a, b, c, routed } = three()
    const { completion } = routed.run()
    ;(await a.asked()).fail('status')
    ;(await b.asked()).fail('status')
    const last = new Error('the last one')
    ;(await c.asked()).fail(last)
    await expect(completion).rejects.toBe(last)
  })

  it('is followed by nobody when the caller has hung up', async () => {
    const { a, b, routed } = three()
    const call = new AbortController()
    const { completion } = routed.run({ signal: call.signal })
    const asking = await a.asked()
    const reason = new Error('hung up')
    call.abort(reason)
    expect(asking.isRunning()).toBe(false)
    await expect(completion).rejects.toBe(reason)
    expect(b.askings).toEqual([])
    expect(routed.lines).toEqual([])
  })

  it('is not even asked when the caller had hung up before', async () => {
    const { a, routed } = three()
    const reason = new Error('hung up')
    await expect(routed.run({ signal: AbortSignal.abort(reason) }).completion).rejects.toBe(reason)
    expect(a.admissions).toBe(0)
  })
})

describe('an endpoint that does not admit a request', () => {
  it('is passed over, and nobody behind the first that does is bothered', async () => {
    const { a, b, c, routed } = three()
    a.isAdmitting = false
    const { completion } = routed.run()
    ;(await b.asked()).complete({ text: 'B' })
    expect(await completion).toMatchObject({ text: 'B' })
    expect(a.askings).toEqual([])
    expect(c.admissions).toBe(0)
  })

  it('is asked all the same when none does, unless it was told to wait', async () => {
    const { a, b, c, routed } = three()
    for (const endpoint of [a, b, c]) endpoint.isAdmitting = false
    a.isWaiting = true
    const { completion } = routed.run()
    ;(await b.asked()).fail('connect')
    ;(await c.asked()).complete({ text: 'C' })
    expect(await completion).toMatchObject({ text: 'C' })
    expect(a.askings).toEqual([])
  })

  it('makes the answer fail at once when all were told to wait', async () => {
    const { a, b, c, routed } = three()
    for (const endpoint of [a, b, c]) {
      endpoint.isAdmitting = false
      endpoint.isWaiting = true
    }
    const error = await failure(routed.run().completion)
    expect(error).toMatchObject({ code: 'upstream_failed' })
    expect(failureReasonOf(error)).toBe('circuit_open')
    expect([a, b, c].flatMap(({ askings }) => askings)).toEqual([])
  })
})

describe('a listener that fails', () => {
  it('is given nobody else', async () => {
    const { a, b, routed } = three()
    const full = new Error('the socket is gone')
    const { completion } = routed.run({ onText: () => Promise.reject(full) })
    const asking = await a.asked()
    await Promise.resolve(asking.say('Hello')).catch((error: unknown) => {
      asking.fail(error as Error) // the one above
    })
    await expect(completion).rejects.toBe(full)
    expect(b.askings).toEqual([])
  })
})
