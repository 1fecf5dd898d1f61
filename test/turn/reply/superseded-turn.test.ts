import { describe, expect, it } from 'vitest'
import { user } from '../../support/history.ts'
import { answer, buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { createGate } from '../../support/gate.ts'

const FLOW = { name: 'test', starting_state: 'a', states: { a: {} } }

describe('a turn whose place another one took', () => {
  it('ends its model call also while that waits for a caller who does not read', async () => {
    const begun = createGate()
    const followed = createGate()
    const ended = createGate()
    let hasBegun = false
    const model = createModel(() => ({ text: 'For two.' }))
    const upstream: typeof model = {
      ...model,
      async complete(request, listener) {
        if (hasBegun) return model.complete(request, listener)
        hasBegun = true
        listener.signal.addEventListener('abort', ended.reach)
        await followed.released
        const room = listener.onText('What would you')
        expect(room).toBeInstanceOf(Promise)
        begun.reach()
        await room
        throw new Error('the caller has read after all')
      },
    }
    const engine = buildEngine({ flow: FLOW, upstream })
    const drained = createGate()
    const texts: string[] = []
    const turn = await engine.begin(toRequest([user('I want to book')]))
    const stuck = turn.run({
      signal: new AbortController().signal,
      streams: true,
      onEvent(event) {
        if (event.type === 'text-delta') texts.push(event.text)
        return drained.released
      },
    })
    followed.release()
    await begun.reached
    const next = await answer(engine, toRequest([user('I want to book a table')]))
    expect(next).toMatchObject({ text: 'For two.', facts: { kind: 'revised' } })
    await ended.reached
    drained.release()
    expect(await stuck).toMatchObject({ finishReason: 'stop', isSuperseded: true })
    expect(texts).toEqual(['What would you'])
  })
})
