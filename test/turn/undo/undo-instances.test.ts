import { describe, expect, it, vi } from 'vitest'
import { answer, toRequest } from '../../support/engine.ts'
import { createGate } from '../../support/gate.ts'
import { assistant, user } from '../../support/history.ts'
import { createProcessStore } from '../../support/process-shared-store.ts'
import { ASIDE, HELD, HOLD, PRICE, startEngine, systemOf, WISH } from '../shared-engines.ts'

type Desk = ReturnType<typeof startEngine>

const LIMIT = { interval: 5, timeout: 5000 }

/** The second turn has; nobody waited for it any more. */
const hasEnded = async ({ turns }: Desk, end: string) => {
  expect((await turns()).map(({ status }) => status)[1]).toBe(end)
}

/** Silence has decided, and has made the next appointment for what may still be undone. */
async function leftBySilence({ schedule }: Desk) {
  expect(schedule.come()).toBe(true)
  await vi.waitFor(() => expect(schedule.come()).toBe(true), LIMIT)
}

describe('what was told stays when a later request is dropped before it was answered', () => {
  it.each([
    ['that never said a word', 'aborted', 1],
    ['that was whole only after that', 'finished', 2500],
  ] as const)('over an answer %s', async (_, end, attachGraceMs) => {
    const asked = createGate()
    const later = async () => {
      asked.reach()
      await asked.released
      return { text: PRICE }
    }
    const { store } = createProcessStore().join()
    const answers = [HOLD, { text: HELD }, later]
    const desk = startEngine({ store, answers, attachGraceMs })
    expect((await answer(desk.engine, toRequest([WISH]))).text).toContain(HELD)
    const call = new AbortController()
    const dropped = answer(desk.engine, toRequest([ASIDE]), call.signal)
    await asked.reached
    call.abort()
    await expect(dropped).rejects.toMatchObject({ code: 'caller_gone' })
    if (end === 'finished') asked.release()
    await vi.waitFor(() => hasEnded(desk, end), LIMIT)
    asked.release()
    await leftBySilence(desk)
    expect(await desk.undos()).toEqual(['due'])
  })

  it('at another instance, while the first one was still answering', async () => {
    const shared = createProcessStore()
    const asked = createGate()
    const second = async () => {
      asked.reach()
      await asked.released
      return { text: HELD }
    }
    const one = startEngine({ store: shared.join().store, answers: [HOLD, second] })
    const two = startEngine({ store: shared.join().store })
    const told = answer(one.engine, toRequest([WISH]))
    await asked.reached
    const call = new AbortController()
    const again = await two.engine.begin(toRequest([WISH]))
    call.abort()
    const dropped = again.run({ signal: call.signal, streams: true, onEvent: () => undefined })
    await expect(dropped).rejects.toMatchObject({ code: 'caller_gone' })
    await vi.waitFor(() => hasEnded(two, 'aborted'), LIMIT)
    asked.release()
    expect((await told).text).toContain(HELD)
    await vi.waitFor(async () => expect((await two.turns())[0]?.status).toBe('finished'), LIMIT)
    await leftBySilence(one)
    expect(await one.undos()).toEqual(['due'])
  })
})

it('what nobody heard is undone although the store was away as it was wished for again', async () => {
  const instance = createProcessStore().join()
  const away = () => {
    instance.setUp(false)
    return HOLD
  }
  const back = () => {
    instance.setUp(true)
    return { text: PRICE }
  }
  const answers = [HOLD, { text: HELD }, away, back, { text: 'Bye.' }]
  const { engine, model, ...desk } = startEngine({ store: instance.store, answers })
  await answer(engine, toRequest([WISH]))
  const { text } = await answer(engine, toRequest([ASIDE]))
  expect(text).toContain(PRICE)
  expect(JSON.stringify(model.requests[3]?.messages.at(-1))).toContain('cannot be reached')
  await answer(engine, toRequest([ASIDE, assistant(text), user('Never mind.')]))
  await engine.idle()
  expect((await desk.undos())[0]).toBe('ok')
  expect(systemOf(model, 5)).toContain('and being undone: hold(')
})
