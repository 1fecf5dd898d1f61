import { describe, expect, it } from 'vitest'
import { startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { heldReply } from '../../support/gate.ts'
import { told } from '../../support/asked-of-model.ts'

const GARAGE = { starting_state: 'desk', states: { desk: { say: 'Garage desk, hello.' } } }
const NAMED = {
  starting_state: 'desk',
  variables: { caller_name: {}, direction: {} },
  states: { desk: { say: 'Hello {{caller_name}}, from {{extra.call.metadata.town}}.' } },
}
const DETAILS = {
  call_type: 'phone_call',
  direction: 'inbound',
  from_number: '+4712345678',
  metadata: { town: 'Oslo' },
  retell_llm_dynamic_variables: { caller_name: 'Kari', unfilled: '{{who}}' },
} as const

describe('the begin message', () => {
  it('comes after the config, which asks for pings, the call and the tools', async () => {
    const { url } = await startTurnstate({ flow: GARAGE })
    const call = await startRetellCall(url)
    expect(await call.spoken(0)).toMatchObject({ text: 'Garage desk, hello.' })
    expect(call.line.frames[0]).toEqual({
      response_type: 'config',
      config: { auto_reconnect: true, call_details: true, transcript_with_tool_calls: true },
    })
    expect(call.ofType('config')).toHaveLength(1)
  })

  it('is what the model greets with where the flow says nothing', async () => {
    const { url, upstream } = await startTurnstate({
      flow: { starting_state: 'desk', states: { desk: { state_prompt: 'Greet.' } } },
    })
    upstream.reply({ say: 'Good morning, garage.' })
    const call = await startRetellCall(url)
    const { text, pieces } = await call.spoken(0)
    expect(text).toBe('Good morning, garage.')
    expect(pieces).toBeGreaterThanOrEqual(2)
  })

  it('is empty where the caller speaks first', async () => {
    const { url } = await startTurnstate({
      flow: GARAGE,
      config: { retell: { first_speaker: 'caller' } },
    })
    const call = await startRetellCall(url)
    expect(await call.spoken(0)).toMatchObject({ text: '', pieces: 1 })
    await call.settled()
    expect(call.ofType('response')).toHaveLength(1)
  })

  it('waits for the call, where the flow uses what is known of it', async () => {
    const { url } = await startTurnstate({
      flow: NAMED,
      config: { retell: { call_details_timeout_ms: 5000 } },
    })
    const call = await startRetellCall(url)
    await call.settled()
    expect(call.ofType('response')).toEqual([])
    call.details(DETAILS)
    expect(await call.spoken(0)).toMatchObject({ text: 'Hello Kari, from Oslo.' })
  })

  it('does not wait for the call for ever', async () => {
    const { url } = await startTurnstate({
      flow: NAMED,
      config: { retell: { call_details_timeout_ms: 50 } },
    })
    const call = await startRetellCall(url)
    expect(await call.spoken(0)).toMatchObject({ text: 'Hello , from .' })
  })

  it('does not wait for the call where the operator says so', async () => {
    const { url } = await startTurnstate({
      flow: NAMED,
      config: { retell: { call_details_timeout_ms: 5000, greet_after_call_details: false } },
    })
    const call = await startRetellCall(url)
    expect(await call.spoken(0)).toMatchObject({ text: 'Hello , from .' })
  })

  it('gives way to a caller who speaks before it', async () => {
    const { url, upstream } = await startTurnstate({
      flow: NAMED,
      config: { retell: { call_details_timeout_ms: 5000 } },
    })
    upstream.reply({ say: 'Yes?' })
    const call = await startRetellCall(url)
    call.user('Anybody there?')
    expect(await call.spoken(call.ask())).toMatchObject({ text: 'Yes?' })
    expect(await call.spoken(0)).toMatchObject({ text: '', pieces: 1 })
  })

  it('gives way to a caller who speaks over it', async () => {
    const { url, upstream } = await startTurnstate({
      flow: { starting_state: 'desk', states: { desk: {} } },
    })
    upstream.reply({ say: 'Good morning and', fault: 'stall' }, { say: 'Tyres, sure.' })
    const call = await startRetellCall(url)
    await call.firstWords(0)
    call.heard('Good')
    call.user('I need tyres')
    expect(await call.spoken(call.ask())).toMatchObject({ text: 'Tyres, sure.' })
    const { closed } = await upstream.received(1)
    expect(await closed).toBe(true)
    const begun = call.ofType('response').filter(({ response_id }) => response_id === 0)
    expect(begun.every(({ content_complete }) => content_complete === false)).toBe(true)
  })
})

describe('a call that was connected before', () => {
  it('gets its config again, an empty begin message and no second greeting, and stands where it stood', async () => {
    const { url, upstream } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        states: {
          desk: {
            say: 'Garage desk, hello.',
            edges: [{ to: 'tyres', when: { type: 'llm', description: 'Wants tyres.' } }],
          },
          tyres: { state_prompt: 'Sell tyres.' },
        },
      },
    })
    upstream.reply({ calls: [{ name: 'transition_to_tyres' }] }, { say: 'Which car is it for?' })
    const first = await startRetellCall(url)
    first.heard((await first.spoken(0)).text)
    await first.exchange('I need tyres')
    const second = await first.redial()
    expect(await second.spoken(0)).toMatchObject({ text: '', pieces: 1 })
    expect(second.ofType('config')).toHaveLength(1)
    upstream.reply({ say: 'A Volvo, fine.' })
    expect(await second.exchange('A Volvo')).toMatchObject({ text: 'A Volvo, fine.' })
    expect(told(await upstream.received(3))).toContain('Sell tyres.')
  })

  it('is known by what was said in it, where nobody remembers it', async () => {
    const { url } = await startTurnstate({
      flow: NAMED,
      config: { retell: { call_details_timeout_ms: 5000 }, store: { type: 'none' } },
    })
    const byTranscript = await startRetellCall(url, {
      transcript: [{ role: 'agent', content: 'Hello Kari' }],
    })
    byTranscript.update()
    expect(await byTranscript.spoken(0)).toMatchObject({ text: '' })
    const byCall = await startRetellCall(url, { callId: 'call-2' })
    byCall.details({ ...DETAILS, transcript: 'Agent: Hello Kari' })
    expect(await byCall.spoken(0)).toMatchObject({ text: '' })
  })

  it('counts on its newest connection: the old one says nothing more and is not listened to', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer, { say: 'Here I am.' })
    const first = await startRetellCall(url)
    await first.spoken(0)
    first.heard('Garage desk, hello.')
    first.user('Hello?')
    const id = first.ask()
    await held.reached
    const second = await startRetellCall(url, { transcript: first.transcript, lastId: id })
    second.more('Anybody?')
    const asked = second.ask()
    // On its way when the other connection opened.
    first.ask()
    expect(await second.spoken(asked)).toMatchObject({ text: 'Here I am.' })
    held.release()
    await first.line.closed
    await second.settled()
    const said = first.ofType('response').map(({ response_id }) => response_id)
    expect(said.filter((each) => each !== 0)).toEqual([])
    expect(upstream.requests).toHaveLength(2)
  })

  it('takes the same number again on its new connection', async () => {
    const { url, upstream } = await startTurnstate({ flow: GARAGE })
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer, { say: 'Here I am.' })
    const first = await startRetellCall(url)
    await first.spoken(0)
    first.user('Hello?')
    first.ask()
    await held.reached
    const second = await first.redial()
    await second.spoken(0)
    second.line.send({
      interaction_type: 'response_required',
      response_id: 1,
      transcript: second.transcript,
    })
    held.release()
    expect((await second.spoken(1)).text).toMatch(/Too late\.|Here I am\./)
  })
})
