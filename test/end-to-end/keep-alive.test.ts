import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { user } from '../support/wire-messages.ts'

const HI = user('Hi there.')
const FLOW = { starting_state: 'talk', states: { talk: {} } }
const BUILT_IN_FALLBACK =
  'Sorry, something went wrong on my side. Could you say that again, please?'

// The sockets are real; only the clock by which a turn shows that it is alive is the test's.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('an upstream that does not begin', () => {
  it('leaves the caller with headers and a sign of life after 1.5 s, and the answer follows', async () => {
    const { upstream, stream } = await startTurnstate({ flow: FLOW })
    let answer: (say: string) => void = () => undefined
    const said = new Promise<string>((resolve) => (answer = resolve))
    upstream.reply(async () => ({ say: await said }))
    const opening = stream([HI])
    await upstream.received()
    vi.advanceTimersByTime(1500)
    const opened = await opening
    expect(opened.status).toBe(200)
    expect(opened.headers.get('x-turnstate-kind')).toBe('new')
    answer('Here I am.')
    expect(await opened.rest()).toMatchObject({ text: 'Here I am.', finish: 'stop', isDone: true })
  })

  it('and fails after the headers is ended with spoken words, without a configured fallback', async () => {
    const { upstream, stream } = await startTurnstate({ flow: FLOW })
    let fail: () => void = () => undefined
    const failing = new Promise<void>((resolve) => (fail = resolve))
    upstream.reply(async () => {
      await failing
      return { status: 500 }
    })
    const opening = stream([HI])
    await upstream.received()
    vi.advanceTimersByTime(1500)
    const opened = await opening
    fail()
    expect(opened.status).toBe(200)
    expect(await opened.rest()).toMatchObject({
      text: BUILT_IN_FALLBACK,
      finish: 'stop',
      isDone: true,
    })
  })

  it('answers a request for one body with an error all the same', async () => {
    const { upstream, turn } = await startTurnstate({ flow: FLOW })
    let fail: () => void = () => undefined
    const failing = new Promise<void>((resolve) => (fail = resolve))
    upstream.reply(async () => {
      await failing
      return { status: 500 }
    })
    const answer = turn([HI])
    await upstream.received()
    vi.advanceTimersByTime(1500)
    fail()
    expect(await answer).toMatchObject({ status: 502 })
  })
})
