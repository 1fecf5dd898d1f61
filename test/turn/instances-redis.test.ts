import { expect, it } from 'vitest'
import { toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'
import { ask, eventually } from '../support/instances-caller.ts'
import { createDesk, done, lastMessage } from '../support/instances-desk.ts'
import { startAt } from '../support/instances-stage.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStore, uniquePrefix } from '../support/redis-stores.ts'

const HI = [user('Book ten please')]
const BOOK = { name: 'book', args: { at: 'ten' } }

describeWithRedis('several instances over Redis', (redis) => {
  async function setStage() {
    const desk = createDesk()
    const prefix = uniquePrefix()
    const join = async () => {
      const { store } = await openStore({ url: redis().url, prefix })
      return { store, ...startAt(desk, store) }
    }
    const [one, two, three] = await Promise.all([join(), join(), join()])
    return { ...desk, one, two, three }
  }

  it('answer eight identical requests with the same words, and do what they ask once', async () => {
    const { one, two, three, call, run, calls, runs } = await setStage()
    const members = [one, two, three, one, two, three, one, two]
    const callers = await Promise.all(members.map((member) => ask(member, HI)))
    ;(await call(1)).end(BOOK)
    ;(await run(1)).finish(done('r1'))
    ;(await call(2)).say('It is booked.')
    ;(await call(2)).end()
    for (const caller of callers) {
      expect(await caller.end).toMatchObject({ state: 'booked' })
      expect(caller.text()).toBe('It is booked.')
    }
    expect([calls.length, runs.length]).toEqual([2, 1])
  })

  it('wait for what the caller spoke over elsewhere, and go on from where it leads', async () => {
    const { one, two, call, run } = await setStage()
    const cut = [...HI, assistant('Let me book that'), user('And where are you?')]
    const first = await ask(one, HI)
    ;(await call(1)).say('Let me book that for you now. ')
    ;(await call(1)).end(BOOK)
    const running = await run(1)
    await eventually(async () => (await two.engine.derive(toRequest(cut))).heard === 'partial')
    const second = await ask(two, cut)
    expect(await first.end).toMatchObject({ isSuperseded: true })
    running.finish(done('r1'))
    const model = await call(2)
    expect(model.request.state).toBe('booked')
    model.say('In Oak Street.')
    model.end()
    await second.end
    const next = toRequest([...cut, assistant('In Oak Street.'), user('Thanks')])
    const views = [await one.engine.derive(next), await two.engine.derive(next)]
    expect(views[0]).toMatchObject({ state: 'booked', variables: { ref: 'r1' } })
    expect(views[1]).toEqual(views[0])
  })

  it('do not begin what another one has superseded before it was claimed', async () => {
    const { one, two, call, runs } = await setStage()
    const first = await ask(one, HI)
    const model = await call(1)
    const second = await ask(two, [user('No, nothing')])
    model.end(BOOK)
    expect(await first.end).toMatchObject({ isSuperseded: true })
    ;(await call(2)).say('As you like.')
    ;(await call(2)).end()
    await second.end
    expect(runs).toEqual([])
  })

  it('undo once what one did, whoever sees that nobody wants it', async () => {
    const { one, two, three, call, run, runs } = await setStage()
    const first = await ask(one, HI)
    ;(await call(1)).end({ name: 'hold', args: { at: 'ten' } })
    ;(await run(1)).finish(done('h1'))
    expect(lastMessage(await call(2))).toBe('h1')
    ;(await call(2)).say('It is held.')
    ;(await call(2)).end()
    await first.end
    const second = await ask(two, [user('No, nothing')])
    ;(await call(3)).say('As you like.')
    ;(await call(3)).end()
    await second.end
    const movedOn = [user('No, nothing'), assistant('As you like.'), user('Bye')]
    const callers = await Promise.all([one, two, three].map((member) => ask(member, movedOn)))
    expect(await run(2)).toMatchObject({ tool: 'release', args: { ref: 'h1' } })
    ;(await run(2)).finish(done('released'))
    ;(await call(4)).say('Bye.')
    ;(await call(4)).end()
    for (const caller of callers) {
      await caller.end
      expect(caller.text()).toBe('Bye.')
    }
    expect(runs).toHaveLength(2)
  })

  it('take over from one that has gone', async () => {
    const { one, two, call } = await setStage()
    await ask(one, HI)
    await call(1)
    const again = await ask(two, HI)
    await one.store.close()
    const model = await call(2)
    model.say('Here I am.')
    model.end()
    await again.end
    expect(again.text()).toBe('Here I am.')
  })
})
