import { expect, it } from 'vitest'
import { writing } from '../../support/effect-desk.ts'
import { startTimedDesk } from '../../support/timed-desk.ts'
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
} from '../../support/undoable-desk.ts'
import { assistant, user } from '../../support/wire-messages.ts'

it('what is undone is named by the variables that its own result sets, not by those of an earlier one', async () => {
  const desk = await startTimedDesk({
    tools: (at) => ({
      book: writing(at, 'book', {
        settle_ms: 0,
        assignments: [{ variable: 'ref', value_path: 'id' }],
        compensate: { tool: 'cancel', arguments: { id: '{{ref}}' } },
        parameters: BOOK_PARAMETERS,
      }),
      cancel: writing(at, 'cancel'),
    }),
    flow: { general_tools: ['book'], variables: { ref: {} } },
  })
  desk.webhooks.set('/book', { value: { id: 'b1' } })
  desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
  await desk.turn([user('Book ten.')])
  desk.webhooks.set('/book', { value: { id: 'b2' } })
  desk.upstream.reply({ calls: [{ ...BOOK, arguments: { at: 'noon' } }] })
  desk.upstream.reply({ say: 'Noon too.' }, { say: PRICE }, { say: 'Bye.' })
  const told = [user('Book ten.'), assistant(DONE)]
  const aside = user('And noon. No, what does it cost?')
  await desk.turn([...told, user('And noon.')])
  await desk.turn([...told, aside])
  await desk.turn([...told, aside, assistant(PRICE), user('Bye.')])
  expect((await desk.webhooks.received('/cancel')).body).toEqual({ id: 'b2' })
  await ranUndo(desk)
})

const BOOK_PARAMETERS = { type: 'object', properties: { at: { type: 'string' } } }

it.each([
  ['is missing', { booking: 'b1' }],
  ['is null', { id: null }],
  ['is empty', { id: '' }],
])('an undo whose value %s is not sent, and the model is told so', async (_, value) => {
  const desk = await startUndoable()
  desk.webhooks.set('/book', { value })
  await revised(desk)
  await next(desk)
  expect(await desk.systemOf(4)).toContain('and it could not be undone: book(')
  expect(desk.logged).toContain('effect cannot be undone')
  // Silence finds nothing to undo either.
  expect(desk.schedule.come()).toBe(true)
  expect(desk.schedule.come()).toBe(false)
  await next(desk, [ASIDE, assistant(PRICE), user('Thanks.'), assistant('You are welcome.'), BYE])
  expect([desk.booked(), desk.undone()]).toEqual([1, 0])
})

const BYE = user('Bye.')

it('what may have been undone is neither done again nor answered as done', async () => {
  const desk = await startUndoable()
  desk.webhooks.set('/cancel', { fault: 'reset' })
  await revised(desk)
  await next(desk)
  await ranUndo(desk)
  desk.upstream.reply({ calls: [BOOK] }, { say: 'Somebody has to look at it.' })
  await desk.turn([...HEARD, assistant('You are welcome.'), user('Book ten after all.')])
  expect(await desk.systemOf(5)).toContain('not known whether it was undone: book(')
  expect(await desk.resultsOf(6)).toEqual([expect.stringMatching(/error.*not known whether/)])
  expect([desk.booked(), desk.undone()]).toEqual([1, 1])
})
