import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'
import { ask, eventually } from '../support/instances-caller.ts'
import { done, lastMessage } from '../support/instances-desk.ts'
import { ID, setStage } from '../support/instances-stage.ts'

const HI = [user('Book ten please')]
const BOOK = { name: 'book', args: { at: 'ten' } }
const NO_RECORDS = 'records that keep things from being done twice'

describe('while the store is away', () => {
  it('a request is answered at each instance by itself, and nothing is done', async () => {
    const { one, two, shared, call, runs } = setStage()
    shared.setUp(false)
    for (const [index, member] of [one, two].entries()) {
      const caller = await ask(member, HI)
      ;(await call(2 * index + 1)).end(BOOK)
      const told = await call(2 * index + 2)
      expect(lastMessage(told)).toContain(NO_RECORDS)
      told.say('I cannot do that just now.')
      told.end()
      expect(await caller.end).toMatchObject({ finishReason: 'stop' })
      expect(caller.text()).toBe('I cannot do that just now.')
    }
    expect(runs).toEqual([])
  })

  it('a write that was called after it went is not begun, and is once it is back', async () => {
    const { one, two, shared, call, run, runs } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    shared.setUp(false)
    model.end(BOOK)
    const told = await call(2)
    expect(lastMessage(told)).toContain(NO_RECORDS)
    told.say('I cannot do that just now.')
    told.end()
    await first.end
    shared.setUp(true)
    const again = [...HI, assistant('I cannot do that just now.'), user('Try again')]
    await eventually(async () => (await two.engine.derive(toRequest(again))).heard === 'full')
    const second = await ask(two, again)
    ;(await call(3)).end(BOOK)
    ;(await run(1)).finish(done('r1'))
    expect(lastMessage(await call(4))).toBe('r1')
    ;(await call(4)).say('It is booked.')
    ;(await call(4)).end()
    expect(await second.end).toMatchObject({ state: 'booked' })
    expect(runs).toHaveLength(1)
  })

  it('what is under way is told as done, and a retry elsewhere does not repeat it', async () => {
    const { one, two, shared, call, run, runs } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).end(BOOK)
    const running = await run(1)
    shared.setUp(false)
    running.finish(done('r1'))
    expect(lastMessage(await call(2))).toBe('r1')
    ;(await call(2)).say('It is booked.')
    ;(await call(2)).end()
    await first.end
    shared.setUp(true)
    const again = await ask(two, HI)
    await again.end
    expect(again.text()).toBe('It is booked.')
    expect(runs).toHaveLength(1)
  })

  it('one that waits for another instance takes over after a while, and changes nothing', async () => {
    const { one, two, shared, call, runs } = setStage({ settings: { turnTimeoutMs: 20_000 } })
    const first = await ask(one, HI)
    await call(1)
    const again = await ask(two, HI)
    two.setUp(false)
    const model = await call(2)
    expect(model.by).toBe('two')
    model.end(BOOK)
    const told = await call(3)
    expect(lastMessage(told)).toContain(NO_RECORDS)
    told.say('I cannot do that just now.')
    told.end()
    await again.end
    expect(again.text()).toBe('I cannot do that just now.')
    shared.setUp(true)
    first.hangUp()
    expect(runs).toEqual([])
  })
})

describe('after the store was away', () => {
  it('one that waits still gets the words that the other instance said meanwhile', async () => {
    const { one, two, shared, call, calls } = setStage()
    const first = await ask(one, HI)
    const again = await ask(two, HI)
    const model = await call(1)
    shared.setUp(false)
    model.say('Said in the meantime.')
    model.end()
    await first.end
    shared.setUp(true)
    await again.end
    expect(again.text()).toBe('Said in the meantime.')
    expect(calls).toHaveLength(1)
  })

  it('a retry does not wait for a turn that was decided on in vain', async () => {
    const { one, two, call, shared } = setStage()
    // It stands in the record, and who wrote it never heard of that.
    two.loseReplies(1)
    const lost = await ask(two, HI)
    expect(Object.keys(shared.fieldsOf(ID))).toContain('t:1')
    ;(await call(1)).say('Hello.')
    ;(await call(1)).end()
    await lost.end
    const again = await ask(one, HI)
    const model = await call(2)
    expect(model.by).toBe('one')
    model.say('Hello again.')
    model.end()
    await again.end
    expect(again.text()).toBe('Hello again.')
  })

  it('a retry does not wait for a turn that ended while it was away', async () => {
    const { one, two, shared, call } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    shared.setUp(false)
    first.hangUp()
    await eventually(() => !model.isOpen())
    shared.setUp(true)
    const again = await ask(two, HI)
    const anew = await call(2)
    anew.say('Hello.')
    anew.end()
    await again.end
    expect(again.text()).toBe('Hello.')
  })

  it('a revision that could not be seen ends the turn, and its write is not begun', async () => {
    const { one, two, call, runs } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    one.setUp(false)
    const second = await ask(two, [user('No, nothing')])
    ;(await call(2)).say('As you like.')
    ;(await call(2)).end()
    await second.end
    one.setUp(true)
    model.end(BOOK)
    expect(await first.end).toMatchObject({ finishReason: 'stop' })
    for (let time = 0; time < 3; time++) await delay(40)
    expect(runs).toEqual([])
  })

  it('one that waits finds its turn again where the store has lost everything', async () => {
    const { one, two, shared, call, calls } = setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    const again = await ask(two, HI)
    shared.wipe()
    await eventually(() => Object.keys(shared.fieldsOf(ID)).length > 0)
    model.say('Still here.')
    model.end()
    await Promise.all([first.end, again.end])
    expect(again.text()).toBe('Still here.')
    expect(calls).toHaveLength(1)
  })
})
