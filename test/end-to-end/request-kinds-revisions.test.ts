import { describe, expect, it } from 'vitest'
import { kindOf, speaking } from '../support/paced-model.ts'
import { goTo, startPacedRooms, startRooms } from '../support/rooms-flow.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('I want to book')
const LONGER = user('I want to book a table for two')

describe('the caller goes on talking', () => {
  it('revised_extended: a longer text ends the model call for the shorter one', async () => {
    const server = await startPacedRooms()
    const first = await speaking(server, [HI], 'What would you like')
    const second = await speaking(server, [LONGER], 'A table for two.')
    expect(await first.call.closed).toBe(true)
    expect(await first.answer.rest()).toMatchObject({
      text: 'What would you like',
      finish: 'stop',
      isDone: true,
    })
    second.call.end()
    expect(await second.answer.rest()).toMatchObject({ text: 'A table for two.', isDone: true })
    expect(kindOf(second.answer)).toBe('revised')
    expect(second.answer.headers.get('x-turnstate-exchange')).toBe('1')
    expect(second.call.body.messages.slice(1)).toEqual([LONGER])
  })

  it('revised: another text of the same length takes the place of the first', async () => {
    const { upstream, turn, derive } = await startRooms()
    upstream.reply(...goTo('b', 'A table it is.'), { say: 'A cable, then.' })
    await turn([user('I want to book a table')])
    const other = user('I want to look at cables')
    expect(await derive([other])).toMatchObject({
      rollback: true,
      discarded: [{ exchange: 1, state: 'a' }],
    })
    expect(await turn([other])).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual([other])
  })

  it('answer_discarded: two user texts in a row, or one of both, leave the answer between out', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply(...goTo('b', 'For how many?'), { say: 'For two.' }, { say: 'Two, then.' })
    await turn([HI])
    const more = user('a table for two')
    expect(await turn([HI, more])).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual([LONGER])
    // In one message it is the same request.
    expect(await turn([LONGER])).toMatchObject({ kind: 'retry', text: 'For two.' })
    expect(await turn([HI, more, user('today')])).toMatchObject({ kind: 'revised', state: 'a' })
    expect(JSON.stringify((await upstream.received(4)).body)).not.toContain('For how many')
  })

  it('stale_speculative: a shorter text that comes late disturbs nothing and changes nothing', async () => {
    const server = await startPacedRooms()
    const longer = await speaking(server, [LONGER], 'A table')
    const asked = server.stream([HI])
    const late = await server.model.received(2)
    late.end([{ name: 'book', arguments: {} }])
    const afterTool = await server.model.received(3)
    expect(afterTool.body.messages.at(-1)?.content).toContain('still speaking')
    afterTool.say('Go on.')
    afterTool.end()
    const answer = await asked
    expect(kindOf(answer)).toBe('late')
    expect(await answer.rest()).toMatchObject({ text: 'Go on.', isDone: true })
    longer.call.say(' for two.')
    longer.call.end()
    expect(await longer.call.closed).toBe(false)
    expect(await longer.answer.rest()).toMatchObject({ text: 'A table for two.', isDone: true })
    expect(server.webhook.received).toHaveLength(0)
  })

  it('parallel: of two texts in flight the newest wins', async () => {
    const server = await startPacedRooms()
    const tuesday = await speaking(server, [user('Tuesday, please.')], 'On Tuesday')
    const friday = await speaking(server, [user('No, make it Friday.')], 'On Friday')
    expect(kindOf(friday.answer)).toBe('revised')
    expect(await tuesday.call.closed).toBe(true)
    expect(await tuesday.answer.rest()).toMatchObject({ text: 'On Tuesday', isDone: true })
    friday.call.say(' it is.')
    friday.call.end()
    expect(await friday.answer.rest()).toMatchObject({ text: 'On Friday it is.', isDone: true })
    expect(server.model.calls).toHaveLength(2)
  })
})

describe('the history goes back', () => {
  /** Three exchanges, the second of which led into b and was shown as heard. */
  async function threeExchanges() {
    const server = await startRooms()
    const { upstream, turn } = server
    const inB = assistant('This is the second room of them.')
    const begun = [HI, assistant('Where shall we go today?')]
    const second = [...begun, user('To the second.')]
    upstream.reply({ say: 'Where shall we go today?' }, ...goTo('b', inB.content))
    await turn([HI])
    await turn(second)
    upstream.reply(...goTo('c', 'And this is the last one.'))
    await turn([...second, inB, user('On to the third.')])
    return { ...server, begun }
  }

  it('withdrawn: fewer user texts than were answered move the position back', async () => {
    const { upstream, turn, derive, begun } = await threeExchanges()
    const back = [...begun, user('Wait, I am not sure.')]
    expect(await derive(back)).toMatchObject({
      rollback: true,
      discarded: [{ exchange: 2 }, { exchange: 3 }],
    })
    upstream.reply({ say: 'Take your time.' })
    expect(await turn(back)).toMatchObject({ kind: 'withdrawn', exchange: '2', state: 'a' })
    expect((await upstream.received(6)).body.messages[0]?.content).toBe('You are in a.')
  })

  it('counts_regress: a count that has not grown, with words that match nothing, is trusted little', async () => {
    const { upstream, turn, derive } = await threeExchanges()
    const other = [user('Xylophone?'), assistant('Zebras play quartets.'), user('Indeed?')]
    expect(await derive(other)).toMatchObject({ rollback: true, confidence: 'low' })
    upstream.reply({ say: 'Well.' })
    const answer = await turn(other)
    expect(answer).toMatchObject({ kind: 'withdrawn', exchange: '2', state: 'a' })
    expect(answer.headers.get('x-turnstate-confidence')).toBe('low')
    expect((await upstream.received(6)).body.messages.slice(1)).toEqual(other)
  })
})
