import { describe, expect, it } from 'vitest'
import { ended, kindOf, speaking, streamAs } from '../support/paced-model.ts'
import { startPacedRooms, startRooms } from '../support/rooms-flow.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  system,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const HI = user('I need an appointment, please.')

describe('who joins an answer', () => {
  it('hears the same words at whatever moment they come, for one model call', async () => {
    const server = await startPacedRooms()
    const { model, stream, turn } = server
    const { call, answer } = await speaking(server, [HI], 'Let me see, ')
    const second = await stream([HI])
    await second.hear('Let me see, ')
    call.say('there is Tuesday ')
    await second.hear('Tuesday')
    const third = await stream([HI])
    await third.hear('Tuesday')
    const body = turn([HI])
    const fourth = await stream([HI])
    call.say('or Wednesday.')
    call.end()
    const text = 'Let me see, there is Tuesday or Wednesday.'
    for (const follower of [answer, second, third, fourth]) {
      expect(await follower.rest()).toEqual({ text, calls: [], finish: 'stop', isDone: true })
    }
    expect(await body).toMatchObject({ status: 200, kind: 'retry', exchange: '1', text })
    expect(model.calls).toHaveLength(1)
  })

  it.each([
    ['an opening', 'opening', [system('You are kind.')], 1],
    [
      'a follow-up',
      'follow_up',
      [HI, assistantCall('p1', 'show_map'), toolResult('p1', 'shown')],
      1,
    ],
    ['a silence', 'silence', [assistant('Hello, who is there?')], 2],
  ])('may join %s', async (_, kind, messages, modelCalls) => {
    const server = await startPacedRooms()
    const { model, stream } = server
    const { call, answer } = await speaking(server, messages, 'So, ')
    const second = await stream(messages)
    await second.hear('So, ')
    call.say('here we are.')
    call.end()
    for (const follower of [answer, second]) {
      expect(kindOf(follower)).toBe(kind)
      expect(await follower.rest()).toMatchObject({ text: 'So, here we are.', isDone: true })
    }
    // Once it is over, the others are given again and a silence is another one.
    const again = stream(messages)
    if (modelCalls > 1) {
      const anew = await model.received(2)
      anew.say('Are you there?')
      anew.end()
    }
    const third = await again
    expect(kindOf(third)).toBe(kind)
    const text = modelCalls > 1 ? 'Are you there?' : 'So, here we are.'
    expect(await third.rest()).toMatchObject({ text, isDone: true })
    expect(model.calls).toHaveLength(modelCalls)
  })

  it('may join what follows a platform call, whether or not its result is shown', async () => {
    const server = await startPacedRooms()
    const more = { tools: [platformTool('show_map')] }
    const asked = server.stream([HI], more)
    ;(await server.model.received(1)).end([{ id: 'p1', name: 'show_map', arguments: {} }])
    expect(await (await asked).rest()).toMatchObject({
      calls: [{ name: 'show_map' }],
      isDone: true,
    })
    const bare = server.stream([HI], more)
    const call = await server.model.received(2)
    call.say('Do you ')
    const first = await bare
    const second = await server.stream([HI], more)
    await second.hear('Do you ')
    call.say('see it?')
    call.end()
    for (const follower of [first, second, await server.stream([HI], more)]) {
      expect(kindOf(follower)).toBe('follow_up')
      expect(await follower.rest()).toMatchObject({ text: 'Do you see it?', calls: [] })
    }
    expect(server.model.calls).toHaveLength(2)
  })

  it('hears of its failure too', async () => {
    const server = await startPacedRooms()
    const tries = [server.stream([HI])]
    const call = await server.model.received()
    tries.push(server.stream([HI]), server.stream([HI]))
    call.say('So ')
    const answers = await Promise.all(tries)
    call.break()
    const texts = await Promise.all(answers.map(async (answer) => (await answer.rest()).text))
    expect(texts[0]).toMatch(/^So\.\.\. Sorry, something went wrong/)
    expect(new Set(texts).size).toBe(1)
    expect(server.model.calls).toHaveLength(1)
  })

  it('keeps it running when the one who asked first hangs up', async () => {
    const server = await startPacedRooms()
    const { call, answer } = await speaking(server, [HI], 'Let me see, ')
    const second = await server.stream([HI])
    answer.hangUp()
    await ended(server, 1)
    await second.hear('Let me see, ')
    call.say('there is Tuesday.')
    call.end()
    expect(await second.rest()).toMatchObject({
      text: 'Let me see, there is Tuesday.',
      isDone: true,
    })
    expect(server.model.calls).toHaveLength(1)
  })

  it('never is a caller of another key', async () => {
    const keys = [
      { name: 'one', secret: 'secret-one' },
      { name: 'two', secret: 'secret-two' },
    ]
    const server = await startPacedRooms({
      auth: { keys, signing_secret: 'a secret for the tests only' },
    })
    const as = (secret: string) =>
      streamAs(server, [HI], { 'x-conversation-id': 'call-1', 'x-api-key': secret })
    const one = as('secret-one')
    const first = await server.model.received(1)
    first.say('For one.')
    const two = as('secret-two')
    const second = await server.model.received(2)
    second.say('For two.')
    first.end()
    second.end()
    expect(await (await one).rest()).toMatchObject({ text: 'For one.', isDone: true })
    expect(await (await two).rest()).toMatchObject({ text: 'For two.', isDone: true })
  })
})

describe('a caller that hangs up', () => {
  it('finds the same answer at the third try, for one model call', async () => {
    const server = await startPacedRooms()
    for (const tries of [1, 2]) {
      const hangUp = new AbortController()
      const { url } = server
      const attempt = fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-conversation-id': 'call-1' },
        body: JSON.stringify({ stream: true, messages: [HI] }),
        signal: hangUp.signal,
      })
      await server.model.received()
      // A join leaves no trace at the model: its first sign of life tells that it is there.
      if (tries === 2) await attempt
      hangUp.abort()
      if (tries === 1) await expect(attempt).rejects.toThrow()
      await ended(server, tries)
    }
    const third = server.stream([HI])
    const call = await server.model.received()
    call.say('Here I am.')
    call.end()
    expect(await (await third).rest()).toMatchObject({ text: 'Here I am.', isDone: true })
    expect(server.model.calls).toHaveLength(1)
  })

  it('for good ends the model call: after a while, or at once if nobody could find it', async () => {
    const server = await startPacedRooms()
    const keyed = await speaking(server, [HI], 'One moment,')
    const asked = streamAs(server, [HI], {})
    const keyless = await server.model.received(2)
    keyless.say('One moment,')
    keyed.answer.hangUp()
    ;(await asked).hangUp()
    const first = await Promise.race([
      keyed.call.closed.then(() => 'keyed'),
      keyless.closed.then(() => 'keyless'),
    ])
    expect(first).toBe('keyless')
    expect(await Promise.all([keyed.call.closed, keyless.closed])).toEqual([true, true])
    const again = await speaking(server, [HI], 'Here we go.')
    again.call.end()
    expect(kindOf(again.answer)).toBe('retry')
    expect(await again.answer.rest()).toMatchObject({ text: 'Here we go.', isDone: true })
  }, 15_000)

  it('is told again what was cut off, with the platform call that never reached it', async () => {
    const server = await startPacedRooms()
    const more = { tools: [platformTool('show_map')] }
    const asked = server.stream([HI], more)
    const call = await server.model.received()
    call.say('Here is ')
    const cut = await asked
    await cut.hear('Here is ')
    cut.hangUp()
    await ended(server, 1)
    call.say('a map.')
    call.end([{ id: 'p1', name: 'show_map', arguments: { place: 'Oslo' } }])
    const again = await server.stream([HI], more)
    expect(kindOf(again)).toBe('retry')
    expect(await again.rest()).toEqual({
      text: 'Here is a map.',
      calls: [{ id: 'p1', name: 'show_map' }],
      finish: 'tool_calls',
      isDone: true,
    })
    expect(server.model.calls).toHaveLength(1)
    // Now it was delivered.
    const third = server.stream([HI], more)
    const followUp = await server.model.received(2)
    expect(followUp.body.messages[0]?.content).toContain('show_map({"place":"Oslo"})')
    followUp.say('Do you see it?')
    followUp.end()
    expect(kindOf(await third)).toBe('follow_up')
    expect(await (await third).rest()).toMatchObject({ text: 'Do you see it?', calls: [] })
  })
})

describe('a finished answer', () => {
  it('is given again three times, then there is another one', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ say: 'The first one.' }, { say: 'The second one.' })
    const texts = []
    for (let count = 0; count < 6; count++) texts.push((await turn([HI])).text)
    expect(texts.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'The first one.'))
    expect(texts.slice(4)).toEqual(['The second one.', 'The second one.'])
    expect(upstream.requests).toHaveLength(2)
  })

  it('is not given again when it was the fallback', async () => {
    const { upstream, turn } = await startRooms({ fallback: 'Say that again?' })
    upstream.reply({ status: 500 }, { say: 'Here I am.' })
    expect(await turn([HI])).toMatchObject({ kind: 'new', text: 'Say that again?' })
    expect(await turn([HI])).toMatchObject({ kind: 'retry', text: 'Here I am.' })
    expect(upstream.requests).toHaveLength(2)
  })
})
