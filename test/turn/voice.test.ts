import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TurnEvent } from '../../src/turn/turn.ts'
import { createVoice } from '../../src/turn/voice.ts'
import { user } from '../support/history.ts'
import { createTalk } from '../support/talk.ts'

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

function start({ streams = true, onEvent }: Caller = {}) {
  const turn = createTalk().ask([user('Hi')], '', { status: 'running' })
  turn.pieces.length = 0
  const events: { readonly event: TurnEvent; readonly at: number }[] = []
  const hangUp = new AbortController()
  const startedAt = performance.now()
  const listener = {
    signal: hangUp.signal,
    streams,
    onEvent: (event: TurnEvent) => {
      events.push({ event, at: performance.now() - startedAt })
      return onEvent?.()
    },
  }
  const voice = createVoice(turn, listener, () => performance.now())
  return { voice, turn, events, hangUp }
}

describe('while nothing can be said', () => {
  it('a sign of life goes out at least every 1.5 s, until the turn stops', () => {
    const { voice, events } = start()
    vi.advanceTimersByTime(10_000)
    const times = [0, ...events.map(({ at }) => at)]
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(events.every(({ event }) => event.type === 'keep-alive')).toBe(true)
    expect(Math.max(...gaps, 10_000 - (times.at(-1) ?? 0))).toBeLessThanOrEqual(1500)
    voice.stop()
    const count = events.length
    vi.advanceTimersByTime(10_000)
    expect(events).toHaveLength(count)
  })

  it('words put the next one off', () => {
    const { voice, events } = start()
    for (let step = 0; step < 10; step++) {
      vi.advanceTimersByTime(900)
      void voice.say('answer', 'word ')
    }
    voice.stop()
    expect(events.map(({ event }) => event.type)).toEqual(Array(10).fill('text-delta'))
  })

  it('none goes to a socket that is full, to a caller who is gone, or into one body', async () => {
    let drain: () => void = () => undefined
    const full = start({ onEvent: () => new Promise<void>((resolve) => (drain = resolve)) })
    void full.voice.say('answer', 'Hello')
    vi.advanceTimersByTime(5000)
    expect(full.events).toHaveLength(1)
    drain()
    await Promise.resolve()
    await Promise.resolve()
    vi.advanceTimersByTime(1500)
    expect(full.events).toHaveLength(2)
    const gone = start()
    gone.hangUp.abort()
    const body = start({ streams: false })
    vi.advanceTimersByTime(5000)
    expect([...gone.events, ...body.events]).toEqual([])
    for (const { voice } of [full, gone, body]) voice.stop()
  })
})

describe('what was said', () => {
  it('is journalled, with a space between sentences and none where there is one', () => {
    const { voice, turn } = start()
    voice.startSentence()
    for (const text of ['Let me look.', 'Here it is. ', 'Anything else?']) {
      void voice.say('answer', text)
      voice.startSentence()
    }
    voice.stop()
    expect(turn.pieces).toEqual([
      { type: 'answer', text: 'Let me look. Here it is. Anything else?' },
    ])
  })

  it('does not begin with white space alone', () => {
    const { voice, turn, events } = start()
    void voice.say('answer', ' \n')
    voice.stop()
    expect(events).toEqual([])
    expect(turn.pieces).toEqual([])
    expect(voice.hasSpoken()).toBe(false)
  })
})
