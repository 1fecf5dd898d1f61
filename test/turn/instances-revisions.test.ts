import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'
import { ask, eventually } from '../support/instances-caller.ts'
import {
  done,
  lastMessage,
  systemOf,
  type Desk,
  type ModelCall,
} from '../support/instances-desk.ts'
import { ID, setStage, startAt, type Member } from '../support/instances-stage.ts'
import { SETTLE_MS } from '../support/instances.ts'

const HI = [user('Book ten please')]
const LONGER = [user('Book ten please for two')]
const OTHER = [user('No, cancel that')]
const BOOK = { name: 'book', args: { at: 'ten' } }
const RESERVE = { name: 'reserve', args: { at: 'ten' } }
const HOLD = { name: 'hold', args: { at: 'ten' } }

/** What it says of a history is known to all instances. */
async function seen(
  { engine }: Pick<Member, 'engine'>,
  messages: typeof HI,
  heard: 'partial' | 'full',
): Promise<void> {
  await eventually(async () => (await engine.derive(toRequest(messages))).heard === heard)
}

describe('a revision that comes to another instance', () => {
  it('ends the model call of the first one, whose caller gets a clean end', async () => {
    const { one, two, call } = setStage()
    const first = await ask(one, HI)
    const old = await call(1)
    old.say('Which ')
    const second = await ask(two, LONGER)
    expect(second.facts.kind).toBe('revised')
    expect(await first.end).toMatchObject({ finishReason: 'stop', isSuperseded: true })
    expect(old.isOpen()).toBe(false)
    const model = await call(2)
    expect(model.by).toBe('two')
    model.say('For two.')
    model.end()
    await second.end
    expect(second.text()).toBe('For two.')
  })

  it('ends it for those as well who wait for it elsewhere', async () => {
    const { one, two, three, call, calls } = setStage()
    const old = [await ask(one, HI), await ask(two, HI)]
    await call(1)
    const second = await ask(three, LONGER)
    for (const caller of old) {
      expect(await caller.end).toMatchObject({ finishReason: 'stop', isSuperseded: true })
      expect(caller.text()).not.toBe('')
    }
    ;(await call(2)).say('For two.')
    ;(await call(2)).end()
    await second.end
    expect([second.text(), calls.length]).toEqual(['For two.', 2])
  })

  it('cancels a write that has not settled', async () => {
    const { one, two, call, runs } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).end(RESERVE)
    // By then the write waits.
    await delay(SETTLE_MS / 5)
    const second = await ask(two, OTHER)
    await first.end
    for (let time = 0; time < 8; time++) await delay(SETTLE_MS / 5)
    expect(runs).toEqual([])
    const model = await call(2)
    expect(systemOf(model)).toBe('')
    model.say('Nothing is booked.')
    model.end()
    await second.end
    const next = [...OTHER, assistant('Nothing is booked.'), user('Fine')]
    const third = await ask(one, next)
    expect(systemOf(await call(3))).toBe('')
    ;(await call(3)).say('Bye.')
    ;(await call(3)).end()
    await third.end
  })

  it('lets a claimed write go on, is told of it, and waits for it when it wishes the same', async () => {
    const { one, two, call, run, runs } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).end(BOOK)
    await run(1)
    const second = await ask(two, LONGER)
    await first.end
    const model = await call(2)
    expect(systemOf(model)).toContain('Being done right now, not yet told to the caller: book')
    model.end(BOOK)
    ;(await run(1)).finish(done('r1'))
    const told = await call(3)
    expect(lastMessage(told)).toBe('r1')
    told.say('It is booked.')
    told.end()
    expect(await second.end).toMatchObject({ state: 'booked' })
    expect(runs).toHaveLength(1)
  })

  it('is told of what was done, at the first instance again as well', async () => {
    const { one, two, call, run, runs } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).end(BOOK)
    ;(await run(1)).finish(done('r1'))
    ;(await call(2)).say('It is booked.')
    ;(await call(2)).end()
    await first.end
    const NOTE = 'Already done, not yet told to the caller: book({"at":"ten"})'
    const second = await ask(two, OTHER)
    expect(systemOf(await call(3))).toContain(NOTE)
    ;(await call(3)).say('Well.')
    ;(await call(3)).end()
    await second.end
    const third = await ask(one, [...OTHER, assistant('Well.'), user('So book it')])
    expect(systemOf(await call(4))).toContain(NOTE)
    ;(await call(4)).end({ ...BOOK, name: 'book' })
    expect(lastMessage(await call(5))).toBe('r1')
    ;(await call(5)).say('It is booked.')
    ;(await call(5)).end()
    await third.end
    expect(runs).toHaveLength(1)
  })
})

describe('a caller who speaks over an answer, and is heard by another instance', () => {
  const CUT = [...HI, assistant('Let me book that'), user('And where are you?')]

  it('is answered once the write is over, from where its result leads', async () => {
    const { one, two, call, run, calls } = setStage()
    const first = await ask(one, HI)
    ;(await call(1)).say('Let me book that for you now. ')
    ;(await call(1)).end(BOOK)
    await run(1)
    await seen(two, CUT, 'partial')
    const second = await ask(two, CUT)
    expect(second.facts).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial' })
    expect(await first.end).toMatchObject({ isSuperseded: true })
    for (let time = 0; time < 4; time++) await delay(40)
    expect(calls).toHaveLength(1)
    ;(await run(1)).finish(done('r1'))
    const model = await call(2)
    expect(model.request.state).toBe('booked')
    model.say('In Oak Street.')
    model.end()
    expect(await second.end).toMatchObject({ state: 'booked' })
    const next = toRequest([...CUT, assistant('In Oak Street.'), user('Thanks')])
    const views = [await one.engine.derive(next), await two.engine.derive(next)]
    expect(views[0]).toMatchObject({ state: 'booked', variables: { ref: 'r1' } })
    expect(views[1]).toEqual(views[0])
  })

  it('is answered at once where the write had not been claimed, and it never is', async () => {
    const { one, two, call, runs } = setStage()
    await ask(one, HI)
    ;(await call(1)).say('Let me book that for you now. ')
    ;(await call(1)).end(RESERVE)
    await seen(two, CUT, 'partial')
    const second = await ask(two, CUT)
    const model = await call(2)
    for (let time = 0; time < 8; time++) await delay(SETTLE_MS / 5)
    expect(runs).toEqual([])
    model.say('In Oak Street.')
    model.end()
    expect(await second.end).toMatchObject({ state: 'open' })
  })

  it('is answered where the instance that ran the write has died over it', async () => {
    const { one, two, call, run, runs } = setStage()
    await ask(one, HI)
    ;(await call(1)).say('Let me book that for you now. ')
    ;(await call(1)).end(BOOK)
    await run(1)
    await seen(two, CUT, 'partial')
    const second = await ask(two, CUT)
    one.kill()
    // What its owner cannot write down any more is waited for.
    const model = await call(2)
    expect(model.request.state).toBe('open')
    expect(systemOf(model)).toContain('not known whether it was done')
    model.say('I am not sure that it is booked.')
    model.end()
    await second.end
    expect(runs).toHaveLength(1)
  })
})

describe('a write of an instance that died before it could say what it led to', () => {
  const CUT = [...HI, assistant('Let me book that'), user('So is it booked?')]

  it('is told as done where that was recorded, and not done again in the next exchange', async () => {
    const { shared, two, ...desk } = setStage()
    const { call, run, runs } = desk
    const link = shared.join('dying')
    const dying = startAt(desk, {
      ...link.store,
      async finishClaim(...claim) {
        await link.store.finishClaim(...claim)
        link.kill()
      },
    })
    await ask(dying, HI)
    ;(await call(1)).say('Let me book that for you now. ')
    ;(await call(1)).end(BOOK)
    await seen(two, CUT, 'partial')
    ;(await run(1)).finish(done('r1'))
    const next = await ask(two, CUT)
    const model = await arrivedBy('two', desk)
    expect(systemOf(model)).toContain('Already done, not yet told to the caller: book')
    model.end(BOOK)
    await eventually(() => desk.calls.filter(({ by }) => by === 'two').length === 2)
    const told = desk.calls.findLast(({ by }) => by === 'two')
    expect(told && lastMessage(told)).toBe('r1')
    told?.say('Yes, it is booked.')
    told?.end()
    expect(await next.end).toMatchObject({ state: 'booked' })
    expect(runs).toHaveLength(1)
  })
})

/** The first model call of an instance. */
async function arrivedBy(instance: string, { calls }: Pick<Desk, 'calls'>): Promise<ModelCall> {
  await eventually(() => calls.some(({ by }) => by === instance))
  const call = calls.find(({ by }) => by === instance)
  if (!call) throw new Error('it is gone')
  return call
}

describe('what was done and never told', () => {
  async function heldAt({ one, call, run }: ReturnType<typeof setStage>) {
    const first = await ask(one, HI)
    ;(await call(1)).end(HOLD)
    ;(await run(1)).finish(done('h1'))
    ;(await call(2)).say('It is held.')
    ;(await call(2)).end()
    await first.end
  }
  const MOVED_ON = [...OTHER, assistant('As you like.'), user('Bye')]

  it('is undone once where both instances see that nobody wants it', async () => {
    const stage = setStage()
    const { one, two, three, call, run, runs } = stage
    await heldAt(stage)
    const second = await ask(two, OTHER)
    ;(await call(3)).say('As you like.')
    ;(await call(3)).end()
    await second.end
    const callers = await Promise.all([ask(two, MOVED_ON), ask(one, MOVED_ON)])
    callers.push(await ask(three, MOVED_ON))
    expect(await run(2)).toMatchObject({ tool: 'release', args: { ref: 'h1' } })
    ;(await run(2)).finish(done('released'))
    ;(await call(4)).say('Bye.')
    ;(await call(4)).end()
    for (const caller of callers) await caller.end
    const last = [...MOVED_ON, assistant('Bye.'), user('Bye bye')]
    for (const member of [one, two, three]) {
      await eventually(async () => {
        const turns = (await member.journals.peek(ID))?.turns ?? []
        return turns.some(({ effects }) => effects.some(({ undo }) => undo?.status === 'ok'))
      })
      const caller = await ask(member, last)
      caller.hangUp()
    }
    expect(runs).toHaveLength(2)
  })

  it('is done anew by one that wishes for it while another one undoes it', async () => {
    const stage = setStage()
    const { one, two, call, run, runs } = stage
    await heldAt(stage)
    const second = await ask(two, OTHER)
    ;(await call(3)).say('As you like.')
    ;(await call(3)).end()
    await second.end
    const third = await ask(two, MOVED_ON)
    expect((await run(2)).by).toBe('two')
    await call(4)
    const again = await ask(one, [...OTHER, assistant('As you like.'), user('Hold it after all')])
    const model = await call(5)
    expect(systemOf(model)).toContain('being undone')
    model.end(HOLD)
    for (let time = 0; time < 4; time++) await delay(40)
    expect(runs).toHaveLength(2)
    ;(await run(2)).finish(done('released'))
    expect(await run(3)).toMatchObject({ tool: 'hold', by: 'one' })
    ;(await run(3)).finish(done('h2'))
    expect(lastMessage(await call(6))).toBe('h2')
    ;(await call(6)).say('It is held.')
    ;(await call(6)).end()
    await Promise.all([third.end, again.end])
    expect(new Set(runs.map(({ key }) => key)).size).toBe(3)
  })

  it('is undone by another instance after silence, though the one that did it is gone', async () => {
    const stage = setStage({ settings: { undoAfterMs: 300 } })
    const { one, two, call, run, runs } = stage
    await heldAt(stage)
    const second = await ask(one, OTHER)
    ;(await call(3)).say('As you like.')
    ;(await call(3)).end()
    await second.end
    one.kill()
    const undo = await run(2)
    expect(undo.tool).toBe('release')
    expect(undo.by).not.toBe('one')
    ;(await run(2)).finish(done('released'))
    await eventually(async () => {
      const turns = (await two.journals.peek(ID))?.turns ?? []
      return turns.some(({ effects }) => effects.some(({ undo }) => undo?.status === 'ok'))
    })
    expect(runs).toHaveLength(2)
  })
})
