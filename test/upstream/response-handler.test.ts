import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { receiveCompletion } from '../../src/upstream/response-handler.ts'
import type { Outcome } from '../../src/upstream/response-handler.ts'
import type { RequestSink } from '../../src/upstream/send-request.ts'
import { toEvents } from '../support/upstream-server.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

interface Received {
  readonly sink: RequestSink
  readonly outcomes: readonly Outcome[]
}

function receive(onText: () => void | Promise<void>): Received {
  const sinks: RequestSink[] = []
  const outcomes: Outcome[] = []
  const nothing = () => undefined
  receiveCompletion({
    send: (sink) => {
      sinks.push(sink)
      return { pause: nothing, resume: nothing, abort: nothing }
    },
    listener: { signal: new AbortController().signal, onText },
    limits: { firstTokenMs: 100, idleMs: 200, totalMs: 10_000 },
    stripThink: false,
    onFirstToken: nothing,
    onOutcome: (outcome) => void outcomes.push(outcome),
    onRefusal: nothing,
  })
  const [sink] = sinks
  if (sink === undefined) throw new Error('nothing was sent')
  sink.onHead({ status: 200, headers: {}, isFramed: true })
  return { sink, outcomes }
}

it('gives an upstream its whole time again after the listener kept it waiting', async () => {
  let takeIt: () => void = () => undefined
  const { sink, outcomes } = receive(() => new Promise<void>((resolve) => (takeIt = resolve)))
  const [first = '', ...rest] = toEvents({ say: 'Half a sentence.' })
  sink.onData(Buffer.from(first))
  const [second = ''] = rest
  sink.onData(Buffer.from(second))
  await Promise.resolve()
  vi.advanceTimersByTime(190)
  takeIt()
  await Promise.resolve()
  vi.advanceTimersByTime(190)
  expect(outcomes).toEqual([])
  vi.advanceTimersByTime(10)
  expect(outcomes).toMatchObject([{ type: 'failed', reason: 'idle_timeout' }])
})

it('does not wait longer for what may follow an answer because the listener was slow', async () => {
  let takeIt: () => void = () => undefined
  const { sink, outcomes } = receive(() => new Promise<void>((resolve) => (takeIt = resolve)))
  const events = toEvents({ say: 'Yes.' }).filter((event) => !event.includes('[DONE]'))
  sink.onData(Buffer.from(events.join('')))
  await Promise.resolve()
  vi.advanceTimersByTime(990)
  takeIt()
  await Promise.resolve()
  expect(outcomes).toEqual([])
  vi.advanceTimersByTime(10)
  expect(outcomes).toMatchObject([{ type: 'completed', completion: { text: 'Yes.' } }])
  sink.onEnd()
})
