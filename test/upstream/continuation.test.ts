import { describe, expect, it } from 'vitest'
import { failure } from '../support/connected-upstream.ts'
import { createGate } from '../support/gate.ts'
import { createEndpoint, REQUEST, routeOver } from '../support/hand-made-endpoint.ts'
import { upstreamError } from '../../src/upstream/failure.ts'

function three() {
  const [a, b, c] = [createEndpoint('a'), createEndpoint('b'), createEndpoint('c')]
  return { a, b, c, routed: routeOver([a, b, c]) }
}

/** Endpoint `a` said this, then broke. */
async function brokenAfter(said: string) {
  const { a, b, c, routed } = three()
  const run = routed.run()
  const asking = await a.asked()
  asking.say(said)
  asking.fail('broken')
  return { a, b, c, routed, ...run }
}

describe('an answer that breaks off in mid-speech', () => {
  it('is finished by the next endpoint in one sentence', async () => {
    const { b, texts, completion, routed, firstTokens } = await brokenAfter(
      'Your appointment is on Tuesday at half pa',
    )
    const asking = await b.asked()
    for (const delta of ['is on', ' Tuesday at ', 'half past', ' nine.']) asking.say(delta)
    asking.complete({ usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 } })
    expect(await completion).toEqual({
      text: 'Your appointment is on Tuesday at half past nine.',
      calls: [],
      finishReason: 'stop',
    })
    expect(texts).toEqual(['Your appointment is on Tuesday at half pa', 'st', ' nine.'])
    expect(firstTokens()).toBe(1)
    expect(routed.lines).toEqual([
      {
        level: 'warn',
        message: 'answer continued',
        values: { upstream: 'a', next: 'b', reason: 'broken' },
      },
    ])
    expect(routed.counted).toEqual(['continuation completed'])
  })

  it('is shown to the next endpoint with the place where it broke', async () => {
    const { b, completion } = await brokenAfter('It is on Tuesday at half pa')
    const asking = await b.asked()
    const [assistant, user] = asking.request.messages.slice(REQUEST.messages.length)
    expect(asking.request.messages.slice(0, REQUEST.messages.length)).toEqual(REQUEST.messages)
    expect(assistant).toEqual({ role: 'assistant', content: 'It is on Tuesday at half pa' })
    expect(user?.role).toBe('user')
    expect(user?.content).toMatch(/^\[.*broke off after "on Tuesday at half pa".*\]$/)
    asking.say(' st nine.')
    asking.complete()
    await completion
  })

  it('gives what was held back when the continuation ends with it', async () => {
    const { b, texts, completion } = await brokenAfter('We open at nine and close at')
    const asking = await b.asked()
    asking.say('nine')
    asking.complete()
    expect(await completion).toMatchObject({ text: 'We open at nine and close at nine' })
    expect(texts).toEqual(['We open at nine and close at', ' nine'])
  })

  it('takes the tool calls of the continuation, and none of those that broke off', async () => {
    const { a, b, routed } = three()
    const { texts, completion } = routed.run()
    const asking = await a.asked()
    asking.say('One moment.')
    asking.token()
    asking.fail('ended_early')
    const calls = [{ id: '1', name: 'find', arguments: '{}' }]
    ;(await b.asked()).complete({ calls, finishReason: 'tool_calls' })
    expect(await completion).toEqual({ text: 'One moment.', calls, finishReason: 'tool_calls' })
    expect(texts).toEqual(['One moment.'])
  })

  it('is continued again when the continuation breaks too', async () => {
    const { b, c, texts, completion, routed } = await brokenAfter('One two')
    const second = await b.asked()
    second.say('One two three')
    second.fail('idle_timeout')
    const third = await c.asked()
    expect(third.request.messages.at(-2)?.content).toBe('One two three')
    third.say('two three four.')
    third.complete()
    expect(await completion).toMatchObject({ text: 'One two three four.' })
    expect(texts.join('|')).toBe('One two| three| four.')
    expect(routed.lines.map(({ values }) => values)).toEqual([
      { upstream: 'a', next: 'b', reason: 'broken' },
      { upstream: 'b', next: 'c', reason: 'idle_timeout' },
    ])
    expect(routed.counted).toEqual(['continuation completed'])
  })

  it('fails with its own error when nobody is left', async () => {
    const { a, b, c, routed } = three()
    const { completion } = routed.run()
    const broken = upstreamError('broken')
    const asking = await a.asked()
    asking.say('One two')
    asking.fail(broken)
    ;(await b.asked()).fail('status')
    ;(await c.asked()).fail('connect')
    expect(await failure(completion)).toBe(broken)
    expect([a, b, c].map(({ askings }) => askings.length)).toEqual([1, 1, 1])
    expect(routed.counted).toEqual(['continuation failed'])
  })

  it('is not continued by one that had failed before the first word', async () => {
    const { a, b, c, routed } = three()
    const { completion } = routed.run()
    ;(await a.asked()).fail('status')
    const asking = await b.asked()
    asking.say('One')
    asking.fail('broken')
    ;(await c.asked()).say('One two.')
    ;(await c.asked()).complete()
    expect(await completion).toMatchObject({ text: 'One two.' })
    expect(a.askings).toHaveLength(1)
  })

  it('fails when there is no second endpoint, and nothing is counted', async () => {
    const a = createEndpoint('a')
    const routed = routeOver([a])
    const { completion } = routed.run()
    const broken = upstreamError('broken')
    const asking = await a.asked()
    asking.say('One')
    asking.fail(broken)
    expect(await failure(completion)).toBe(broken)
    expect(routed.counted).toEqual([])
    expect(a.askings).toHaveLength(1)
  })

  it('ends with the reason of the caller who hangs up', async () => {
    const { a, b, c, routed } = three()
    const call = new AbortController()
    const { completion } = routed.run({ signal: call.signal })
    const asking = await a.asked()
    asking.say('One')
    asking.fail('broken')
    const second = await b.asked()
    const reason = new Error('hung up')
    call.abort(reason)
    await expect(completion).rejects.toBe(reason)
    expect(second.isRunning()).toBe(false)
    expect(c.askings).toEqual([])
    expect(routed.counted).toEqual([])
  })

  it('ends with the reason of the caller who hangs up instead of taking the last words', async () => {
    const { a, b, routed } = three()
    const call = new AbortController()
    const heard = createGate()
    const { completion } = routed.run({
      signal: call.signal,
      onText(text) {
        if (text !== ' nine') return undefined
        heard.release()
        return new Promise(() => undefined)
      },
    })
    const asking = await a.asked()
    asking.say('We open at nine and close at')
    asking.fail('broken')
    const second = await b.asked()
    second.say('nine')
    second.complete()
    await heard.released
    const reason = new Error('hung up')
    call.abort(reason)
    await expect(completion).rejects.toBe(reason)
  })

  it('is whole again where the rest of a cut word comes, and the word was there before', async () => {
    const { b, completion } = await brokenAfter('An appointment? Your appoint')
    const asking = await b.asked()
    asking.say('ment is at nine.')
    asking.complete()
    expect(await completion).toMatchObject({
      text: 'An appointment? Your appointment is at nine.',
    })
  })

  it('ends with the error of a listener that throws in the continuation', async () => {
    const { a, b, c, routed } = three()
    const full = new Error('the socket is gone')
    const { completion } = routed.run({
      onText: (text) => {
        if (text.includes('two')) throw full
      },
    })
    const asking = await a.asked()
    asking.say('One')
    asking.fail('broken')
    const second = await b.asked()
    expect(() => second.say('two')).toThrow(full)
    second.fail(full)
    await expect(completion).rejects.toBe(full)
    expect(c.askings).toEqual([])
  })

  it('hands the pause of the listener on to the continuation', async () => {
    const { a, b, routed } = three()
    const pause = Promise.resolve()
    const { completion } = routed.run({ onText: () => pause })
    const asking = await a.asked()
    asking.say('One')
    asking.fail('broken')
    const second = await b.asked()
    expect(second.say('One')).toBeUndefined()
    expect(second.say(' two')).toBe(pause)
    second.complete()
    await completion
  })
})

describe('a continuation with nothing new', () => {
  it.each([
    ['is empty', 'We open at nine.', true],
    ['only repeats', 'We open at nine.', false],
    ['is empty, in Arabic', '\u0646\u0639\u0645\u061f', true],
    ['is empty, in Hindi', '\u0939\u093e\u0901\u0964', true],
  ])('completes an answer that was at the end of a sentence: %s', async (_, said, fails) => {
    const { b, c, texts, completion, routed } = await brokenAfter(said)
    const asking = await b.asked()
    if (fails) asking.fail('empty')
    else {
      asking.say('open at nine.')
      asking.complete()
    }
    expect(await completion).toEqual({ text: said, calls: [], finishReason: 'stop' })
    expect(texts).toEqual([said])
    expect(c.askings).toEqual([])
    expect(routed.counted).toEqual(['continuation completed'])
  })

  it.each(['is empty', 'only repeats'])(
    'is followed by the next one in the middle of a sentence: %s',
    async (how) => {
      const { b, c, completion, routed } = await brokenAfter('We open at')
      const asking = await b.asked()
      if (how === 'only repeats') {
        asking.say('We open at')
        asking.complete()
      } else asking.fail('empty')
      const third = await c.asked()
      third.say('open at nine.')
      third.complete()
      expect(await completion).toMatchObject({ text: 'We open at nine.' })
      expect(routed.lines.at(-1)?.values).toEqual({ upstream: 'b', next: 'c', reason: 'empty' })
    },
  )
})
