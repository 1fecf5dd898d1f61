import { describe, expect, it, vi } from 'vitest'
import { startEffectDesk, writing } from '../support/effect-desk.ts'
import { createGate } from '../support/gate.ts'
import { startTimedDesk } from '../support/timed-desk.ts'
import { assistant, user } from '../support/wire-messages.ts'

const BOOK = { name: 'book', arguments: { at: 'ten' } }
const WISH = user('Book ten, please.')
const DONE = 'It is booked.'
const BOOKING = 'Booking that now... '
/** Longer than any test lasts: what waits for it is never begun. */
const FOR_EVER = { settle_ms: 5000 }
/** Timers may ring this early. */
const EARLY_MS = 5

/** A desk that books; what it says before that shows that it has begun to wait. */
const startBooking = (more: object = {}) =>
  startEffectDesk({
    tools: (at) => ({ book: writing(at, 'book', { execution_message: BOOKING, ...more }) }),
  })

type Desk = Awaited<ReturnType<typeof startBooking>>

/** The booking has been called for, and waits. */
async function waiting({ upstream, stream }: Pick<Desk, 'upstream' | 'stream'>, messages = [WISH]) {
  upstream.reply({ calls: [BOOK] })
  const answer = await stream(messages)
  await answer.hear(BOOKING.trim())
  return answer
}

const cancelled = ({ logged }: Pick<Desk, 'logged'>) =>
  vi.waitFor(() => expect(logged).toContain('effect cancelled, the caller went on speaking'), {
    interval: 5,
    timeout: 4000,
  })

describe('a settled write', () => {
  it.each([
    ['600 ms by default', {}, 600],
    ['as long as its tool says', { settle_ms: 250 }, 250],
  ])('waits from when its request came, %s', async (_, more, settleMs) => {
    const { upstream, turn, webhooks } = await startBooking(more)
    upstream.reply({ calls: [BOOK] }, { say: DONE })
    const askedAt = performance.now()
    expect((await turn([WISH])).text).toBe(BOOKING + DONE)
    const [call, ...others] = webhooks.calls('/book')
    expect(others).toEqual([])
    expect((call?.at ?? 0) - askedAt).toBeGreaterThanOrEqual(settleMs - EARLY_MS)
  })

  it('waits no longer where the model has taken that long already', async () => {
    const clock = { ahead: 0 }
    const desk = await startTimedDesk({
      tools: (at) => ({ book: writing(at, 'book', FOR_EVER) }),
      now: () => performance.now() + clock.ahead,
    })
    desk.upstream.reply(
      () => {
        clock.ahead = 5000
        return { calls: [BOOK] }
      },
      { say: DONE },
    )
    expect((await desk.turn([WISH])).text).toBe(DONE)
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  }, 4500)

  it.each([
    ['commit: immediate', { commit: 'immediate', ...FOR_EVER }],
    ['settle_ms: 0', { settle_ms: 0 }],
    ['effect: read', { effect: 'read', ...FOR_EVER }],
  ])(
    'is none with %s: it runs at once',
    async (_, more) => {
      const { upstream, turn, webhooks } = await startBooking(more)
      upstream.reply({ calls: [BOOK] }, { say: DONE })
      expect((await turn([WISH])).text).toBe(BOOKING + DONE)
      expect(webhooks.calls('/book')).toHaveLength(1)
    },
    4500,
  )

  it('is not begun when the caller goes on in the same breath', async () => {
    const desk = await startBooking(FOR_EVER)
    const first = await waiting(desk)
    desk.upstream.reply({ say: 'Eleven it is, shall I?' })
    const revised = await desk.turn([user('Book ten, please. No, eleven.')])
    expect(revised).toMatchObject({ kind: 'revised', text: 'Eleven it is, shall I?' })
    expect(await first.rest()).toMatchObject({ text: BOOKING, finish: 'stop', isDone: true })
    await cancelled(desk)
    // What never was is not told, neither now nor later.
    expect(await desk.systemOf(2)).not.toContain('book(')
    desk.upstream.reply({ say: 'Fine.' })
    await desk.turn([
      user('Book ten, please. No, eleven.'),
      assistant(revised.text),
      user('No, thanks.'),
    ])
    expect(await desk.systemOf(3)).not.toContain('book(')
    expect(desk.webhooks.calls('/book')).toEqual([])
  })

  it('is not begun when the caller speaks over what is said before it', async () => {
    const desk = await startBooking(FOR_EVER)
    const first = await waiting(desk)
    desk.upstream.reply({ say: 'All right, nothing is booked.' })
    const over = await desk.turn([WISH, assistant('Booking that now'), user('Stop, no!')])
    // Who heard nothing but that has heard no answer.
    expect(over).toMatchObject({ kind: 'revised', exchange: '1' })
    expect(await first.rest()).toMatchObject({ text: BOOKING, isDone: true })
    await cancelled(desk)
    expect(desk.webhooks.calls('/book')).toEqual([])
    const { messages } = (await desk.upstream.received(2)).body
    expect(JSON.stringify(messages)).not.toContain('Booking that now')
  })

  it('is not begun when the caller answers what was said beside it', async () => {
    const desk = await startBooking(FOR_EVER)
    desk.upstream.reply({ say: 'Let me see about ten.', calls: [BOOK] })
    const first = await desk.stream([WISH])
    await first.hear('Booking that now')
    desk.upstream.reply({ say: 'Nothing is booked.' })
    const history = [WISH, assistant('Let me see about'), user('Leave it.')]
    expect(await desk.turn(history)).toMatchObject({ kind: 'new', exchange: '2' })
    expect((await first.rest()).text).toBe(`Let me see about ten. ${BOOKING}`)
    await cancelled(desk)
    expect(desk.webhooks.calls('/book')).toEqual([])
  })

  it('is done once, with one answer, for a request that is sent again in the meantime', async () => {
    const desk = await startBooking({ settle_ms: 300 })
    const first = await waiting(desk)
    desk.upstream.reply({ say: DONE })
    const again = await desk.turn([WISH])
    expect(again).toMatchObject({ kind: 'retry', text: BOOKING + DONE })
    expect((await first.rest()).text).toBe(BOOKING + DONE)
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
    expect(desk.upstream.requests).toHaveLength(2)
  })

  it('is done although half of the sentence arrives late, which does nothing itself', async () => {
    const desk = await startBooking({ settle_ms: 300 })
    desk.webhooks.set('/book', { fault: 'hold' })
    const first = await waiting(desk, [user('Book ten, please, for me.')])
    desk.upstream.reply({ calls: [BOOK] }, { say: 'Mhm?' })
    expect(await desk.turn([user('Book ten')])).toMatchObject({ kind: 'late', text: 'Mhm?' })
    expect((await desk.resultsOf(3))[0]).toContain('Not done: the caller is still speaking')
    desk.upstream.reply({ say: DONE })
    ;(await desk.webhooks.received('/book')).answer()
    expect((await first.rest()).text).toBe(BOOKING + DONE)
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })

  it('is done although the platform reports a silence', async () => {
    const desk = await startBooking({ settle_ms: 300 })
    desk.webhooks.set('/book', { fault: 'hold' })
    const before = [user('Hi.'), assistant('Hello there, how can I help?')]
    desk.upstream.reply({ say: 'Hello there, how can I help?' })
    await desk.turn([user('Hi.')])
    const first = await waiting(desk, [...before, WISH])
    desk.upstream.reply({ say: 'Are you still there?' })
    expect(await desk.turn(before)).toMatchObject({ kind: 'silence' })
    desk.upstream.reply({ say: DONE })
    ;(await desk.webhooks.received('/book')).answer()
    expect((await first.rest()).text).toBe(BOOKING + DONE)
  })

  it('of a second call in the step is not begun once the caller goes on during the first', async () => {
    const desk = await startBooking({ settle_ms: 0 })
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ calls: [BOOK, { name: 'book', arguments: { at: 'eleven' } }] })
    const first = await desk.stream([WISH])
    const call = await desk.webhooks.received('/book')
    desk.upstream.reply({ say: 'Only ten, then.' })
    expect(await desk.turn([user('Book ten, please, only ten.')])).toMatchObject({
      kind: 'revised',
    })
    call.answer()
    expect(await call.closed).toBe(false)
    expect((await first.rest()).isDone).toBe(true)
    desk.upstream.reply({ say: 'Yes.' })
    await desk.turn([
      user('Book ten, please, only ten.'),
      assistant('Only ten, then.'),
      user('So?'),
    ])
    expect(await desk.systemOf(3)).toContain('Already done, not yet told to the caller: book(')
    expect(await desk.systemOf(3)).not.toContain('eleven')
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })
})

describe('a settled write whose caller hangs up', () => {
  const startGraceful = (more: object) =>
    startTimedDesk({
      tools: (at) => ({ book: writing(at, 'book', { execution_message: BOOKING, ...more }) }),
      attachGraceMs: 20,
    })

  const hungUp = ({ logged }: { readonly logged: readonly string[] }) =>
    vi.waitFor(() => expect(logged).toContain('turn ended'), { interval: 5, timeout: 5000 })

  it('is done all the same, and the next request knows of it', async () => {
    const desk = await startGraceful({ settle_ms: 300 })
    const first = await waiting(desk)
    first.hangUp()
    await hungUp(desk)
    const call = await desk.webhooks.received('/book')
    expect(await call.closed).toBe(false)
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    const next = await desk.turn([user('Book ten, please. Is it done?')])
    expect(await desk.systemOf(2)).toContain('Already done, not yet told to the caller: book(')
    // Answered from the ledger, so nothing is announced.
    expect(next.text).toBe(DONE)
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })

  it('is done once, with one answer, where the platform asks again at once', async () => {
    const desk = await startBooking({ settle_ms: 300 })
    const first = await waiting(desk)
    first.hangUp()
    desk.upstream.reply({ say: DONE })
    expect(await desk.turn([WISH])).toMatchObject({ kind: 'retry', text: BOOKING + DONE })
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })

  it('gives way to the same wish where the platform asks again too late to join', async () => {
    const desk = await startGraceful(FOR_EVER)
    const first = await waiting(desk)
    first.hangUp()
    await hungUp(desk)
    // The turn goes on for 20 ms with nobody there.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const again = await waiting(desk)
    await cancelled(desk)
    expect(again.headers.get('x-turnstate-kind')).toBe('retry')
    expect(desk.upstream.requests).toHaveLength(2)
    expect(desk.webhooks.calls('/book')).toEqual([])
  })

  it('once begun is not cut off, neither by that nor by the next words', async () => {
    const desk = await startGraceful({ settle_ms: 0 })
    desk.webhooks.set('/book', { fault: 'hold' })
    const first = await waiting(desk)
    const call = await desk.webhooks.received('/book')
    first.hangUp()
    await hungUp(desk)
    const gate = createGate()
    desk.upstream.reply(
      async () => {
        gate.reach()
        await gate.released
        return { calls: [BOOK] }
      },
      { say: DONE },
    )
    const asked = desk.turn([user('Book ten, please. Is it done?')])
    await gate.reached
    expect(await desk.systemOf(2)).toContain('Being done right now, not yet told to the caller')
    gate.release()
    // By now the model has called it again.
    await new Promise((resolve) => setTimeout(resolve, 50))
    call.answer({ value: { id: 'b1' } })
    expect(await call.closed).toBe(false)
    expect((await asked).text).toContain(DONE)
    expect(await desk.resultsOf(3)).toEqual(['{"id":"b1"}'])
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })
})

describe('a revision at the very moment of the claim', () => {
  it.each([
    ['which is not made then', [{ say: 'Nothing is booked.' }], 0],
    ['which is then made for the new words alone', [{ calls: [BOOK] }, { say: DONE }], 1],
  ])('bars it, %s', async (_, replies, runs) => {
    const gate = createGate()
    const desk = await startTimedDesk({
      tools: (at) => ({ book: writing(at, 'book', { settle_ms: 0 }) }),
      // What is about to be done is noted first; here that takes its time, once.
      beforeKeep: async ({ id, effects }) => {
        if (id > 1 || !effects.some(({ status }) => status === 'running')) return
        gate.reach()
        await gate.released
      },
    })
    desk.upstream.reply({ calls: [BOOK] })
    const first = desk.stream([WISH])
    await gate.reached
    desk.upstream.reply(...replies)
    const revised = desk.turn([user('Book ten, please. Now.')])
    await desk.upstream.received(2)
    gate.release()
    expect((await revised).text).not.toBe('')
    expect((await (await first).rest()).isDone).toBe(true)
    await cancelled(desk)
    expect(desk.webhooks.calls('/book')).toHaveLength(runs)
  })

  it('finds the write either done or never to be done', async () => {
    const { upstream, turn, webhooks } = await startBooking({ settle_ms: 40 })
    upstream.always(({ body }) => {
      const { role, content } = body.messages.at(-1) ?? { role: '', content: '' }
      if (role === 'tool') return { say: `Result: ${String(content)}` }
      return String(content).includes('more') ? { say: 'What else?' } : { calls: [BOOK] }
    })
    webhooks.set('/book', { value: { id: 'b1' } })
    for (let round = 0; round < 24; round++) {
      const headers = { 'x-conversation-id': `call-${round}` }
      const before = webhooks.calls('/book').length
      const first = turn([WISH], {}, headers)
      const due = performance.now() + 34 + (round % 12)
      while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve))
      const messages = [user('Book ten, please. And more.')]
      await turn(messages, {}, headers)
      await first
      const runs = webhooks.calls('/book').length - before
      const number = upstream.requests.findLastIndex(({ body }) =>
        String(body.messages.at(-1)?.content).includes('more'),
      )
      const system = String(upstream.requests[number]?.body.messages[0]?.content)
      expect(system.includes('not yet told to the caller')).toBe(runs === 1)
      expect(runs).toBeLessThanOrEqual(1)
    }
  })
})
