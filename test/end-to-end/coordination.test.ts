import { describe, expect, it } from 'vitest'
import { ended, kindOf, speaking, streamAs } from '../support/paced-model.ts'
import { startPacedRooms, startRooms } from '../support/rooms-flow.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('I want to book')
const LONGER = user('I want to book a table for two')
const book = (args: object = { at: 'ten' }) => [{ name: 'book', arguments: args }]

describe('an answer whose place another one took', () => {
  it('ends its model call and every request that waits for it, with what was said', async () => {
    const server = await startPacedRooms()
    const old = await speaking(server, [HI], 'What would you')
    const follower = await server.stream([HI])
    await follower.hear('What would you')
    const newer = await speaking(server, [LONGER], 'For two,')
    expect(await old.call.closed).toBe(true)
    for (const answer of [old.answer, follower]) {
      expect(await answer.rest()).toEqual({
        text: 'What would you',
        calls: [],
        finish: 'stop',
        isDone: true,
      })
    }
    newer.call.say(' of course.')
    newer.call.end()
    expect(await newer.call.closed).toBe(false)
    expect(await newer.answer.rest()).toMatchObject({ text: 'For two, of course.', isDone: true })
  })

  it('ends a stream with one space where nothing was said yet', async () => {
    const server = await startPacedRooms()
    const asked = server.stream([HI])
    const old = await server.model.received()
    const newer = await speaking(server, [LONGER], 'For two.')
    newer.call.end()
    expect(await old.closed).toBe(true)
    expect(await (await asked).rest()).toEqual({
      text: ' ',
      calls: [],
      finish: 'stop',
      isDone: true,
    })
  })

  it('ends one body with one space, since nothing of it has left', async () => {
    const server = await startPacedRooms()
    const asked = server.turn([HI])
    const old = await server.model.received()
    old.say('What would you')
    const newer = await speaking(server, [LONGER], 'For two.')
    newer.call.end()
    expect(await old.closed).toBe(true)
    const body = { choices: [{ finish_reason: 'stop', message: { content: ' ' } }] }
    expect(await asked).toMatchObject({ status: 200, kind: 'new', body })
  })

  it.each([
    ['went on from there', user('A table.'), 'new', '2'],
    ['fell silent', user('...'), 'silence', '1'],
  ])(
    'ends when the history shows some of it and the caller %s',
    async (_, tail, kind, exchange) => {
      const server = await startPacedRooms()
      const old = await speaking(server, [HI], 'What would you like to book?')
      const next = await speaking(server, [HI, assistant('What would you li...'), tail], 'Well?')
      expect(await old.call.closed).toBe(true)
      expect(await old.answer.rest()).toMatchObject({ finish: 'stop', isDone: true })
      expect(kindOf(next.answer)).toBe(kind)
      expect(next.answer.headers.get('x-turnstate-exchange')).toBe(exchange)
      expect(next.answer.headers.get('x-turnstate-heard')).toBe('partial')
      next.call.end()
      expect(await next.answer.rest()).toMatchObject({ text: 'Well?', isDone: true })
    },
  )

  it('ends at once although its caller has hung up, and the time to find it again still runs', async () => {
    const server = await startPacedRooms()
    const elsewhere = streamAs(server, [HI], { 'x-conversation-id': 'call-2' })
    const waiting = await server.model.received()
    waiting.say('What')
    const old = await speaking(server, [HI], 'What would you')
    ;(await elsewhere).hangUp()
    await ended(server, 1)
    old.answer.hangUp()
    await ended(server, 2)
    await speaking(server, [LONGER], 'For two.')
    const first = await Promise.race([
      old.call.closed.then(() => 'old'),
      waiting.closed.then(() => 'waiting'),
    ])
    expect(first).toBe('old')
  })

  it('does not take it back while a longer text that begins with its own is answered', async () => {
    const server = await startPacedRooms()
    const half = await speaking(server, [HI], 'What would')
    const longer = await speaking(server, [LONGER], 'For two,')
    expect(await half.call.closed).toBe(true)
    const again = await speaking(server, [HI], 'Go on.')
    expect(kindOf(again.answer)).toBe('late')
    again.call.end()
    expect(await again.answer.rest()).toMatchObject({ text: 'Go on.', isDone: true })
    longer.call.say(' of course.')
    longer.call.end()
    expect(await longer.answer.rest()).toMatchObject({ text: 'For two, of course.', isDone: true })
  })

  it('takes it back when its text comes again', async () => {
    const server = await startPacedRooms()
    const tuesday = user('Tuesday, please.')
    const first = await speaking(server, [tuesday], 'On Tuesday')
    const friday = await speaking(server, [user('Friday, please.')], 'On Friday')
    expect(await first.call.closed).toBe(true)
    const again = await speaking(server, [tuesday], 'So, Tuesday.')
    expect(await friday.call.closed).toBe(true)
    expect(await friday.answer.rest()).toMatchObject({ text: 'On Friday', isDone: true })
    again.call.end()
    expect(kindOf(again.answer)).toBe('retry')
    expect(await again.answer.rest()).toMatchObject({ text: 'So, Tuesday.', isDone: true })
  })
})

describe('what changes something', () => {
  it('is done once for all attempts to answer one exchange', async () => {
    const server = await startPacedRooms()
    server.webhook.release()
    const first = server.stream([HI])
    ;(await server.model.received(1)).end(book({ at: 'ten', for: 2 }))
    expect((await server.model.received(2)).body.messages.at(-1)?.content).toContain('booking-7')
    const second = server.stream([LONGER])
    ;(await server.model.received(3)).end(book({ for: 2, at: 'ten' }))
    const told = await server.model.received(4)
    expect(told.body.messages.at(-1)?.content).toContain('booking-7')
    told.say('It is booked.')
    told.end()
    expect(await (await first).rest()).toMatchObject({ text: ' ', isDone: true })
    expect(await (await second).rest()).toMatchObject({ text: 'It is booked.', isDone: true })
    expect(server.webhook.received).toEqual([JSON.stringify({ at: 'ten', for: 2 })])
  })

  it('is not cut by a revision, which gets what came of it', async () => {
    const server = await startPacedRooms()
    const first = server.stream([HI])
    ;(await server.model.received(1)).end(book())
    await server.webhook.reached
    const second = server.stream([LONGER])
    ;(await server.model.received(2)).end(book())
    expect(await (await first).rest()).toMatchObject({ text: ' ', finish: 'stop', isDone: true })
    server.webhook.release()
    const told = await server.model.received(3)
    expect(told.body.messages.at(-1)?.content).toContain('booking-7')
    told.say('It is booked.')
    told.end()
    expect(await (await second).rest()).toMatchObject({ text: 'It is booked.', isDone: true })
    expect(kindOf(await second)).toBe('revised')
    expect(server.webhook.received).toHaveLength(1)
  })

  it('is refused to half a sentence, also after the whole one was answered', async () => {
    const server = await startPacedRooms()
    server.webhook.release()
    const longer = await speaking(server, [LONGER], 'For two.')
    const asked = server.stream([HI])
    const half = await server.model.received(2)
    longer.call.end()
    expect(await longer.answer.rest()).toMatchObject({ text: 'For two.', isDone: true })
    half.end(book())
    const refused = await server.model.received(3)
    expect(refused.body.messages.at(-1)?.content).toContain('still speaking')
    refused.say('Go on.')
    refused.end()
    expect(kindOf(await asked)).toBe('late')
    expect(await (await asked).rest()).toMatchObject({ text: 'Go on.', isDone: true })
    expect(server.webhook.received).toHaveLength(0)
  })

  it('is possible for what was half a sentence once it turns out to be the whole one', async () => {
    const server = await startPacedRooms()
    server.webhook.release()
    const longer = await speaking(server, [LONGER], 'For two.')
    const asked = server.stream([HI])
    ;(await server.model.received(2)).end()
    expect((await asked).status).toBe(502)
    longer.call.end()
    await longer.answer.rest()
    const again = server.stream([HI])
    ;(await server.model.received(3)).end(book())
    const booked = await server.model.received(4)
    expect(booked.body.messages.at(-1)?.content).toContain('booking-7')
    booked.say('It is booked.')
    booked.end()
    expect(kindOf(await again)).toBe('retry')
    expect(await (await again).rest()).toMatchObject({ text: 'It is booked.', isDone: true })
    expect(server.webhook.received).toHaveLength(1)
  })

  it('is told to the model when its answer was discarded, and not done again', async () => {
    const { upstream, turn, webhook } = await startRooms()
    upstream.reply({ calls: book() }, { say: 'It is booked.' })
    await turn([HI])
    upstream.reply({ calls: book() }, { say: 'For two it is.' })
    expect(await turn([LONGER])).toMatchObject({ kind: 'revised', text: 'For two it is.' })
    const note = (await upstream.received(3)).body.messages[0]?.content
    expect(note).toContain('not yet told to the caller: book({"at":"ten"})')
    expect((await upstream.received(4)).body.messages.at(-1)?.content).toContain('booking-7')
    expect(webhook.received).toHaveLength(1)
  })

  it('is possible again in the next exchange', async () => {
    const { upstream, turn, webhook } = await startRooms()
    upstream.reply({ calls: book() }, { say: 'It is booked.' })
    const { message } = await turn([HI])
    upstream.reply({ calls: book() }, { say: 'Another one is booked.' })
    await turn([HI, message, user('The same again, please.')])
    expect(webhook.received).toHaveLength(2)
  })
})

describe('a platform call without a required argument', () => {
  const endCall = (reason: object) => ({
    tools: [
      {
        type: 'function',
        function: {
          name: 'end_call',
          parameters: {
            type: 'object',
            required: ['reason'],
            properties: { reason: { type: 'string', ...reason } },
          },
        },
      },
    ],
  })
  const argumentsOf = ({ message }: { readonly message: object }) =>
    (message as { tool_calls?: readonly { function: { arguments: string } }[] }).tool_calls?.map(
      (call) => call.function.arguments, // as OpenAI says
    )

  it('is completed from the schema of the request', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ calls: [{ name: 'end_call', arguments: {} }] })
    const answer = await turn([HI], endCall({ default: 'done' }))
    expect(argumentsOf(answer)).toEqual(['{"reason":"done"}'])
    expect(upstream.requests).toHaveLength(1)
  })

  it('goes back to the model, which can put it right', async () => {
    const { upstream, turn } = await startRooms()
    const given = { name: 'end_call', arguments: { reason: 'all said' } }
    upstream.reply({ calls: [{ name: 'end_call', arguments: {} }] }, { calls: [given] })
    const answer = await turn([HI], endCall({ description: 'why' }))
    expect(argumentsOf(answer)).toEqual(['{"reason":"all said"}'])
    expect((await upstream.received(2)).body.messages.at(-1)?.content).toContain(
      'reason is missing: why',
    )
  })

  it('is never sent, however often the model leaves it out', async () => {
    const { upstream, turn } = await startRooms()
    upstream.always({ say: 'Bye.', calls: [{ name: 'end_call', arguments: {} }] })
    const answer = await turn([HI], endCall({}))
    expect(answer).toMatchObject({ status: 200, calls: [] })
    expect(answer.text).toContain('Bye.')
  })
})
