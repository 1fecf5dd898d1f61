import { describe, expect, it, vi } from 'vitest'
import { createTalk } from '../../support/talk.ts'
import * as history from '../../support/history.ts'
import { createGate } from '../../support/gate.ts'
import {
  ASIDE,
  BOOK,
  DONE,
  next,
  PRICE,
  ranUndo,
  startUndoable,
  WISH,
} from '../../support/undoable-desk.ts'
import { assistant, user } from '../../support/wire-messages.ts'
import { undosDecidedBy } from '../../../src/turn/undo/due-undos.ts'

type Desk = Awaited<ReturnType<typeof startUndoable>>

/** Silence has decided, and has made the next appointment for what may still be undone. */
async function leftBySilence({ schedule }: Desk) {
  expect(schedule.come()).toBe(true)
  await vi.waitFor(() => expect(schedule.come()).toBe(true), { interval: 5, timeout: 5000 })
}

describe('what was booked for an answer that nobody heard, and wished for again after another one', () => {
  const SOON = 'One moment.'
  const AGAIN = [ASIDE, assistant(PRICE), user('Yes, book it.')]

  /** The second wish joins the first one's booking, which ends only now; its own answer can be held. */
  async function wishedAgain(answered: Promise<void> = Promise.resolve()) {
    const desk = await startUndoable()
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ calls: [BOOK] })
    const first = desk.turn([WISH])
    const booking = await desk.webhooks.received('/book')
    desk.upstream.reply({ say: PRICE })
    await desk.turn([ASIDE])
    await first
    desk.upstream.reply({ say: SOON, calls: [BOOK] }, () => answered.then(() => ({ say: DONE })))
    const again = await desk.stream(AGAIN)
    booking.answer({ value: { id: 'b1' } })
    await desk.upstream.received(4)
    return { desk, again }
  }

  it('stays when a retry gets the second answer once more', async () => {
    const { desk, again } = await wishedAgain()
    expect((await again.rest()).text).toBe(`${SOON} ${DONE}`)
    expect(await desk.turn(AGAIN)).toMatchObject({ kind: 'retry', text: `${SOON} ${DONE}` })
    await leftBySilence(desk)
    await next(desk, [...AGAIN, assistant(`${SOON} ${DONE}`), user('Thanks.')])
    await leftBySilence(desk)
    expect([desk.booked(), desk.undone()]).toEqual([1, 0])
    expect(desk.upstream.requests).toHaveLength(5)
  })

  it('stays when a retry joins the second answer while it is given', async () => {
    const { released, release } = createGate()
    const { desk, again } = await wishedAgain(released)
    const joined = await desk.stream(AGAIN)
    await joined.hear(SOON)
    release()
    for (const stream of [again, joined]) {
      expect((await stream.rest()).text).toBe(`${SOON} ${DONE}`)
    }
    await leftBySilence(desk)
    expect([desk.booked(), desk.undone()]).toEqual([1, 0])
    expect(desk.upstream.requests).toHaveLength(4)
  })
})

it('what was told stays when the caller hangs up over a later answer that never said a word', async () => {
  const desk = await startUndoable()
  desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { status: 500 })
  await desk.turn([WISH])
  expect(await desk.turn([ASIDE])).toMatchObject({ status: 502, kind: 'revised' })
  await leftBySilence(desk)
  expect([desk.booked(), desk.undone()]).toEqual([1, 0])
})

it('what a newer answer did is undone once the conversation has gone on from the older one', async () => {
  const question = 'For how many people would that be?'
  const desk = await startUndoable()
  desk.upstream.reply({ say: question }, { calls: [BOOK] }, { say: DONE })
  await desk.turn([WISH])
  await desk.turn([user('Book ten, please. For four people.')])
  const goneOn = [WISH, assistant(question), user('For four. No wait, what does it cost?')]
  desk.upstream.reply({ say: PRICE })
  await desk.turn(goneOn)
  // The newer answer may still be heard.
  expect(desk.undone()).toBe(0)
  await next(desk, [...goneOn, assistant(PRICE), user('Too much, then no.')])
  await ranUndo(desk)
  expect([desk.booked(), desk.undone()]).toEqual([1, 1])
})

it.each(['cancelled', 'failed'] as const)(
  'an effect that was %s in the answer that was heard keeps no other from being undone',
  (status) => {
    const talk = createTalk()
    const aside = history.user(ASIDE.content)
    const effect = { ...{ name: 'book', arguments: '{}', exchange: 1, generation: 0, given: '' } }
    const undo = { name: 'cancel', arguments: '{}', status: 'due' } as const
    const first = talk.ask([history.user(WISH.content)], DONE)
    first.effects.push({ ...effect, status: 'ok', undo })
    talk.ask([aside], PRICE).effects.push({ ...effect, status, undo: null })
    const heard = talk.look([aside, history.assistant(PRICE), history.user('Thanks.')])
    expect(undosDecidedBy(heard, talk.journal).map(({ turn }) => turn)).toEqual([first])
  },
)
