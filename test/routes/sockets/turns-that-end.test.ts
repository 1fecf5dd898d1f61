import { describe, expect, test, vi } from 'vitest'
import { TurnstateError, type ErrorCode } from '../../../src/errors.ts'
import type { TurnAnswer } from '../../../src/turn/turn.ts'
import {
  answeringLine,
  slowEngine,
  speakerThat,
  unableEngine,
} from '../../support/answering-line.ts'
import { toRequest } from '../../support/engine.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { createGate } from '../../support/gate.ts'
import { heldTurn } from '../../support/held-turn.ts'

const FIRST = toRequest([{ role: 'user', text: 'One' }])
const SECOND = toRequest([{ role: 'user', text: 'Two' }])

describe('a turn that fails', () => {
  const CODES = {
    invalid_request: ['Sorry.', 'end stop'],
    unauthorized: ['Sorry.', 'end stop'],
    not_found: ['Sorry.', 'end stop'],
    body_too_large: ['Sorry.', 'end stop'],
    overloaded: ['Sorry.', 'end stop'],
    rate_limited: ['Sorry.', 'end stop'],
    draining: [],
    upstream_failed: ['Sorry.', 'end stop'],
    upstream_timeout: ['Sorry.', 'end stop'],
    caller_gone: ['end stop superseded'],
    store_unavailable: ['Sorry.', 'end stop'],
    internal: ['Sorry.', 'end stop'],
  } as const satisfies Record<ErrorCode, readonly string[]>

  test.each(Object.entries(CODES))('with %s is heard', async (code, expected) => {
    const { turns, leave, lines } = answeringLine(unableEngine(code as ErrorCode)) // a key of the table
    const { speaker, said } = speakerThat()
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(expected)
    expect(leave).toHaveBeenCalledTimes(code === 'draining' ? 1 : 0)
    expect(lines.at(-1)?.level).toBe(code === 'internal' ? 'error' : 'warn')
    expect(turns.isAnswering()).toBe(false)
  })

  test('in a way that nobody foresaw is heard, and told whole in the log', async () => {
    const mistake = new Error('a mistake')
    const { turns, lines } = answeringLine(fakeEngine({ run: () => Promise.reject(mistake) }))
    const { speaker, said } = speakerThat()
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(['Sorry.', 'end stop'])
    expect(lines).toContainEqual({
      level: 'error',
      values: { err: mistake },
      message: 'turn failed',
    })
  })

  test('since there are too many is heard', async () => {
    const { turns } = answeringLine(fakeEngine(), { maxConcurrentTurns: 0 })
    const { speaker, said } = speakerThat()
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(['Sorry.', 'end stop'])
  })

  test('to say its end is not ended twice, and the connection is over', async () => {
    const engine = fakeEngine()
    const { turns, leave, lines } = answeringLine(engine)
    const { speaker, said } = speakerThat({ onEnd: () => Promise.reject(new Error('no frame')) })
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(['Hello there.', 'end stop'])
    expect(leave).toHaveBeenCalledOnce()
    expect(lines.at(-1)).toMatchObject({ level: 'error', message: 'an answer could not be ended' })
    expect(engine.delivered).toEqual([])
  })
})

describe('a connection that is over', () => {
  test('while a turn begins says nothing more, and lets the turn know', async () => {
    const run = vi.fn<TurnAnswer['run']>((listener) => {
      expect(listener.signal.aborted).toBe(true)
      return Promise.reject(new TurnstateError('caller_gone', 'Gone.'))
    })
    const { engine, begins } = slowEngine([], run)
    const { turns, gone } = answeringLine(engine)
    const { speaker, said } = speakerThat()
    const answered = turns.answer(FIRST, speaker)
    await vi.waitFor(() => expect(begins).toHaveLength(1))
    gone.abort()
    begins[0]?.release()
    await answered
    expect(run).toHaveBeenCalledOnce()
    expect(said).toEqual([])
  })

  test('while an answer leaves does not count as delivered', async () => {
    const engine = fakeEngine()
    const { turns, gone } = answeringLine(engine)
    const left = createGate()
    const { speaker, said } = speakerThat({ onEnd: () => left.released })
    const answered = turns.answer(FIRST, speaker)
    await vi.waitFor(() => expect(said).toHaveLength(2))
    gone.abort()
    left.release()
    await answered
    expect(engine.delivered).toEqual([])
  })

  test('answers nothing any more', async () => {
    const engine = fakeEngine()
    const { turns, gone } = answeringLine(engine)
    gone.abort()
    await turns.answer(FIRST, speakerThat().speaker)
    expect(engine.requests).toEqual([])
    expect(turns.isAnswering()).toBe(false)
  })
})

describe('a server that stops', () => {
  test('is left at once when nothing is said', () => {
    const { turns, leave } = answeringLine(fakeEngine())
    turns.drain()
    expect(leave).toHaveBeenCalledOnce()
  })

  test('is left when what is being said has been said', async () => {
    const held = heldTurn()
    const { turns, leave } = answeringLine(held.engine)
    const { speaker, said } = speakerThat()
    const answered = turns.answer(FIRST, speaker)
    await held.started
    turns.drain()
    expect(leave).not.toHaveBeenCalled()
    held.release()
    await answered
    expect(said).toEqual(['At last.', 'end stop'])
    expect(leave).toHaveBeenCalledOnce()
  })

  test('is left when the caller speaks over what is being said', async () => {
    const held = heldTurn()
    const { turns, leave } = answeringLine(held.engine)
    const answered = turns.answer(FIRST, speakerThat().speaker)
    await held.started
    turns.drain()
    turns.stop()
    expect(leave).toHaveBeenCalledOnce()
    await answered
    expect(turns.isAnswering()).toBe(false)
  })

  test('begins nothing new', async () => {
    const held = heldTurn()
    const { turns, gate, leave } = answeringLine(held.engine)
    const [old, fresh] = [speakerThat(), speakerThat()]
    const first = turns.answer(FIRST, old.speaker)
    await held.started
    gate.drain()
    turns.drain()
    await turns.answer(SECOND, fresh.speaker)
    await first
    expect(leave).toHaveBeenCalled()
    expect([old.said, fresh.said]).toEqual([[], []])
  })
})

describe('stopping', () => {
  test('silences what is being said, and the next request is answered', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Well' }])
    const { turns, leave } = answeringLine(held.engine)
    const old = speakerThat()
    const first = turns.answer(FIRST, old.speaker)
    await held.started
    turns.stop()
    turns.stop()
    await first
    expect(turns.isAnswering()).toBe(false)
    held.release()
    const fresh = speakerThat()
    await turns.answer(SECOND, fresh.speaker)
    expect(old.said).toEqual(['Well'])
    expect(fresh.said).toEqual(['Well', 'At last.', 'end stop'])
    expect(leave).not.toHaveBeenCalled()
  })
})
