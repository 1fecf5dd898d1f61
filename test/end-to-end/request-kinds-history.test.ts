import { describe, expect, it } from 'vitest'
import { goTo, startRooms } from '../support/rooms-flow.ts'
import { assistant, system, user } from '../support/wire-messages.ts'

const HI = user('I need an appointment, please.')
const IN_B = assistant('Welcome to the second room, where everything is blue.')
const NEXT = user('And what is next?')

/** The first exchange led into b. */
async function startInB(config = {}) {
  const server = await startRooms(config)
  server.upstream.reply(...goTo('b', IN_B.content))
  await server.turn([HI])
  server.upstream.always({ say: 'Well, well.' })
  return server
}

describe('a request with speech that nobody has answered', () => {
  it('new: gets an answer of its own', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ say: 'Welcome.' })
    const answer = await turn([system('You are kind.'), HI])
    expect(answer).toMatchObject({ kind: 'new', exchange: '1', state: 'a', text: 'Welcome.' })
    expect(answer.headers.get('x-turnstate-heard')).toBe('unknown')
    expect(upstream.requests).toHaveLength(1)
    expect((await upstream.received()).body.messages).toEqual([
      system('You are kind.\n\nYou are in a.'),
      HI,
    ])
  })

  it('new_cold: after a restart the state is that of the token, at low confidence', async () => {
    const KEY = { 'x-conversation-id': 'call-1' }
    // Another address of a webhook would make it another flow.
    const tools = { book: { type: 'static', description: 'Book', result: 'booked' } }
    const old = await startRooms({ tools })
    old.upstream.reply(...goTo('b', IN_B.content))
    const { body } = await old.turn([HI], {}, { ...KEY, 'x-turnstate-metadata': '1' })
    const { token } = (body as { turnstate: { token: string } }).turnstate // asked for
    const { upstream, turn } = await startRooms({ tools })
    upstream.always({ say: 'Well.' })
    const history = [HI, IN_B, NEXT]
    const cold = { kind: 'new', exchange: '2' }
    const known = await turn(history, { elevenlabs_extra_body: { turnstate_token: token } })
    expect(known).toMatchObject({ ...cold, state: 'b' })
    expect(known.headers.get('x-turnstate-confidence')).toBe('low')
    const other = { 'x-conversation-id': 'call-2' }
    expect(await turn(history, {}, other)).toMatchObject({ ...cold, state: 'a' })
    expect((await upstream.received(2)).body.messages.slice(1)).toEqual(history)
  })

  it('committed: after a reply that was heard whole goes on from there', async () => {
    const { turn } = await startInB()
    const answer = await turn([HI, IN_B, NEXT])
    expect(answer).toMatchObject({ kind: 'new', exchange: '2', state: 'b' })
    expect(answer.headers.get('x-turnstate-heard')).toBe('full')
    expect(answer.headers.get('x-turnstate-confidence')).toBe('exact')
  })

  it('committed_partial: after a reply that was cut keeps its transition and tells the model', async () => {
    const { upstream, turn } = await startInB()
    const cut = assistant('Welcome to the second room, whe...')
    const answer = await turn([HI, cut, NEXT])
    expect(answer).toMatchObject({ kind: 'new', exchange: '2', state: 'b' })
    expect(answer.headers.get('x-turnstate-heard')).toBe('partial')
    const { rawBody, body } = await upstream.received(3)
    expect(body.messages[0]?.content).toContain('cut after "to the second room, whe"')
    expect(body.messages.slice(1)).toEqual([HI, cut, NEXT])
    expect(rawBody).not.toContain('blue')
  })

  it('filler_only: after nothing but a filler goes on with the speech before it', async () => {
    const { upstream, turn } = await startInB({ fallback: 'Say that again?' })
    const heard = [HI, assistant('Say that again?'), user('An appointment.')]
    expect(await turn(heard)).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual([
      user('I need an appointment, please. An appointment.'),
    ])
  })

  it('foreign: after words that were not ours stays where it was, and the model sees them', async () => {
    const { upstream, turn } = await startInB()
    const guardrail = assistant('I am not able to speak about politics.')
    const history = [HI, IN_B, user('Whom should I vote for?'), guardrail, NEXT]
    const answer = await turn(history)
    expect(answer).toMatchObject({ kind: 'new', exchange: '3', state: 'b' })
    expect(answer.headers.get('x-turnstate-confidence')).toBe('low')
    expect((await upstream.received(3)).body.messages).toContainEqual(guardrail)
  })

  it('head_loss: below a history whose head is gone goes on from the same place', async () => {
    const { turn, derive } = await startInB()
    const second = await turn([HI, IN_B, NEXT])
    const tail = [NEXT, second.message, user('Is that all there is?')]
    expect(await derive(tail)).toMatchObject({ rollback: false, discarded: [] })
    expect(await turn(tail)).toMatchObject({ kind: 'new', exchange: '3', state: 'b' })
  })

  it('prompt_update: under another system text is the same request, and the model gets that text', async () => {
    const { upstream, turn } = await startInB()
    expect(await turn([system('It is noon.'), HI])).toMatchObject({
      kind: 'retry',
      text: IN_B.content,
    })
    expect(upstream.requests).toHaveLength(2)
    const answer = await turn([system('It is one.'), HI, IN_B, NEXT])
    expect(answer).toMatchObject({ kind: 'new', exchange: '2', state: 'b' })
    expect(answer.headers.get('x-turnstate-confidence')).toBe('exact')
    expect((await upstream.received(3)).body.messages[0]).toEqual(
      system('It is one.\n\nYou are in b.'),
    )
  })
})

describe('a request of another agent, call or caller', () => {
  it('handover: what another agent said leaves the flow at its beginning', async () => {
    const { upstream, turn } = await startInB()
    const talk = [HI, assistant('I am putting you through to the clinic.'), user('Thank you.')]
    const first = await turn(
      [system('You are the clinic.'), ...talk],
      {},
      {
        'x-conversation-id': 'call-2',
      },
    )
    expect(first).toMatchObject({ kind: 'new', exchange: '2', state: 'a' })
    expect(first.headers.get('x-turnstate-confidence')).toBe('low')
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual(talk)
    // A known history says nothing under another key.
    const known = await turn([HI, IN_B, NEXT], {}, { 'x-conversation-id': 'call-3' })
    expect(known).toMatchObject({ kind: 'new', exchange: '2', state: 'a' })
    expect(known.headers.get('x-turnstate-confidence')).toBe('low')
  })

  it('reconnect: a new call with an empty history begins anew', async () => {
    const { turn } = await startInB()
    const again = { 'x-conversation-id': 'call-2' }
    const opening = await turn([system('You are kind.')], { user: 'ada' }, again)
    expect(opening).toMatchObject({ kind: 'opening', exchange: '0', state: 'a' })
    expect(await turn([HI], { user: 'ada' }, again)).toMatchObject({ kind: 'new', state: 'a' })
    expect(await turn([HI, IN_B, NEXT])).toMatchObject({ kind: 'new', state: 'b' })
  })
})

describe('a request without speech', () => {
  it('first_call: with a system text only is greeted', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ say: 'Good morning!' })
    const opening = await turn([system('You are kind.')])
    expect(opening).toMatchObject({ kind: 'opening', exchange: '0', text: 'Good morning!' })
    expect(opening.headers.get('x-turnstate-heard')).toBe('unknown')
  })

  it('nudge: dots or a history that ends in our words are answered in the same exchange, twice', async () => {
    const { upstream, turn } = await startInB()
    upstream.reply({ say: 'Are you there?' }, { say: 'Hello?' })
    const silence = { kind: 'silence', exchange: '1', state: 'b' }
    expect(await turn([HI, IN_B, user('...')])).toMatchObject({
      ...silence,
      text: 'Are you there?',
    })
    expect(await turn([HI, IN_B])).toMatchObject({ ...silence, text: 'Hello?' })
    expect(await turn([HI, IN_B, user('\u2026')])).toMatchObject({ ...silence, text: '... ' })
    expect(upstream.requests).toHaveLength(4)
    const greeted = { 'x-conversation-id': 'call-2' }
    expect(await turn([assistant('Hello!')], {}, greeted)).toMatchObject({
      kind: 'silence',
      exchange: '0',
      text: 'Well, well.',
    })
  })
})
