import { describe, expect, test } from 'vitest'
import { startPacedTurnstate } from '../../support/paced-model.ts'
import { openResponse } from '../../support/response-stream.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { assistant, system, user } from '../../support/wire-messages.ts'

const FLOW = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }
const KEY = { 'x-conversation-id': 'call-1' }
const HI = user('Hi there.')
const BUILT_IN_FALLBACK =
  'Sorry, something went wrong on my side. Could you say that again, please?'

const kindOf = ({ headers }: { readonly headers: Headers }) => headers.get('x-turnstate-kind')

describe('a request as ElevenLabs sends it', () => {
  const BODY = {
    model: 'agent-7',
    instructions: 'You are the desk. CALL_ID=conv_abc123',
    input: [assistant('Welcome!'), HI],
    temperature: 0,
    max_output_tokens: 8192,
    elevenlabs_extra_body: { tier: 'gold' },
  }
  const flow = {
    starting_state: 'talk',
    general_prompt: 'Caller tier: {{extra.tier}}.',
    states: { talk: { state_prompt: 'Talk.' } },
  }

  test('is a turn of the conversation that the instructions name', async () => {
    const { upstream, url } = await startTurnstate({ flow })
    upstream.reply({ say: 'What is your name?', usage: { prompt_tokens: 9, completion_tokens: 4 } })
    const answer = await openResponse(url, BODY)
    expect(answer.headers.get('x-turnstate-conversation')).toBe('conv_abc123')
    const { text, response, types, isDone } = await answer.rest()
    expect([text, types.at(-1), isDone]).toEqual(['What is your name?', 'response.completed', true])
    expect(response).toMatchObject({ model: 'agent-7', usage: { total_tokens: 13 } })
    const { body } = await upstream.received()
    expect(body).toMatchObject({ temperature: 0, max_tokens: 8192, model: 'test-model' })
    expect(body.messages[0]?.content).toContain('Caller tier: gold.')
    expect(body.messages[0]?.content).toContain('You are the desk.')
    expect(body.messages.slice(1)).toEqual([assistant('Welcome!'), HI])
    const unknown = ['input', 'instructions', 'max_output_tokens', 'elevenlabs_extra_body']
    for (const key of unknown) expect(body).not.toHaveProperty(key)
  })

  test('may come before anybody has spoken', async () => {
    const { upstream, url } = await startTurnstate({ flow })
    upstream.reply({ say: 'Good morning.' })
    const answer = await openResponse(url, { ...BODY, input: [] })
    expect(kindOf(answer)).toBe('opening')
    expect((await answer.rest()).text).toBe('Good morning.')
  })

  test('goes on in the next turn', async () => {
    const { upstream, url } = await startTurnstate({ flow })
    upstream.reply({ say: 'What is your name?' }, { say: 'Hello Ada.' })
    await (await openResponse(url, BODY)).rest()
    const input = [...BODY.input, assistant('What is your name?'), user('Ada.')]
    const next = await openResponse(url, { ...BODY, input })
    expect(next.headers.get('x-turnstate-heard')).toBe('full')
    expect([kindOf(next), next.headers.get('x-turnstate-exchange')]).toEqual(['new', '2'])
    expect((await next.rest()).text).toBe('Hello Ada.')
  })
})

describe('one conversation through both APIs', () => {
  test('is heard again as a response when it was answered as a chat completion', async () => {
    const { upstream, url, turn } = await startTurnstate({ flow: FLOW })
    upstream.reply({ say: 'Hello, who is it?' })
    expect(await turn([HI])).toMatchObject({ kind: 'new' })
    const again = await openResponse(url, { input: [HI] }, KEY)
    expect(kindOf(again)).toBe('retry')
    expect((await again.rest()).text).toBe('Hello, who is it?')
    expect(upstream.requests).toHaveLength(1)
  })

  test('goes on as a chat completion from what was said in a response', async () => {
    const { upstream, url, turn } = await startTurnstate({ flow: FLOW })
    upstream.reply({ say: 'Hello, who is it?' }, { say: 'Hello Ada.' })
    const first = await openResponse(url, { instructions: 'Be brief.', input: HI.content }, KEY)
    await first.rest()
    const next = [system('Be brief.'), HI, assistant('Hello, who'), user('Ada.')]
    const answer = await turn(next)
    expect(answer).toMatchObject({ kind: 'new', exchange: '2' })
    expect(answer.headers.get('x-turnstate-heard')).toBe('partial')
  })

  test('is joined by either while the other is being answered', async () => {
    const { model, url, stream } = await startPacedTurnstate({ flow: FLOW })
    const asked = openResponse(url, { input: [HI] }, KEY)
    const call = await model.received()
    call.say('Let me ')
    const first = await asked
    await first.hear('Let me ')
    const chat = await stream([HI])
    const second = await openResponse(url, { input: [HI] }, KEY)
    await second.hear('Let me ')
    call.say('see.')
    call.end()
    expect([kindOf(first), kindOf(chat), kindOf(second)]).toEqual(['new', 'retry', 'retry'])
    expect(await chat.rest()).toMatchObject({ text: 'Let me see.', isDone: true })
    for (const answer of [first, second]) {
      expect(await answer.rest()).toMatchObject({ text: 'Let me see.', isDone: true })
    }
    expect(model.calls).toHaveLength(1)
  })

  test('ends a response that other words took the place of, with what was said so far', async () => {
    const { model, url, stream } = await startPacedTurnstate({ flow: FLOW })
    const asked = openResponse(url, { input: [HI] }, KEY)
    const call = await model.received()
    call.say('Let me see. ')
    const first = await asked
    await first.hear('Let me')
    const asking = stream([user('Hi there. Are you open?')])
    const { text, types, isDone } = await first.rest()
    expect(['Let me see. ', 'Let me see.', 'Let me ']).toContain(text)
    expect([types.at(-1), isDone]).toEqual(['response.completed', true])
    const newer = await model.received(2)
    newer.say('We are.')
    newer.end()
    const answer = await asking
    expect(kindOf(answer)).toBe('revised')
    expect(await answer.rest()).toMatchObject({ text: 'We are.', isDone: true })
  })

  test('is never silent: a response that was replaced before its first word says one space', async () => {
    const { model, url, stream } = await startPacedTurnstate({ flow: FLOW })
    const asked = openResponse(url, { input: [HI] }, KEY)
    await model.received()
    const asking = stream([user('Hi there. Are you open?')])
    expect(await (await asked).rest()).toMatchObject({ text: ' ', isDone: true })
    const newer = await model.received(2)
    newer.say('We are.')
    newer.end()
    expect(await (await asking).rest()).toMatchObject({ text: 'We are.' })
  })
})

describe('an upstream', () => {
  test('that fails before its first word is an error of this API too', async () => {
    const { upstream, url } = await startTurnstate({ flow: FLOW })
    upstream.always({ status: 500, body: 'secret details' })
    const answer = await openResponse(url, { input: [HI] }, KEY)
    expect([answer.status, kindOf(answer)]).toEqual([502, 'new'])
  })

  test.each([
    ['breaks off', 'break', {}],
    ['stalls', 'stall', { routing: { idle_timeout_ms: 40 } }],
  ] as const)('that %s midway is ended with spoken words', async (_, fault, config) => {
    const { upstream, url } = await startTurnstate({ flow: FLOW, config })
    upstream.reply({ say: 'I was about to', fault })
    const { text, types, response, isDone } = await (
      await openResponse(url, { input: [HI] }, KEY)
    ).rest()
    expect(text).toBe(`I was about to... ${BUILT_IN_FALLBACK}`)
    expect(types.at(-1)).toBe('response.completed')
    expect(response).toMatchObject({ status: 'completed', output: [{ content: [{ text }] }] })
    expect(isDone).toBe(true)
  })

  test('that never begins is a timeout', async () => {
    const config = { routing: { first_token_timeout_ms: 40 } }
    const { upstream, url } = await startTurnstate({ flow: FLOW, config })
    upstream.always({ fault: 'hang' })
    expect((await openResponse(url, { input: [HI] }, KEY)).status).toBe(504)
  })

  test('is left running for a retry when the caller hangs up', async () => {
    const { model, url } = await startPacedTurnstate({ flow: FLOW })
    const asked = openResponse(url, { input: [HI] }, KEY)
    const call = await model.received()
    call.say('Let me ')
    const first = await asked
    await first.hear('Let me ')
    first.hangUp()
    const again = await openResponse(url, { input: [HI] }, KEY)
    call.say('see.')
    call.end()
    expect(kindOf(again)).toBe('retry')
    expect((await again.rest()).text).toBe('Let me see.')
    expect(model.calls).toHaveLength(1)
  })
})
