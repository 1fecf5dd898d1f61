import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, writing } from '../support/effect-desk.ts'
import { assistant, user } from '../support/wire-messages.ts'

const BOOK = { name: 'book', arguments: { at: 'ten' } }
const LOOK = { name: 'look', arguments: {} }
const WISH = user('Book ten, please.')
const DONE = 'It is booked.'
const BOOKING = 'Booking that now... '
const LOOKING = 'Let me look... '

const startBooking = (book: object = {}, flow: object = {}, config: object = {}) =>
  startEffectDesk({
    tools: (at) => ({
      book: writing(at, 'book', { settle_ms: 0, execution_message: BOOKING, ...book }),
      look: reading(at, 'look', { execution_message: LOOKING }),
    }),
    flow: { ...flow },
    config: { webhooks: { allow_hosts: ['127.0.0.1'] }, ...config },
  })

describe('what is said before a tool runs', () => {
  it.each([
    ['a write', BOOK, BOOKING],
    ['a read', LOOK, LOOKING],
  ])('is heard while %s is under way', async (_, call, words) => {
    const desk = await startBooking()
    const path = `/${call.name}`
    desk.webhooks.set(path, { fault: 'hold' })
    desk.upstream.reply({ calls: [call] }, { say: DONE })
    const answer = await desk.stream([WISH])
    await answer.hear(words.trim())
    const running = await desk.webhooks.received(path)
    running.answer()
    expect((await answer.rest()).text).toBe(words + DONE)
  })

  it('is heard before a write waits for more words', async () => {
    const desk = await startBooking({ settle_ms: 5000 })
    desk.upstream.reply({ calls: [BOOK] })
    const answer = await desk.stream([WISH])
    await answer.hear(BOOKING.trim())
    expect(desk.webhooks.calls('/book')).toEqual([])
  })

  it('begins a sentence of its own', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ say: 'Gladly.', calls: [BOOK] }, { say: DONE })
    expect((await desk.turn([WISH])).text).toBe(`Gladly. ${BOOKING}${DONE}`)
  })

  it('is said once in a turn, whoever runs', async () => {
    const desk = await startBooking()
    const eleven = { name: 'book', arguments: { at: 'eleven' } }
    desk.upstream.reply({ calls: [BOOK, eleven] }, { calls: [LOOK] }, { calls: [LOOK] })
    desk.upstream.always({ say: DONE })
    expect((await desk.turn([WISH])).text).toBe(`${BOOKING}${LOOKING}${DONE}`)
    expect(desk.webhooks.calls('/book')).toHaveLength(2)
  })

  it('is not part of what the model is told later', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: 'Bye.' })
    const { text } = await desk.turn([WISH])
    await desk.turn([WISH, assistant(text), user('Thanks.')])
    for (const number of [2, 3]) {
      const { messages } = (await desk.upstream.received(number)).body
      expect(JSON.stringify(messages)).not.toContain('Booking that')
    }
    expect(JSON.stringify((await desk.upstream.received(3)).body.messages)).toContain(DONE)
  })

  it('is no answer: who heard nothing else has not heard the turn', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    await desk.turn([WISH])
    const over = [WISH, assistant('Booking that'), user('And what does it cost?')]
    expect(await desk.derive(over)).toMatchObject({ kind: 'revised', exchange: 1 })
    desk.upstream.reply({ calls: [BOOK] }, { say: 'It is booked, for forty euros.' })
    const { text } = await desk.turn(over)
    expect(await desk.systemOf(3)).toContain('Already done, not yet told to the caller')
    // Nothing runs any more, so there is nothing to bridge.
    expect(text).toBe('It is booked, for forty euros.')
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })

  it('is not said where a read is remembered', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [LOOK] }, { say: 'Found it.' }, { calls: [LOOK] }, { say: DONE })
    expect((await desk.turn([WISH])).text).toBe(`${LOOKING}Found it.`)
    expect((await desk.turn([user('Book ten, please, now.')])).text).toBe(DONE)
    expect(desk.webhooks.calls('/look')).toHaveLength(1)
  })

  it('is not said where nothing runs', async () => {
    const desk = await startBooking({ commit: 'confirmed', readback: 'Shall I book it?' })
    desk.upstream.reply({ calls: [BOOK] })
    expect((await desk.turn([WISH])).text).toBe('Shall I book it?')
  })

  it('is said in the language of the conversation', async () => {
    const message = { en: BOOKING, de: 'Ich buche {{what}}... ' }
    const flow = { default_dynamic_variables: { language: 'de-AT', what: 'zehn Uhr' } }
    const desk = await startBooking({ execution_message: message }, flow)
    desk.upstream.reply({ calls: [BOOK] }, { say: 'Gebucht.' })
    expect((await desk.turn([WISH])).text).toBe('Ich buche zehn Uhr... Gebucht.')
    const over = [WISH, assistant('Ich buche zehn Uhr'), user('Halt.')]
    expect(await desk.derive(over)).toMatchObject({ kind: 'revised' })
  })
})

describe('a model that says nothing after it', () => {
  it('has given no answer: the fallback is spoken', async () => {
    const desk = await startBooking({}, {}, { fallback: 'Sorry, say that again?' })
    desk.upstream.reply({ calls: [BOOK] }, { say: '' })
    const answer = await desk.stream([WISH])
    expect(await answer.rest()).toMatchObject({
      text: `${BOOKING}Sorry, say that again?`,
      finish: 'stop',
      isDone: true,
    })
  })

  it('is an error where there is no fallback and no headers went out', async () => {
    const desk = await startBooking()
    desk.upstream.reply({ calls: [BOOK] }, { say: '' })
    expect((await desk.turn([WISH])).status).toBe(502)
    // The retry is told what was done.
    desk.upstream.reply({ calls: [BOOK] }, { say: DONE })
    expect(await desk.turn([WISH])).toMatchObject({ kind: 'retry', text: DONE })
    expect(await desk.systemOf(3)).toContain('Already done')
    expect(desk.webhooks.calls('/book')).toHaveLength(1)
  })
})
