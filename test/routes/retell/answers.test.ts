import { describe, expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { shown, told } from '../../support/asked-of-model.ts'
import { book, GARAGE, startBookingDesk } from './garage.ts'

describe('a turn', () => {
  it('is answered in pieces under the number of its request, with one end', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply({ say: 'Sure, which car is it for?' })
    const { text, pieces, last } = await call.exchange('I need new tyres')
    expect(text).toBe('Sure, which car is it for?')
    expect(pieces).toBeGreaterThanOrEqual(2)
    expect(last).toMatchObject({ response_id: 1, content: '', content_complete: true })
    const ends = call.ofType('response').filter((frame) => frame.content_complete)
    expect(ends.map(({ response_id }) => response_id)).toEqual([0, 1])
  })

  it('gives way in mid-stream to the same words with more behind them', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply({ say: 'Sure, which', fault: 'stall' }, { say: 'Winter tyres, right.' })
    call.user('I need tyres')
    await call.firstWords(call.ask())
    call.more('for the winter')
    const id = call.ask()
    expect(await call.spoken(id)).toMatchObject({ text: 'Winter tyres, right.' })
    expect(await (await upstream.received(1)).closed).toBe(true)
    expect(shown(await upstream.received(2)).at(-1)).toBe('user: I need tyres for the winter')
    // No end either: nothing at all comes under the old number.
    const ends = call.ofType('response').filter((frame) => frame.content_complete)
    expect(ends.map(({ response_id }) => response_id)).toEqual([0, id])
  })

  it('that was answered and never spoken is taken back, and what it did is not done again', async () => {
    const { url, upstream, webhooks } = await startBookingDesk()
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply(book('nine'), { say: 'Booked for nine.' })
    call.user('Nine please')
    await call.spoken(call.ask())
    call.more('in the morning')
    upstream.reply(book('nine'), { say: 'Nine in the morning it is.' })
    await call.spoken(call.ask())
    expect(webhooks.calls('/book')).toHaveLength(1)
    const asked = await upstream.received(3)
    expect(shown(asked)).not.toContain('assistant: Booked for nine.')
    expect(told(asked)).toContain('Already done, not yet told to the caller: book')
    expect(told(asked)).not.toContain('It is booked.')
  })

  it('asks for the same again one exchange later, and then it is done again', async () => {
    const { url, upstream, webhooks } = await startBookingDesk()
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply(book('nine'), { say: 'Booked for nine.' })
    await call.exchange('Nine please')
    upstream.reply(book('nine'), { say: 'And another one for nine.' })
    await call.exchange('And the same for my wife')
    expect(webhooks.calls('/book')).toHaveLength(2)
  })

  it('that was spoken over keeps its state, and the model learns where it was cut', async () => {
    const { url, upstream } = await startBookingDesk()
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply(book('nine'), { say: 'You are booked for nine in the morning on Monday.' })
    call.user('Nine please')
    await call.spoken(call.ask())
    call.heard('You are booked for nine')
    call.user('Thanks')
    upstream.reply({ say: 'Bye.' })
    await call.spoken(call.ask())
    const asked = await upstream.received(3)
    expect(told(asked)).toContain('It is booked.')
    expect(told(asked)).toContain('cut after "You are booked for nine"')
  })

  it('is not disturbed by any number of live transcripts', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    const held = heldReply({ say: 'Here.' })
    upstream.reply(held.answer)
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    call.user('Anybody there')
    const id = call.ask()
    await held.reached
    for (let count = 0; count < 200; count++) {
      call.update({ turntaking: count % 2 === 0 ? 'user_turn' : 'agent_turn' })
    }
    await call.settled()
    held.release()
    expect(await call.spoken(id)).toMatchObject({ text: 'Here.' })
    expect(upstream.requests).toHaveLength(1)
  })

  it('waits under its number for a slow tool, after words that keep the line alive', async () => {
    const { url, upstream, webhooks } = await startBookingDesk({ execution_message: 'Booking... ' })
    webhooks.set('/book', { fault: 'hold' })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply(book('nine'), { say: 'Booked.' })
    call.user('Nine')
    const id = call.ask()
    expect(await call.firstWords(id)).toBe('Booking... ')
    const held = await webhooks.received('/book')
    await call.settled()
    expect(call.ofType('response').at(-1)).toMatchObject({ content_complete: false })
    held.answer({})
    expect(await call.spoken(id)).toMatchObject({ text: 'Booking... Booked.' })
  })

  it('whose model fails ends in an apology', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    upstream.always({ status: 500, body: '{}' })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    call.user('Hello')
    const { text } = await call.spoken(call.ask())
    expect(text).toMatch(/sorry/i)
  })

  it('whose model breaks in mid-sentence has an end all the same', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    upstream.reply({ say: 'It costs one', fault: 'break' })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.user('How much?')
    const { text } = await call.spoken(call.ask())
    expect(text).toMatch(/^It costs one/)
  })
})

describe('a caller who is silent', () => {
  it('is asked as often as the flow says, and the conversation does not go on by it', async () => {
    const { url, upstream } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        states: {
          desk: { say: 'Garage desk.', on_silence: { say: 'Are you there?', max: 2 } },
        },
      },
    })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply({ say: 'Which car?' }, { say: 'A Volvo.' })
    await call.exchange('Tyres')
    for (const expected of ['Are you there?', 'Are you there?', '... ']) {
      const { text } = await call.spoken(call.remind())
      expect(text).toBe(expected)
      if (expected !== '... ') call.heard(text)
    }
    expect(upstream.requests).toHaveLength(1)
    await call.exchange('Sorry, a Volvo')
    expect(shown(await upstream.received(2)).filter((line) => line.startsWith('user'))).toEqual([
      'user: Tyres',
      'user: Sorry, a Volvo',
    ])
  })
})

describe('the numbers of requests', () => {
  it('never go back: an older request and one that is repeated are ignored', async () => {
    const { url, upstream, logged } = await startTurnstate({ flow: GARAGE })
    const call = await startRetellCall(url, { lastId: 4 })
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.always({ say: 'Fine.' })
    call.user('One')
    const id = call.ask()
    const again = (response_id: number) =>
      call.line.send({
        interaction_type: 'response_required',
        response_id,
        transcript: [{ role: 'user', content: 'Older' }],
      })
    again(id)
    again(2)
    await call.spoken(id)
    again(id)
    await call.settled()
    expect(upstream.requests).toHaveLength(1)
    expect(logged.filter((line) => line === 'an old request is ignored')).toHaveLength(3)
  })

  it('may begin with any', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    upstream.reply({ say: 'Fine.' })
    const call = await startRetellCall(url, { lastId: 99 })
    await call.spoken(0)
    call.user('One')
    expect(call.ask()).toBe(100)
    expect(await call.spoken(100)).toMatchObject({ text: 'Fine.' })
  })
})
