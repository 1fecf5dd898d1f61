import { describe, expect, it } from 'vitest'
import {
  changed,
  platformLine,
  requestOf,
  saying,
  startForPlatform,
} from '../../../support/platform-requests.ts'
import { goTo, startPacedRooms } from '../../../support/rooms-flow.ts'
import { assistant, system, user } from '../../../support/wire-messages.ts'

const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const CORE = ['max_tokens', 'messages', 'model', 'stream', 'temperature', 'tools']

describe('a request of Vapi', () => {
  it.each([
    ['variable', 'body.call.id', '4b7c1c1e-0f6c-4a3e-9d5a-5f9f4b7f2a11'],
    ['destructured', 'body.call.id', '4b7c1c1e-0f6c-4a3e-9d5a-5f9f4b7f2a11'],
    ['off', 'header.x-conversation-id', 'vapi-call-42'],
    ['older', 'body.call.callId', 'older-call-7'],
    ['metadata_only', 'body.metadata.conversation_id', 'from-metadata'],
  ])('with metadata mode "%s" has its key from %s', async (mode, key_source, conversation) => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('vapi', mode))).toMatchObject({ key_source, conversation })
  })

  it('has no key while its templates are not filled', async () => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('vapi', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('with a header that somebody set up has its key from there, whatever the call is', async () => {
    const { look } = await startForPlatform()
    const headers = { 'x-conversation-id': 'mine' }
    expect(await look(changed(requestOf('vapi', 'variable'), { headers }))).toMatchObject({
      conversation: 'mine',
      key_source: 'header.x-conversation-id',
    })
  })

  it.each(['variable', 'destructured'])(
    'with metadata mode "%s" goes upstream as a plain one and comes back as a stream',
    async (mode) => {
      const { upstream, send } = await startForPlatform()
      upstream.reply({ say: 'For which day?' })
      const answer = await send(requestOf('vapi', mode))
      const { body, rawBody } = await upstream.received()
      expect(Object.keys(body).sort()).toEqual(CORE)
      expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
      for (const extra of ['4b7c1c1e', 'gold', '555']) expect(rawBody).not.toContain(extra)
      expect(answer).toMatchObject({ kind: 'new', text: 'For which day?', isDone: true })
      expect(answer.frames.length).toBeGreaterThan(2)
      for (const frame of answer.frames) expect(frame.choices).toBeInstanceOf(Array)
      expect(answer.frames[0]?.choices[0]?.delta.role).toBe('assistant')
      expect(answer.frames.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    },
  )

  it('with legacy functions offers them as tools, and their calls end as tool calls', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ calls: [{ name: 'endCall', arguments: {} }] })
    const answer = await send(requestOf('vapi', 'older'))
    const { body } = await upstream.received()
    expect(body.tools?.map((tool) => tool.function.name)).toContain('endCall')
    expect(answer.frames.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
    for (const frame of answer.frames) expect(frame.choices).toBeInstanceOf(Array)
  })

  it('without a user message is the opening of the call', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: 'The clinic, good morning!' })
    const first = saying(requestOf('vapi', 'variable'), [DESK])
    const answer = await send(first)
    expect(answer).toMatchObject({ kind: 'opening', exchange: '0', isDone: true })
    expect(answer.text).toBe('The clinic, good morning!')
  })
})

describe('the history of Vapi', () => {
  it('re-transcribed and merged is what was said, and no rollback', async () => {
    const { upstream, send, look } = await startForPlatform()
    const turn = requestOf('vapi', 'variable')
    upstream.reply(...goTo('b', 'Dr. Lee has 10:30 free, is that fine?'), { say: 'Very well.' })
    await send(turn)
    const respelled = assistant('dr lee has ten thirty free is that fine')
    const next = saying(turn, [DESK, HI, respelled, user('yes')])
    expect(await look(next)).toMatchObject({ rollback: false, exchange: 2, state: 'b' })
    expect(await send(next)).toMatchObject({ kind: 'new', exchange: '2', state: 'b' })
  })

  it('without a reply that nobody heard takes the place of that reply', async () => {
    const { upstream, send } = await startForPlatform()
    const turn = requestOf('vapi', 'variable')
    upstream.reply(...goTo('b', 'On which day?'), { say: 'Tomorrow, then.' })
    await send(turn)
    const answer = await send(saying(turn, [DESK, user('I need an appointment. Tomorrow.')]))
    expect(answer).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
  })
})

it('six requests for one turn, five of them aborted, cost one generation per text and one booking', async () => {
  const { webhook, model, url } = await startPacedRooms()
  const { open } = platformLine(url)
  webhook.release()
  const post = (text: string) => open(saying(requestOf('vapi', 'variable'), [DESK, user(text)]))
  const speech = () => model.calls.filter(({ body }) => body.messages.at(-1)?.role === 'user')
  const heard = (line: Awaited<ReturnType<typeof open>>, words: string) =>
    line.until(() => line.raw().includes(words), words)

  const [first, call] = await Promise.all([post('Book'), model.received(1).then(say('One'))])
  await heard(first, 'One')
  const second = await post('Book')
  await heard(second, 'One')
  first.hangUp()
  const asked = post('Book a table')
  const booking = await model.received(2)
  expect(await call.closed).toBe(true)
  booking.end([{ name: 'book', arguments: { seats: 2 } }])
  ;(await model.received(3)).say('Booked')
  const third = await asked
  second.hangUp()
  await heard(third, 'Booked')
  const fourth = await post('Book a table')
  await heard(fourth, 'Booked')
  third.hangUp()
  const last = post('Book a table for two')
  ;(await model.received(4)).end([{ name: 'book', arguments: { seats: 2 } }])
  const final = await model.received(5)
  final.say('It is')
  const fifth = await last
  fourth.hangUp()
  const sixth = await post('Book a table for two')
  fifth.hangUp()
  await heard(sixth, 'It is')
  final.say(' booked.')
  final.end()
  expect(await sixth.toEnd()).toContain('[DONE]')
  expect(speech().map(({ body }) => body.messages.at(-1)?.content)).toEqual([
    'Book',
    'Book a table',
    'Book a table for two',
  ])
  expect(webhook.received).toHaveLength(1)
})

const say =
  (words: string) =>
  <Call extends { readonly say: (words: string) => void }>(call: Call): Call => {
    call.say(words)
    return call
  }
