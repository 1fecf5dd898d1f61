import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endTurn } from '../../../src/conversation/journal.ts'
import { createAudience } from '../../../src/turn/reply/audience.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { createVoice } from '../../../src/turn/reply/voice.ts'
import { user } from '../../support/history.ts'
import { createTalk } from '../../support/talk.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Caller {
  readonly streams?: boolean
  /** What the caller's socket says of each event. */
  readonly onEvent?: () => void | Promise<void>
}

function start() {
  const turn = createTalk().ask([user('Hi')], '', { status: 'running' })
  const comings: boolean[] = []
  const now = () => performance.now()
  const audience = createAudience({ turn, now, onAudience: (isThere) => comings.push(isThere) })
  const voice = createVoice(turn, audience, () => undefined)
  const end = (status: 'finished' | 'aborted' = 'finished', orElse = '') => {
    endTurn(turn, { status, now: now() })
    audience.close(orElse)
  }
  const startedAt = performance.now()
  function follow({ streams = true, onEvent }: Caller = {}) {
    const events: { readonly event: TurnEvent; readonly at: number }[] = []
    const hangUp = new AbortController()
    const followed = audience.follow({
      signal: hangUp.signal,
      streams,
      onEvent: (event: TurnEvent) => {
        events.push({ event, at: performance.now() - startedAt })
        return onEvent?.()
      },
    })
    followed.catch(() => undefined)
    const text = () =>
      events.map(({ event }) => (event.type === 'text-delta' ? event.text : '')).join('')
    return { events, hangUp, followed, text }
  }
  return { turn, audience, voice, follow, end, comings }
}

/** A socket that is full after each event until it is drained. */
function slowSocket() {
  let resolve: () => void = () => undefined
  return {
    onEvent: () => new Promise<void>((open) => (resolve = open)),
    async drain() {
      resolve()
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

describe('while nothing can be said', () => {
  it('a sign of life goes out at least every 1.5 s, until the turn ends', () => {
    const { follow, end } = start()
    const { events } = follow()
    vi.advanceTimersByTime(10_000)
    const times = [0, ...events.map(({ at }) => at)]
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(events.every(({ event }) => event.type === 'keep-alive')).toBe(true)
    expect(Math.max(...gaps, 10_000 - (times.at(-1) ?? 0))).toBeLessThanOrEqual(1500)
    end()
    const count = events.length
    vi.advanceTimersByTime(10_000)
    expect(events).toHaveLength(count)
  })

  it('each listener gets its own, from when it came', () => {
    const { follow, end } = start()
    follow()
    vi.advanceTimersByTime(900)
    const { events } = follow()
    vi.advanceTimersByTime(1500)
    expect(events.length).toBeGreaterThan(0)
    expect(events[0]?.at).toBeGreaterThanOrEqual(1900)
    end()
  })

  it('words put the next one off', () => {
    const { voice, follow, end } = start()
    const { events } = follow()
    for (let step = 0; step < 10; step++) {
      vi.advanceTimersByTime(900)
      void voice.say('answer', 'word ')
    }
    end()
    expect(events.map(({ event }) => event.type)).toEqual(Array(10).fill('text-delta'))
  })

  it('none goes to a socket that is full, to a caller who is gone, or into one body', async () => {
    const { voice, follow, end } = start()
    const socket = slowSocket()
    const full = follow(socket)
    const gone = follow()
    gone.hangUp.abort()
    const body = follow({ streams: false })
    void voice.say('answer', 'Hello')
    vi.advanceTimersByTime(5000)
    expect(full.events).toHaveLength(1)
    await socket.drain()
    vi.advanceTimersByTime(1500)
    expect(full.events).toHaveLength(2)
    expect(gone.events).toEqual([])
    expect(body.events.map(({ event }) => event.type)).toEqual(['text-delta'])
    end()
  })
})

describe('any number of listeners', () => {
  it('get the text so far at once, then every word as it comes', async () => {
    const { voice, follow, end } = start()
    const first = follow()
    void voice.say('answer', 'One ')
    void voice.say('answer', 'two ')
    const second = follow()
    expect(second.events.map(({ event }) => event)).toEqual([
      { type: 'text-delta', text: 'One two ' },
    ])
    void voice.say('answer', 'three.')
    void voice.call({ id: 'c', name: 'end_call', arguments: '{}' })
    const third = follow()
    end()
    for (const { followed, text, events } of [first, second, third]) {
      await followed
      expect(text()).toBe('One two three.')
      expect(events.at(-1)?.event).toMatchObject({ type: 'tool-call', call: { id: 'c' } })
    }
  })

  it('do not wait for a slow one, who catches up in one piece', async () => {
    const { voice, follow, end } = start()
    const fast = follow()
    const socket = slowSocket()
    const slow = follow(socket)
    for (const word of ['One ', 'two ', 'three ', 'four.']) {
      expect(voice.say('answer', word)).toBeUndefined()
    }
    expect(fast.text()).toBe('One two three four.')
    expect(slow.text()).toBe('One ')
    end()
    await fast.followed
    await socket.drain()
    expect(slow.events.map(({ event }) => event)).toEqual([
      { type: 'text-delta', text: 'One ' },
      { type: 'text-delta', text: 'two three four.' },
    ])
    await socket.drain()
    await slow.followed
  })

  it('pause the turn only while all of them are slow, until one reads on, leaves or joins', async () => {
    const { voice, follow } = start()
    const sockets = [slowSocket(), slowSocket()]
    const callers = sockets.map((socket) => follow(socket))
    const paused = async () => {
      let isOver = false
      const said = Promise.resolve(voice.say('answer', 'word ')).then(() => (isOver = true))
      await vi.advanceTimersByTimeAsync(0)
      return { wasPaused: !isOver, said }
    }
    const first = await paused()
    expect(first.wasPaused).toBe(true)
    await sockets[1]?.drain()
    await first.said
    const second = await paused()
    expect(second.wasPaused).toBe(true)
    const joined = follow()
    await second.said
    joined.hangUp.abort()
    const third = await paused()
    expect(third.wasPaused).toBe(true)
    for (const { hangUp } of callers) hangUp.abort()
    await third.said
    expect((await paused()).wasPaused).toBe(false)
  })

  it('are rejected one by one as they hang up, and the last one is reported', async () => {
    const { follow, comings } = start()
    const [first, second] = [follow(), follow()]
    first.hangUp.abort()
    await expect(first.followed).rejects.toMatchObject({ code: 'caller_gone' })
    expect(comings).toEqual([true, true])
    second.hangUp.abort()
    await expect(second.followed).rejects.toMatchObject({ code: 'caller_gone' })
    expect(comings).toEqual([true, true, false])
  })

  it('are not harmed by one whose socket throws', async () => {
    const { voice, follow, end } = start()
    const broken = follow({
      onEvent: () => {
        throw new Error('broken pipe')
      },
    })
    const sound = follow()
    void voice.say('answer', 'Hello.')
    end()
    await expect(broken.followed).rejects.toThrow('broken pipe')
    await sound.followed
    expect(sound.text()).toBe('Hello.')
  })

  it('are given one word where a turn ended before it said anything', async () => {
    const { follow, end } = start()
    const caller = follow()
    end('aborted', ' ')
    await caller.followed
    expect(caller.text()).toBe(' ')
  })
})

describe('what was sent', () => {
  it('is what the one who got most was given; the rest of an aborted turn was never said', () => {
    const { turn, voice, follow, end } = start()
    const [first, second] = [follow(), follow()]
    void voice.say('answer', 'One ')
    first.hangUp.abort()
    void voice.say('answer', 'two ')
    second.hangUp.abort()
    void voice.say('answer', 'three')
    void voice.call({ id: 'c', name: 'end_call', arguments: '{}' })
    expect(turn.sent).toEqual({ characters: 8, calls: 0, isWhole: false, closedBy: 'caller' })
    end('aborted')
    expect(turn.pieces).toEqual([{ type: 'answer', text: 'One two ' }])
    expect(turn.platformCalls).toEqual([])
  })

  it('is nothing while an answer in one body is being made', () => {
    const { turn, voice, follow, end } = start()
    follow({ streams: false })
    void voice.say('answer', 'One ')
    end('aborted')
    expect(turn.pieces).toEqual([])
  })
})

describe('a turn that was cut short', () => {
  it('says what is left of it to one who comes before its end is told', async () => {
    const { turn, audience, voice, follow, end } = start()
    await voice.say('answer', 'Nobody hears this.')
    endTurn(turn, { status: 'aborted', now: performance.now() })
    const { text, followed } = follow()
    expect(text()).toBe('')
    audience.close('...')
    end('aborted')
    await followed
    expect(text()).toBe('...')
  })
})
