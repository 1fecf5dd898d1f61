import { describe, expect, it, vi } from 'vitest'
import { startEffectDesk, writing } from '../support/effect-desk.ts'
import { freePort } from '../support/free-port.ts'
import { createHandSchedule, startTimedDesk } from '../support/timed-desk.ts'
import { startToolServer } from '../support/tool-server.ts'
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
import {
  assistant,
  assistantCall,
  platformTool,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const NOTE = 'Already done, not yet told to the caller'

/** Long enough for whatever is on its way on loopback to arrive. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('what was done for an answer that nobody heard', () => {
  it('stays when the model calls for it again, and is told', async () => {
    const desk = await startUndoable()
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
    const desk = await startUndoable()
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
    const desk = await startUndoable()
    desk.webhooks.set('/cancel', { fault: 'hold' })
    await revised(desk)
    await next(desk)
    const undo = await desk.webhooks.received('/cancel')
    expect(await desk.systemOf(4)).toContain(`${NOTE}, and being undone: book(`)
    undo.answer()
    await ranUndo(desk)
  })

  it('is done again, under another key, when it was undone and the wish comes back', async () => {
    const desk = await startUndoable()
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
    const desk = await startUndoable()
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
    const desk = await startUndoable()
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
    const desk = await startUndoable()
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
    const desk = await startUndoable()
    await revised(desk)
    const unknown = [ASIDE, assistant('Hmm, let us see now.'), user('Thanks.')]
    await next(desk, unknown)
    // Nor when what came after those words is heard.
    await next(desk, [...unknown, assistant('You are welcome.'), user('Bye.')])
    desk.schedule.come()
    await aWhile()
    expect(desk.undone()).toBe(0)
    expect(await desk.systemOf(5)).toContain(NOTE)
  })

  it('is not undone while the answer in its stead is not heard, however often it is asked for', async () => {
    const desk = await startUndoable()
    await revised(desk)
    await desk.turn([ASIDE])
    await next(desk, [user('Book ten, please. And what does it cost? Hello?')])
    await aWhile()
    expect(desk.undone()).toBe(0)
  })

  it('is undone once, however many requests decide it at once', async () => {
    const desk = await startUndoable()
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

it('an undo that cannot reach the other side is tried again until it can', async () => {
  const port = await freePort()
  const schedule = createHandSchedule()
  const desk = await startTimedDesk({
    tools: (at) => ({
      book: writing(at, 'book', { settle_ms: 0, compensate: { tool: 'cancel' } }),
      cancel: { type: 'webhook', url: `http://127.0.0.1:${port}/cancel`, timeout_ms: 1000 },
    }),
    flow: { general_tools: ['book'] },
    schedule,
  })
  desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: PRICE }, { say: 'Welcome.' })
  await desk.turn([WISH])
  await desk.turn([ASIDE])
  await desk.turn(HEARD)
  const failed = (times: number) =>
    vi.waitFor(
      () => expect(desk.logged.filter((line) => line === 'webhook failed')).toHaveLength(times),
      { interval: 5, timeout: 5000 },
    )
  await failed(1)
  // It is not over: the model is told still, and the next request tries again.
  desk.upstream.reply({ say: 'Bye.' })
  await desk.turn([...HEARD, assistant('Welcome.'), user('Bye.')])
  expect(await desk.systemOf(5)).toContain(NOTE)
  await failed(2)
  expect(desk.logged).not.toContain('undo ran')
  const there = await startToolServer(port)
  await vi.waitFor(
    () => {
      schedule.come()
      expect(there.calls('/cancel')).not.toEqual([])
    },
    { interval: 5, timeout: 5000 },
  )
  await ranUndo(desk)
  expect(there.calls('/cancel')).toHaveLength(1)
})

it('an undo under way does not hold up an answer that has no part in it', async () => {
  const desk = await startUndoable()
  desk.webhooks.set('/cancel', { fault: 'hold' })
  await revised(desk)
  expect((await next(desk)).text).toBe('You are welcome.')
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

  it('is undone once the answer to other words is heard', async () => {
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
