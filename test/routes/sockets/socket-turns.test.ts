import { describe, expect, test, vi } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import type { TurnAnswer } from '../../../src/turn/turn.ts'
import {
  answeringLine,
  slowEngine,
  speakerThat,
  unableEngine,
} from '../../support/answering-line.ts'
import { toRequest } from '../../support/engine.ts'
import { END, fakeEngine } from '../../support/fake-engine.ts'
import { createGate } from '../../support/gate.ts'
import { heldTurn } from '../../support/held-turn.ts'

const FIRST = toRequest([{ role: 'user', text: 'One' }])
const SECOND = toRequest([{ role: 'user', text: 'Two' }])
const THIRD = toRequest([{ role: 'user', text: 'Three' }])

describe('an answer', () => {
  test('is said, ends, and counts as delivered once its end has left', async () => {
    const engine = fakeEngine()
    const { turns } = answeringLine(engine)
    const left = createGate()
    const { speaker, said } = speakerThat({ onEnd: () => left.released })
    const answered = turns.answer(FIRST, speaker)
    await vi.waitFor(() => expect(said).toEqual(['Hello there.', 'end stop']))
    expect(engine.delivered).toEqual([])
    expect(turns.isAnswering()).toBe(true)
    left.release()
    await answered
    expect(engine.delivered).toEqual([FIRST])
    expect(turns.isAnswering()).toBe(false)
  })

  test('holds calls and what the own tools do, in their order', async () => {
    const call = { id: 'c1', name: 'show_map', arguments: '{}' }
    const engine = fakeEngine({
      async run(listener) {
        listener.onServerTool?.({ type: 'call', call })
        await listener.onEvent({ type: 'keep-alive' })
        await listener.onEvent({ type: 'text-delta', text: 'Look.' })
        await listener.onEvent({ type: 'tool-call', call })
        return { ...END, finishReason: 'tool_calls' }
      },
    })
    const { turns } = answeringLine(engine)
    const { speaker, said } = speakerThat()
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(['tool call', 'Look.', 'call show_map', 'end tool_calls'])
  })

  test('pauses the turn for as long as the connection is full', async () => {
    const full = createGate()
    const after = vi.fn()
    const engine = fakeEngine({
      async run(listener) {
        await listener.onEvent({ type: 'text-delta', text: 'One. ' })
        after()
        return END
      },
    })
    const { turns } = answeringLine(engine)
    const { speaker, said } = speakerThat({ onText: () => full.released })
    const answered = turns.answer(FIRST, speaker)
    await vi.waitFor(() => expect(said).toEqual(['One. ']))
    expect(after).not.toHaveBeenCalled()
    full.release()
    await answered
    expect(after).toHaveBeenCalledOnce()
  })

  test('that was superseded elsewhere ends all the same', async () => {
    const { turns } = answeringLine(fakeEngine({ events: [], end: { isSuperseded: true } }))
    const { speaker, said } = speakerThat()
    await turns.answer(FIRST, speaker)
    expect(said).toEqual(['end stop superseded'])
  })

  test('asks that failures be spoken', async () => {
    const run = vi.fn<TurnAnswer['run']>(() => Promise.resolve(END))
    const { turns } = answeringLine(fakeEngine({ run }))
    await turns.answer(FIRST, speakerThat().speaker)
    expect(run.mock.calls[0]?.[0]).toMatchObject({ streams: true, speaksFailures: true })
  })
})

describe('the log line of a turn', () => {
  test('tells whose connection it was', async () => {
    const { turns, lines } = answeringLine(fakeEngine())
    const keyMaterial = { ...FIRST.keyMaterial, platform: 'retell' as const }
    await turns.answer({ ...FIRST, keyMaterial }, speakerThat().speaker)
    expect(lines).toMatchObject([{ message: 'turn ended', values: { platform: 'retell' } }])
  })
})

describe('a newer request', () => {
  test('silences the older one at once, and has an answer of its own', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Well' }])
    const { turns } = answeringLine(held.engine)
    const [old, fresh] = [speakerThat(), speakerThat()]
    const first = turns.answer(FIRST, old.speaker)
    await held.started
    const second = turns.answer(SECOND, fresh.speaker)
    await held.aborted
    held.release()
    await Promise.all([first, second])
    expect(old.said).toEqual(['Well'])
    expect(fresh.said).toEqual(['Well', 'At last.', 'end stop'])
    expect(held.engine.delivered).toEqual([SECOND])
  })

  test('begins after the older one has begun, and those between them never do', async () => {
    const { engine, begins } = slowEngine()
    const { turns } = answeringLine(engine)
    const [old, between, fresh] = [speakerThat(), speakerThat(), speakerThat()]
    const first = turns.answer(FIRST, old.speaker)
    await vi.waitFor(() => expect(begins).toHaveLength(1))
    const all = [first, turns.answer(SECOND, between.speaker), turns.answer(THIRD, fresh.speaker)]
    begins[0]?.release()
    await vi.waitFor(() => expect(begins).toHaveLength(2))
    begins[1]?.release()
    await Promise.all(all)
    expect(engine.requests).toEqual([FIRST, THIRD])
    expect([old.said, between.said]).toEqual([[], []])
    expect(fresh.said).toEqual(['Hello there.', 'end stop'])
  })

  test('begins also when the older one could not', async () => {
    const { engine, begins } = slowEngine([new TurnstateError('store_unavailable', 'Down.')])
    const { turns } = answeringLine(engine)
    const [old, fresh] = [speakerThat(), speakerThat()]
    const first = turns.answer(FIRST, old.speaker)
    await vi.waitFor(() => expect(begins).toHaveLength(1))
    const second = turns.answer(SECOND, fresh.speaker)
    begins[0]?.release()
    await vi.waitFor(() => expect(begins).toHaveLength(2))
    begins[1]?.release()
    await Promise.all([first, second])
    expect(old.said).toEqual([])
    expect(fresh.said).toEqual(['Hello there.', 'end stop'])
  })

  test('takes no place among the turns that run while it waits to begin', async () => {
    const { engine, begins } = slowEngine()
    const { turns, gate } = answeringLine(engine, { maxConcurrentTurns: 2 })
    const { speaker, said } = speakerThat()
    const first = turns.answer(FIRST, speaker)
    await vi.waitFor(() => expect(begins).toHaveLength(1))
    const others = Array.from({ length: 50 }, () => turns.answer(FIRST, speaker))
    await gate.pass(null, () => Promise.resolve())
    begins[0]?.release()
    await vi.waitFor(() => expect(begins).toHaveLength(2))
    begins[1]?.release()
    await Promise.all([first, ...others])
    expect(said).toEqual(['Hello there.', 'end stop'])
  })

  test.each(['onText', 'onEnd'] as const)(
    'silences the older one also while it waits in %s',
    async (place) => {
      const gate = createGate()
      const engine = fakeEngine()
      const { turns } = answeringLine(engine)
      const old = speakerThat({ [place]: () => gate.released })
      const fresh = speakerThat()
      const first = turns.answer(FIRST, old.speaker)
      await vi.waitFor(() => expect(old.said.length).toBe(place === 'onText' ? 1 : 2))
      const before = [...old.said]
      const second = turns.answer(SECOND, fresh.speaker)
      gate.release()
      await Promise.all([first, second])
      expect(old.said).toEqual(before)
      expect(fresh.said).toEqual(['Hello there.', 'end stop'])
      expect(engine.delivered).toEqual([SECOND])
    },
  )

  test('silences also the apology of the older one', async () => {
    const gate = createGate()
    const { turns } = answeringLine(unableEngine('upstream_failed'))
    const old = speakerThat({ onText: () => gate.released })
    const first = turns.answer(FIRST, old.speaker)
    await vi.waitFor(() => expect(old.said).toEqual(['Sorry.']))
    const fresh = speakerThat()
    const second = turns.answer(SECOND, fresh.speaker)
    gate.release()
    await Promise.all([first, second])
    expect(old.said).toEqual(['Sorry.'])
    expect(fresh.said).toEqual(['Sorry.', 'end stop'])
  })
})
