import { describe, expect, it } from 'vitest'
import { post } from '../../support/listening-app.ts'
import { startRetellCall, type RetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { shown, told } from '../../support/asked-of-model.ts'

const DESK = { starting_state: 'desk', states: { desk: { say: 'Garage desk.' } } }
const ACTIONS = {
  hang_up: { type: 'end_call' },
  to_desk: { type: 'transfer_call', number: '+4711111111' },
  to_anybody: { type: 'transfer_call', pattern: '.*' },
}
const AUTH = {
  keys: [
    { name: 'one', secret: 'first-secret' },
    { name: 'two', secret: 'second-secret' },
  ],
  signing_secret: 'a secret for the tests only',
}
const ROUTE = '/v1/retell/calls/call-1/interrupt'

async function liveCall(flow: object = DESK) {
  const server = await startTurnstate({
    flow: { ...flow },
    config: { retell: { actions: ACTIONS }, auth: AUTH },
  })
  const call = await startRetellCall(server.url, { prefix: '/k/first-secret' })
  const say = (body: object) => post(`${server.url}${ROUTE}`, body, { 'x-api-key': 'first-secret' })
  return { ...server, call, say }
}

describe('words out of turn', () => {
  it('are spoken on a live call, and nobody may speak over them', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    const answer = await say({ content: 'Your car is ready.' })
    expect(answer.status).toBe(200)
    const told = (await answer.json()) as { readonly interrupt_id: number } // as the next line says
    expect(told).toEqual({ call_id: 'call-1', interrupt_id: expect.any(Number) as number })
    await call.settled()
    expect(call.ofType('agent_interrupt')).toEqual([
      {
        response_type: 'agent_interrupt',
        interrupt_id: told.interrupt_id,
        content: 'Your car is ready.',
        content_complete: true,
        no_interruption_allowed: true,
      },
    ])
  })

  it('cancel an answer that is open', async () => {
    const { call, say, upstream } = await liveCall()
    await call.spoken(0)
    call.heard('Garage desk.')
    upstream.reply({ say: 'Let me think', fault: 'stall' })
    call.user('Is it ready?')
    const id = call.ask()
    await call.firstWords(id)
    await say({ content: 'It is ready.' })
    await call.settled()
    const pieces = call.ofType('response').filter(({ response_id }) => response_id === id)
    expect(pieces.every(({ content_complete }) => content_complete === false)).toBe(true)
    expect(call.line.frames.at(-2)).toMatchObject({ response_type: 'agent_interrupt' })
  })

  it('take the place of other words out of turn, by a number of their own', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    await say({ content: 'One.' })
    await say({ content: 'Two.', end_call: true, no_interruption_allowed: false })
    await call.settled()
    const [one, two] = call.ofType('agent_interrupt')
    expect(one).toMatchObject({ content: 'One.' })
    expect(two).toMatchObject({ content: 'Two.', end_call: true, no_interruption_allowed: false })
    expect(two?.interrupt_id).not.toBe(one?.interrupt_id)
    // A server that was started anew does not count from one: Retell knows those numbers.
    expect(one?.interrupt_id).toBeGreaterThan(1_000_000)
  })

  it('come in pieces where they are long, with one end that says what follows', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    const content = 'Your car is ready. '.repeat(100)
    await say({ content, transfer_number: '+4712345678' })
    await call.settled()
    const pieces = call.ofType('agent_interrupt')
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.map((piece) => piece.content).join('')).toBe(content)
    expect(pieces.map((piece) => piece.content_complete === true).indexOf(true)).toBe(
      pieces.length - 1,
    )
    expect(pieces.at(-1)).toMatchObject({ transfer_number: '+4712345678' })
  })

  it('are cut between characters where there is no space', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    const content = `${'x'.repeat(499)}\u{1F697}${'y'.repeat(600)}`
    await say({ content })
    await call.settled()
    const pieces = call.ofType('agent_interrupt').map((piece) => String(piece.content))
    expect(pieces.join('')).toBe(content)
    expect(pieces.filter((piece) => /\p{Surrogate}/u.test(piece))).toEqual([])
  })

  it('let the agent speak where the begin message is still waited for', async () => {
    const { call, say } = await liveCall({
      starting_state: 'desk',
      states: { desk: { say: 'Hello {{extra.call.to_number}}.' } },
    })
    await call.settled()
    await say({ content: 'We are closed.', action: 'hang_up' })
    expect(await call.spoken(0)).toMatchObject({ text: '', pieces: 1 })
    await call.settled()
    expect(call.ofType('agent_interrupt')).toMatchObject([{ end_call: true }])
  })

  it.each([
    ['on its line', (call: RetellCall) => Promise.resolve(call)],
    ['where it is dialled again', (call: RetellCall) => call.redial()],
  ])('do not disturb where the conversation stands: %s', async (_, goOn) => {
    const { call, say, upstream } = await liveCall({
      starting_state: 'desk',
      states: {
        desk: {
          say: 'Garage desk.',
          edges: [{ to: 'tyres', when: { type: 'llm', description: 'Wants tyres.' } }],
        },
        tyres: { state_prompt: 'Sell tyres.' },
      },
    })
    call.heard((await call.spoken(0)).text)
    upstream.reply({ calls: [{ name: 'transition_to_tyres' }] }, { say: 'Which car is it for?' })
    await call.exchange('I need tyres')
    await say({ content: 'By the way, your bike is ready.' })
    call.heard('By the way, your bike')
    const later = await goOn(call)
    upstream.reply({ say: 'A Volvo, fine.' })
    await later.exchange('A Volvo')
    const asked = await upstream.received(3)
    expect(told(asked)).toContain('Sell tyres.')
    expect(told(asked)).not.toContain('cut after')
    expect(shown(asked)).toContain('assistant: By the way, your bike')
  })

  it('may be an action whose number stands in the file', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    await say({ content: 'I put you through.', action: 'to_desk' })
    await call.settled()
    expect(call.ofType('agent_interrupt')).toMatchObject([{ transfer_number: '+4711111111' }])
  })
})

describe('a request for words out of turn', () => {
  it.each([
    ['an empty one', { content: ' ' }, 'content'],
    ['no content', {}, 'content'],
    ['a content that is no text', { content: 5 }, 'content'],
    ['too much', { content: 'x'.repeat(10_001) }, 'content'],
    ['an unknown key', { content: 'x', voice: 'y' }, 'voice'],
    ['no phone number', { content: 'x', transfer_number: 'here' }, 'transfer_number'],
    ['no key of a phone', { content: 'x', digit_to_press: '12' }, 'digit_to_press'],
    ['two wishes', { content: 'x', end_call: true, digit_to_press: '1' }, 'action'],
    ['an unknown action', { content: 'x', action: 'dance' }, 'action'],
    ['an action without its number', { content: 'x', action: 'to_anybody' }, 'action'],
  ])('that holds %s is refused', async (_, body, param) => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    const answer = await say(body)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request', param } })
    await call.settled()
    expect(call.ofType('agent_interrupt')).toEqual([])
  })

  it('finds only calls that are connected, and only with their own key', async () => {
    const { url } = await startTurnstate({
      flow: DESK,
      config: { auth: AUTH },
    })
    const call = await startRetellCall(url, { prefix: '/k/first-secret' })
    await call.spoken(0)
    const say = (headers: Record<string, string>, at = ROUTE) =>
      post(`${url}${at}`, { content: 'Hi.' }, headers)
    expect((await say({})).status).toBe(401)
    // Before a body of strangers is read.
    const large = post(`${url}${ROUTE}`, { content: 'x'.repeat(5_000_000) })
    expect((await large).status).toBe(401)
    expect((await say({ 'x-api-key': 'second-secret' })).status).toBe(404)
    const first = { authorization: 'Bearer first-secret' }
    expect((await say(first, '/v1/retell/calls/call-2/interrupt')).status).toBe(404)
    expect((await say(first)).status).toBe(200)
    call.line.socket.close()
    await call.line.closed
    await expect.poll(async () => (await say(first)).status).toBe(404)
  })

  it('are for callers with a key only, also where the server is open otherwise', async () => {
    const { url } = await startTurnstate({ flow: DESK })
    const call = await startRetellCall(url)
    await call.spoken(0)
    expect((await post(`${url}${ROUTE}`, { content: 'Hi.' })).status).toBe(401)
    await call.settled()
    expect(call.ofType('agent_interrupt')).toEqual([])
  })

  it('reaches the newest connection of a call that was dialled again', async () => {
    const { call, say } = await liveCall()
    await call.spoken(0)
    const again = await startRetellCall(call.line.socket.url.replace(/\/llm.*/, ''))
    await again.spoken(0)
    call.line.socket.close()
    await call.line.closed
    await again.settled()
    expect((await say({ content: 'Hi.' })).status).toBe(200)
    await again.settled()
    expect(again.ofType('agent_interrupt')).toHaveLength(1)
    expect(call.ofType('agent_interrupt')).toHaveLength(0)
  })
})
