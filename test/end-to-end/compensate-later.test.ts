import { describe, expect, it, vi } from 'vitest'
import { createMemorySchedule } from '../../src/turn/undo/undo-schedule.ts'
import {
  ASIDE,
  BOOK,
  DONE,
  HEARD,
  next,
  PRICE,
  ranUndo,
  revised,
  startUndoable,
  WISH,
} from '../support/undoable-desk.ts'
import { assistant, user } from '../support/wire-messages.ts'

/** Long enough for whatever is on its way on loopback to arrive. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('a caller who hangs up', () => {
  it('after other words: it is undone after a while', async () => {
    const desk = await startUndoable({ undoAfterMs: 30, schedule: createMemorySchedule() })
    await revised(desk)
    await desk.webhooks.received('/cancel')
    await ranUndo(desk)
    expect([desk.booked(), desk.undone()]).toEqual([1, 1])
  })

  it('after the booking: it stays', async () => {
    const desk = await startUndoable()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn([WISH])
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(0)
  })

  it('after an answer that called for it again: it stays', async () => {
    const desk = await startUndoable()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { calls: [BOOK] }, { say: DONE })
    await desk.turn([WISH])
    await desk.turn([ASIDE])
    desk.schedule.come()
    await aWhile()
    expect([desk.booked(), desk.undone()]).toEqual([1, 0])
  })

  it('after a silence and half a sentence: the last words count', async () => {
    const desk = await startUndoable()
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
    const desk = await startUndoable()
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
