import { describe, expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { onTestFinished } from 'vitest'
import { shown, told } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const DESK = { starting_state: 'desk', states: { desk: { state_prompt: 'Be short.' } } }

/** From the desk a transition leads to `booking`; whether a cut answer counts is up to the edge. */
function deskWith(edge: object) {
  const when = { type: 'llm', description: 'The caller wants to book.' }
  return {
    starting_state: 'desk',
    states: {
      desk: { state_prompt: 'AT DESK', edges: [{ to: 'booking', when, ...edge }] },
      booking: { state_prompt: 'AT BOOKING' },
    },
  }
}

const BOOK = { calls: [{ name: 'transition_to_booking' }] }
const OFFER = { say: 'I have Tuesday at nine or Wednesday at two in the afternoon.' }

describe('a caller who speaks over the agent', () => {
  it('is answered by a model that knows how much was heard', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply(OFFER, { say: 'Booked.' })
    line.prompt('When are you free?')
    await line.answer()
    line.interrupt('I have Tuesday at nine')
    line.prompt('That one.')
    expect(await line.answer()).toBe('Booked.')
    const asked = await upstream.received(2)
    expect(shown(asked)).toEqual([
      'user: When are you free?',
      'assistant: I have Tuesday at nine',
      'user: That one.',
    ])
    expect(told(asked)).toContain('it was cut after "I have Tuesday at nine"')
  })

  it('hears nothing more of an answer that is still being made', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'I have Tuesday at nine', fault: 'stall' }, { say: 'Booked.' })
    line.prompt('When are you free?')
    expect(await line.token()).toContain('I have')
    line.interrupt('I have Tuesday')
    line.prompt('Yes, Tuesday.')
    expect(await line.answer()).toBe('Booked.')
    const asked = await upstream.received(2)
    expect(shown(asked)[1]).toBe('assistant: I have Tuesday')
    expect(await (await upstream.received(1)).closed).toBe(true)
    // The platform itself ended the text that it cut off.
    expect(line.frames.filter(({ last }) => last)).toHaveLength(1)
  })

  it('may have heard a later sentence only, as the platform tells it', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Let me see. I have Tuesday at nine. Or Friday.' }, { say: 'Booked.' })
    line.prompt('When are you free?')
    await line.answer()
    line.interrupt('I have Tuesday')
    line.prompt('That one.')
    await line.answer()
    expect(shown(await upstream.received(2))[1]).toBe('assistant: Let me see. I have Tuesday')
  })

  it('is believed where the platform spells it in another way', async () => {
    const { url, upstream } = await startTurnstate({ flow: deskWith({}) })
    const line = await dialRelay(url)
    upstream.reply(BOOK, { say: 'We have 10:30 free.' }, { say: 'Booked.' })
    line.prompt('I want to book.')
    await line.answer()
    line.interrupt('ten thirty')
    line.prompt('Yes.')
    await line.answer()
    const asked = await upstream.received(3)
    expect(shown(asked).at(-2)).toBe('assistant: ten thirty')
    expect(told(asked)).toContain('AT BOOKING')
  })

  it.each([
    ['stays in the state that the heard part led to', {}, 'AT BOOKING'],
    [
      'is back where the answer began if its edge wants it to be heard whole',
      { require_heard: 'full' },
      'AT DESK',
    ],
  ])('%s', async (_, edge, place) => {
    const { url, upstream } = await startTurnstate({ flow: deskWith(edge) })
    const line = await dialRelay(url)
    upstream.reply(BOOK, OFFER, { say: 'Booked.' })
    line.prompt('I want to book.')
    await line.answer()
    line.interrupt('I have Tuesday')
    line.prompt('Tuesday.')
    await line.answer()
    expect(told(await upstream.received(3))).toContain(place)
  })

  it('is back where the answer began if nothing of it was heard, and both speeches are one', async () => {
    const { url, upstream } = await startTurnstate({ flow: deskWith({}) })
    const line = await dialRelay(url)
    upstream.reply(BOOK, OFFER, { say: 'Fine.' })
    line.prompt('I want to book.')
    await line.answer()
    line.interrupt('')
    line.prompt('No, wait.')
    await line.answer()
    const asked = await upstream.received(3)
    expect(told(asked)).toContain('AT DESK')
    expect(shown(asked)).toEqual(['user: I want to book. No, wait.'])
  })

  it('is not given the same words again, though the question is the same', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'At nine.' }, { say: 'At nine in the morning.' })
    line.prompt('When do you open?')
    await line.answer()
    line.interrupt('')
    line.prompt('When do you open?')
    expect(await line.answer()).toBe('At nine in the morning.')
  })

  it('is waited for when nobody knows how much was heard', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'I have Tuesday at nine', fault: 'stall' }, { say: 'Booked.' })
    line.prompt('When are you free?')
    const sent = await line.token()
    line.interrupt()
    expect(await (await upstream.received(1)).closed).toBe(true)
    line.prompt('That one.')
    await line.answer()
    expect(shown(await upstream.received(2))[1]).toBe(`assistant: ${sent.trim()}`)
  })

  it('interrupts nothing with the end of the greeting of the platform', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Nine.' })
    line.interrupt('Hello, how can')
    line.prompt('When do you open?')
    expect(await line.answer()).toBe('Nine.')
    expect(shown(await upstream.received(1))).toEqual(['user: When do you open?'])
  })

  it('cuts the answer before, where the next one has not been heard at all', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Never.' })
    const line = await dialRelay(url)
    upstream.reply(OFFER, held.answer, { say: 'Fine.' })
    line.prompt('When are you free?')
    await line.answer()
    line.prompt('Hm.')
    await held.reached
    line.interrupt('I have Tuesday at nine or')
    line.prompt('Wednesday.')
    expect(await line.answer()).toBe('Fine.')
    held.release()
    expect(shown(await upstream.received(3))).toEqual([
      'user: When are you free?',
      'assistant: I have Tuesday at nine or',
      'user: Hm. Wednesday.',
    ])
  })

  it('is answered if it was a key or a last word that interrupted, told of before', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Thank you.' })
    const line = await dialRelay(url)
    upstream.reply(OFFER, held.answer)
    line.prompt('When are you free?')
    await line.answer()
    for (const digit of '42#') line.send({ type: 'dtmf', digit })
    await held.reached
    line.interrupt('I have Tuesday')
    held.release()
    expect(await line.answer()).toBe('Thank you.')
  })

  it('has heard all of an answer on a connection before, whatever greeting is interrupted now', async () => {
    const { url, upstream } = await startTurnstate({ flow: deskWith({ require_heard: 'full' }) })
    const first = await dialRelay(url)
    upstream.reply(BOOK, OFFER, { say: 'Booked.' })
    first.prompt('I want to book.')
    await first.answer()
    first.socket.close()
    await first.closed
    const second = await dialRelay(url, { setup: { sessionId: 'VX2' } })
    second.interrupt('Welcome back to')
    second.prompt('Tuesday.')
    await second.answer()
    const asked = await upstream.received(3)
    expect(shown(asked).at(-2)).toBe(`assistant: ${OFFER.say}`)
    expect(told(asked)).toContain('AT BOOKING')
  })

  it('has the opening cut as well', async () => {
    const flow = { ...DESK, states: { desk: { say: 'Clinic, how can I help you today?' } } }
    const config = { conversation_relay: { first_speaker: 'agent' } }
    const { url, upstream } = await startTurnstate({ flow, config })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Nine.' })
    await line.answer()
    line.interrupt('Clinic, how')
    line.prompt('When do you open?')
    await line.answer()
    expect(shown(await upstream.received(1))).toEqual([
      'assistant: Clinic, how',
      'user: When do you open?',
    ])
  })

  it('is still known to have done so when the platform connects anew', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const first = await dialRelay(url)
    upstream.reply(OFFER, { say: 'Booked.' })
    first.prompt('When are you free?')
    await first.answer()
    first.interrupt('I have Tuesday')
    first.socket.close()
    await first.closed
    const second = await dialRelay(url, { setup: { sessionId: 'VX2' } })
    second.prompt('Tuesday.')
    await second.answer()
    expect(shown(await upstream.received(2))[1]).toBe('assistant: I have Tuesday')
  })
})

describe('a caller who speaks while an answer is being made, and nobody tells of an interruption', () => {
  it('is answered anew, and what was sent by then counts as heard', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'One moment, I am looking', fault: 'stall' }, { say: 'Sure.' })
    line.prompt('When are you free?')
    const sent = await line.token()
    line.prompt('On Tuesday, I mean.')
    // The text that was left open is ended before another one begins.
    expect(await line.answer()).toBe('')
    expect(await line.answer()).toBe('Sure.')
    expect(shown(await upstream.received(2))).toEqual([
      'user: When are you free?',
      `assistant: ${sent.trim()}`,
      'user: On Tuesday, I mean.',
    ])
  })
})

describe('what was done in an answer that nobody heard', () => {
  it('is not done a second time', async () => {
    const webhook = await startWebhookServer()
    onTestFinished(() => webhook.close())
    webhook.behave({ type: 'json', value: { id: 'b-1' } })
    const { url, upstream } = await startTurnstate({
      flow: { starting_state: 'desk', states: { desk: { tools: ['book'] } } },
      tools: {
        book: {
          ...{ type: 'webhook', url: webhook.url, method: 'POST', commit: 'immediate' },
          parameters: { type: 'object', properties: { at: { type: 'string' } } },
        },
      },
      config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
    })
    const line = await dialRelay(url)
    const call = { calls: [{ name: 'book', arguments: { at: 'nine' } }] }
    upstream.reply(call, { say: 'You are booked for nine.' })
    line.prompt('Book me for nine.')
    await line.answer()
    line.interrupt('')
    upstream.reply(call, { say: 'All done, at nine.' })
    line.prompt('Please.')
    expect(await line.answer()).toBe('All done, at nine.')
    expect(webhook.received).toHaveLength(1)
    expect(told(await upstream.received(3))).toContain('Already done, not yet told to the caller')
  })
})
