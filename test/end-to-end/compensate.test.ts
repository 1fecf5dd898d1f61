import { describe, expect, it, vi } from 'vitest'
import { startEffectDesk, writing } from '../support/effect-desk.ts'
import { createGate } from '../support/gate.ts'
import { createHandSchedule, startTimedDesk } from '../support/timed-desk.ts'
import { createMemorySchedule } from '../../src/turn/undo/undo-schedule.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const BOOK = { name: 'book', arguments: { at: 'ten' } }
const WISH = user('Book ten, please.')
const DONE = 'It is booked for ten.'
const ASIDE = user('Book ten, please. And what does it cost?')
const PRICE = 'It costs forty euros.'
/** The history once the answer to the revised wish was heard. */
const HEARD = [ASIDE, assistant(PRICE), user('Thanks.')]
const NOTE = 'Already done, not yet told to the caller'

type Options = Partial<Omit<Parameters<typeof startTimedDesk>[0], 'tools'>>

/** A desk that books what it can cancel again, and a clock for those who have hung up. */
async function startBooking(options: Options = {}) {
  const schedule = createHandSchedule()
  const desk = await startTimedDesk({
    tools: (at) => ({
      book: writing(at, 'book', {
        settle_ms: 0,
        compensate: { tool: 'cancel', arguments: { id: '{{result.id}}', at: '{{at}}' } },
        parameters: { type: 'object', properties: { at: { type: 'string' } } },
      }),
      cancel: writing(at, 'cancel', { timeout_ms: 2000 }),
    }),
    flow: { general_tools: ['book'] },
    schedule,
    ...options,
  })
  desk.webhooks.set('/book', { value: { id: 'b1' } })
  const booked = () => desk.webhooks.calls('/book').length
  const undone = () => desk.webhooks.calls('/cancel').length
  return { ...desk, schedule, booked, undone }
}

type Desk = Awaited<ReturnType<typeof startBooking>>

/** Booked; then the caller goes on, and the answer to all of it is another one. */
async function revised({ upstream, turn }: Desk) {
  upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: PRICE })
  await turn([WISH])
  expect(await turn([ASIDE])).toMatchObject({ kind: 'revised', text: PRICE })
}

/** The next request: nothing is called in it. */
async function next({ upstream, turn }: Desk, messages: readonly object[] = HEARD) {
  upstream.reply({ say: 'You are welcome.' })
  return turn(messages)
}

const ranUndo = ({ logged }: Pick<Desk, 'logged'>) =>
  vi.waitFor(() => expect(logged).toContain('undo ran'), { interval: 5, timeout: 5000 })

/** Long enough for whatever is on its way on loopback to arrive. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('what was done for an answer that nobody heard', () => {
  it('stays when the model calls for it again, and is told', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { calls: [BOOK] }, { say: 'All done.' })
    await desk.turn([WISH])
    expect(await desk.turn([ASIDE])).toMatchObject({ text: 'All done.' })
    expect(await desk.systemOf(3)).toContain(`${NOTE}: book({"at":"ten"})`)
    expect(await desk.systemOf(3)).toContain('If you do not, it will be undone.')
    const told = [ASIDE, assistant('All done.'), user('Thanks.')]
    await next(desk, told)
    expect(await desk.systemOf(5)).not.toContain('book(')
    await next(desk, [...told, assistant('You are welcome.'), user('Bye.')])
    desk.schedule.come()
    await aWhile()
    expect([desk.booked(), desk.undone()]).toEqual([1, 0])
  })

  it('is undone once the other answer is heard', async () => {
    const desk = await startBooking()
    await revised(desk)
    expect(desk.undone()).toBe(0)
    await next(desk)
    const undo = await desk.webhooks.received('/cancel')
    expect(undo.body).toEqual({ id: 'b1', at: 'ten' })
    expect(undo.key).toMatch(/\S/)
    expect(undo.key).not.toBe(desk.webhooks.calls('/book')[0]?.key)
    await ranUndo(desk)
    await next(desk, [...HEARD, assistant('You are welcome.'), user('Bye.')])
    expect(await desk.systemOf(5)).not.toContain('book(')
    desk.schedule.come()
    await aWhile()
    expect([desk.booked(), desk.undone()]).toEqual([1, 1])
  })

  it('is told to be under way while it is being undone', async () => {
    const desk = await startBooking()
    desk.webhooks.set('/cancel', { fault: 'hold' })
    await revised(desk)
    await next(desk)
    const undo = await desk.webhooks.received('/cancel')
    expect(await desk.systemOf(4)).toContain(`${NOTE}, and being undone: book(`)
    undo.answer()
    await ranUndo(desk)
  })

  it('is done again, under another key, when it was undone and the wish comes back', async () => {
    const desk = await startBooking()
    await revised(desk)
    await next(desk)
    await ranUndo(desk)
    const back = [...HEARD, assistant('You are welcome.'), user('Book ten after all.')]
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn(back)
    const keys = desk.webhooks.calls('/book').map(({ key }) => key)
    expect(new Set(keys).size).toBe(2)
    expect(keys).toHaveLength(2)
    // That one is told, and stays.
    await next(desk, [...back, assistant(DONE), user('Bye.')])
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(1)
  })

  it('is done again in the same exchange, under another key', async () => {
    const desk = await startBooking()
    await revised(desk)
    await next(desk)
    await ranUndo(desk)
    // The platform merges it all: exchange 1 is open again.
    const merged = user('Book ten, please. And what does it cost? Thanks. Book it anyway.')
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn([merged])
    const keys = desk.webhooks.calls('/book').map(({ key }) => key)
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(2)
  })

  it('waits for the undo to end before it is done again', async () => {
    const desk = await startBooking()
    desk.webhooks.set('/cancel', { fault: 'hold' })
    await revised(desk)
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    const asked = desk.turn([ASIDE, assistant(PRICE), user('Book ten after all.')])
    const undo = await desk.webhooks.received('/cancel')
    await desk.upstream.received(4)
    await aWhile()
    expect(desk.booked()).toBe(1)
    undo.answer()
    await asked
    expect(desk.booked()).toBe(2)
    expect(new Set(desk.webhooks.calls('/book').map(({ key }) => key)).size).toBe(2)
  })

  it('is told to be there still where it could not be undone', async () => {
    const desk = await startBooking()
    desk.webhooks.set('/cancel', { status: 409 })
    await revised(desk)
    await next(desk)
    await ranUndo(desk)
    await next(desk, [...HEARD, assistant('You are welcome.'), user('Bye.')])
    expect(await desk.systemOf(5)).toContain(`${NOTE}, and it could not be undone: book(`)
    expect(desk.undone()).toBe(1)
    // Called for again, it is answered with what is there.
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn([...HEARD, assistant('You are welcome.'), user('Book ten after all.')])
    expect([desk.booked(), desk.undone()]).toEqual([1, 1])
  })

  it('is not undone after a reply that the platform shows in words of its own', async () => {
    const desk = await startBooking()
    await revised(desk)
    await next(desk, [ASIDE, assistant('Hmm, let us see now.'), user('Thanks.')])
    await aWhile()
    expect(desk.undone()).toBe(0)
    expect(await desk.systemOf(4)).toContain(NOTE)
  })

  it('is not undone while the answer in its stead is not heard, however often it is asked for', async () => {
    const desk = await startBooking()
    await revised(desk)
    await desk.turn([ASIDE])
    await next(desk, [user('Book ten, please. And what does it cost? Hello?')])
    await aWhile()
    expect(desk.undone()).toBe(0)
  })

  it('is undone once, however many requests decide it at once', async () => {
    const desk = await startBooking()
    await revised(desk)
    desk.upstream.always({ say: 'You are welcome.' })
    const asked = Array.from({ length: 8 }, (_, index) =>
      desk.turn([ASIDE, assistant(PRICE), user(`Thanks${'.'.repeat(index)} number ${index}`)]),
    )
    desk.schedule.come()
    await Promise.all(asked)
    await ranUndo(desk)
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(1)
  })
})

describe('an undo that cannot reach the other side', () => {
  it('is tried again after a while', async () => {
    const desk = await startTimedDesk({
      tools: (at) => ({
        book: writing(at, 'book', { settle_ms: 0, compensate: { tool: 'cancel' } }),
        // A port that nobody listens on, at first.
        cancel: { type: 'webhook', url: 'http://127.0.0.1:9/cancel', timeout_ms: 1000 },
      }),
      flow: { general_tools: ['book'] },
      schedule: createMemorySchedule(),
      undoAfterMs: 30,
    })
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: PRICE }, { say: 'Welcome.' })
    await desk.turn([WISH])
    await desk.turn([ASIDE])
    await desk.turn(HEARD)
    await vi.waitFor(
      () =>
        expect(
          desk.logged.filter((message) => message === 'webhook failed').length,
        ).toBeGreaterThan(1),
      { interval: 5, timeout: 5000 },
    )
    expect(desk.logged).not.toContain('undo ran')
    desk.upstream.reply({ say: 'Bye.' })
    await desk.turn([...HEARD, assistant('Welcome.'), user('Bye.')])
    expect(await desk.systemOf(5)).toContain(NOTE)
  })
})

describe('a caller who hangs up', () => {
  it('after other words: it is undone after a while', async () => {
    const desk = await startBooking({ undoAfterMs: 30, schedule: createMemorySchedule() })
    await revised(desk)
    await desk.webhooks.received('/cancel')
    await ranUndo(desk)
    expect([desk.booked(), desk.undone()]).toEqual([1, 1])
  })

  it('after the booking: it stays', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn([WISH])
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(0)
  })

  it('after an answer that called for it again: it stays', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { calls: [BOOK] }, { say: DONE })
    await desk.turn([WISH])
    await desk.turn([ASIDE])
    desk.schedule.come()
    await aWhile()
    expect([desk.booked(), desk.undone()]).toEqual([1, 0])
  })

  it('after a silence and half a sentence: the last words count', async () => {
    const desk = await startBooking()
    const hi = [user('Hi.'), assistant('Hello, how can I help you?')]
    desk.upstream.reply({ say: 'Hello, how can I help you?' }, { calls: [BOOK] }, { say: DONE })
    await desk.turn([user('Hi.')])
    await desk.turn([...hi, WISH])
    desk.upstream.reply({ say: 'Are you there?' })
    expect(await desk.turn(hi)).toMatchObject({ kind: 'silence' })
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(0)
  })
})

describe('a booking that ends only after the caller has heard the other answer', () => {
  /** Begun, revised, and the other answer heard, while it is still under way. */
  async function overtaken() {
    const desk = await startBooking()
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ calls: [BOOK] }, { say: PRICE }, { say: 'You are welcome.' })
    const first = desk.turn([WISH])
    const call = await desk.webhooks.received('/book')
    await desk.turn([ASIDE])
    await first
    await desk.turn(HEARD)
    expect(await desk.systemOf(3)).toContain('Being done right now')
    expect(desk.undone()).toBe(0)
    call.answer({ value: { id: 'b7' } })
    await vi.waitFor(() => expect(desk.logged).toContain('tool run'), {
      interval: 5,
      timeout: 5000,
    })
    await call.closed
    return desk
  }

  it('is undone by the next request', async () => {
    const desk = await overtaken()
    await next(desk, [...HEARD, assistant('You are welcome.'), user('Bye.')])
    expect((await desk.webhooks.received('/cancel')).body).toEqual({ id: 'b7', at: 'ten' })
  })

  it('is undone after a while where there is no next request', async () => {
    const desk = await overtaken()
    await vi.waitFor(() => expect(desk.schedule.come()).toBe(true), { interval: 5, timeout: 5000 })
    expect((await desk.webhooks.received('/cancel')).body).toEqual({ id: 'b7', at: 'ten' })
  })
})

it('an undo under way does not hold up an answer that has no part in it', async () => {
  const desk = await startBooking()
  desk.webhooks.set('/cancel', { fault: 'hold' })
  await revised(desk)
  const gate = createGate()
  void desk.webhooks.received('/cancel').then(gate.reach)
  expect((await next(desk)).text).toBe('You are welcome.')
  await gate.reached
  ;(await desk.webhooks.received('/cancel')).answer()
  await ranUndo(desk)
})

describe('what was done after a platform call, for an answer that nobody heard', () => {
  const MAP = { tools: [platformTool('show_map')] }
  const SHOWN = [WISH, assistantCall('m1', 'show_map'), toolResult('m1', 'ok')]

  /** The map was shown; the model then books. */
  async function startShown() {
    const desk = await startEffectDesk({
      tools: (at) => ({
        book: writing(at, 'book', { settle_ms: 0, compensate: { tool: 'cancel' } }),
        cancel: writing(at, 'cancel'),
      }),
      flow: { general_tools: ['book'] },
    })
    desk.upstream.reply({ calls: [{ id: 'm1', name: 'show_map', arguments: {} }] })
    await desk.turn([WISH], MAP)
    desk.upstream.reply({ calls: [BOOK] })
    return desk
  }

  it('is undone once another answer to the same result is heard', async () => {
    const desk = await startShown()
    desk.upstream.reply({ status: 500 }, { say: PRICE }, { say: 'Bye.' })
    expect((await desk.turn(SHOWN, MAP)).status).toBe(502)
    expect(await desk.turn(SHOWN, MAP)).toMatchObject({ kind: 'follow_up', text: PRICE })
    expect(desk.webhooks.calls('/cancel')).toEqual([])
    await desk.turn([...SHOWN, assistant(PRICE), user('Thanks.')], MAP)
    await desk.webhooks.received('/cancel')
  })

  it.fails('is undone once the answer to other words is heard', async () => {
    const desk = await startShown()
    desk.upstream.reply({ say: DONE }, { say: PRICE }, { say: 'Bye.' })
    await desk.turn(SHOWN, MAP)
    const over = [...SHOWN, user('And what does it cost?')]
    expect(await desk.turn(over, MAP)).toMatchObject({ kind: 'new', text: PRICE })
    await desk.turn([...over, assistant(PRICE), user('Thanks.')], MAP)
    await vi.waitFor(() => expect(desk.webhooks.calls('/cancel')).toHaveLength(1), {
      interval: 5,
      timeout: 300,
    })
  })
})
