import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, taking, writing } from '../../support/effect-desk.ts'
import { startTimedDesk } from '../../support/timed-desk.ts'
import { ASIDE, BOOK, DONE, PRICE, ranUndo, WISH } from '../../support/undoable-desk.ts'
import { assistant, user } from '../../support/wire-messages.ts'

const LIST = { name: 'list', arguments: {} }
const ANNOUNCED = { execution_message: 'Let me look.' }

describe('a read after something was changed', () => {
  /** The list is empty until the booking is made. */
  async function startListing() {
    const desk = await startEffectDesk({
      tools: (at) => ({
        list: reading(at, 'list'),
        book: writing(at, 'book', { settle_ms: 0, ...taking('at') }),
      }),
    })
    desk.webhooks.set('/list', { value: [] })
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ calls: [LIST] }, { calls: [BOOK] })
    const asked = desk.turn([WISH])
    const booking = await desk.webhooks.received('/book')
    desk.webhooks.set('/list', { value: ['ten'] })
    return { desk, asked, book: () => booking.answer({ value: {} }) }
  }

  it('in the same turn is asked anew', async () => {
    const { desk, asked, book } = await startListing()
    desk.upstream.reply({ calls: [LIST] }, { say: DONE })
    book()
    expect((await asked).text).toBe(DONE)
    expect(await desk.resultsOf(2)).toEqual(['[]'])
    expect(await desk.resultsOf(4)).toEqual(['["ten"]'])
  })

  it('in a retry of that turn is asked anew', async () => {
    const { desk, asked, book } = await startListing()
    desk.upstream.reply({ status: 500 }, { calls: [LIST] }, { say: DONE })
    book()
    expect((await asked).status).toBe(502)
    expect(await desk.turn([WISH])).toMatchObject({ kind: 'retry', text: DONE })
    expect(await desk.resultsOf(5)).toEqual(['["ten"]'])
  })
})

it('a read after something was undone is asked anew', async () => {
  const desk = await startTimedDesk({
    tools: (at) => ({
      list: reading(at, 'list'),
      book: writing(at, 'book', { settle_ms: 0, compensate: { tool: 'cancel' }, ...taking('at') }),
      cancel: writing(at, 'cancel'),
    }),
    flow: { general_tools: ['book', 'list'] },
  })
  desk.webhooks.set('/list', { value: ['ten'] })
  desk.webhooks.set('/cancel', { fault: 'hold' })
  desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: PRICE })
  await desk.turn([WISH])
  await desk.turn([ASIDE])
  const heard = [ASIDE, assistant(PRICE)]
  desk.upstream.reply({ calls: [LIST] }, { say: 'At ten.' }, { calls: [LIST] }, { say: 'Nothing.' })
  await desk.turn([...heard, user('What have I got?')])
  const undo = await desk.webhooks.received('/cancel')
  desk.webhooks.set('/list', { value: [] })
  undo.answer()
  await ranUndo(desk)
  await desk.turn([...heard, user('What have I got? I mean now.')])
  expect(await desk.resultsOf(5)).toEqual(['["ten"]'])
  expect(await desk.resultsOf(7)).toEqual(['[]'])
})

it('a read that was begun ahead and does not answer holds no turn beyond its limit', async () => {
  const desk = await startTimedDesk({
    // Far longer than the turn may last, and than this test.
    tools: (at) => ({
      slots: reading(at, 'slots', { prefetch: true, timeout_ms: 20_000, ...ANNOUNCED }),
    }),
    config: {
      routing: { turn_timeout_ms: 1000, first_token_timeout_ms: 900, idle_timeout_ms: 900 },
      fallback: 'Sorry, I cannot see that now.',
    },
  })
  desk.webhooks.set('/slots', { fault: 'hold' })
  desk.upstream.reply({ calls: [{ name: 'slots', arguments: {} }] })
  expect((await desk.turn([WISH])).text).toBe('Sorry, I cannot see that now.')
  expect(desk.webhooks.calls('/slots')).toHaveLength(1)
})
