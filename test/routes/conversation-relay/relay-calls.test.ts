import { describe, expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { post } from '../../support/listening-app.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { shown } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const DESK = { starting_state: 'desk', states: { desk: { state_prompt: 'Be short.' } } }

describe('a call through ConversationRelay', () => {
  it('is answered token by token, and every answer has exactly one end', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Nine in the morning.' }, { say: 'At six.' })
    line.prompt('When do you open?')
    expect(await line.answer()).toBe('Nine in the morning.')
    line.prompt('And close?')
    expect(await line.answer()).toBe('At six.')
    const texts = line.frames.filter(({ type }) => type === 'text')
    expect(texts.length).toBeGreaterThanOrEqual(4)
    expect(texts.filter(({ last }) => last)).toEqual([
      { type: 'text', token: '', last: true },
      { type: 'text', token: '', last: true },
    ])
  })

  it('has its whole conversation shown to the model, though the platform sends only what is new', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Nine.' }, { say: 'Six.' }, { say: 'Bye.' })
    line.prompt('When do you open?')
    await line.answer()
    line.prompt('And close?')
    await line.answer()
    line.prompt('Thanks.')
    await line.answer()
    expect(shown(await upstream.received(3))).toEqual([
      'user: When do you open?',
      'assistant: Nine.',
      'user: And close?',
      'assistant: Six.',
      'user: Thanks.',
    ])
  })

  it('says nothing until the caller speaks, since the platform has its own greeting', async () => {
    const flow = { ...DESK, states: { desk: { say: 'Clinic, hello!' } } }
    const { url, upstream } = await startTurnstate({ flow })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Yes?' })
    line.prompt('Hello?')
    await line.answer()
    expect(JSON.stringify(line.frames)).not.toContain('Clinic')
  })

  it('may begin with the agent, once in a call', async () => {
    const flow = { ...DESK, states: { desk: { say: 'Clinic, hello!' } } }
    const config = { conversation_relay: { first_speaker: 'agent' } }
    const { url, upstream } = await startTurnstate({ flow, config })
    const first = await dialRelay(url)
    expect(await first.answer()).toBe('Clinic, hello!')
    first.socket.close()
    await first.closed
    const second = await dialRelay(url, { setup: { sessionId: 'VX2' } })
    upstream.reply({ say: 'Nine.' })
    second.prompt('When do you open?')
    expect(await second.answer()).toBe('Nine.')
    expect(second.frames.map(({ token }) => token).join('')).toBe('Nine.')
    expect(shown(await upstream.received(1))).toEqual([
      'assistant: Clinic, hello!',
      'user: When do you open?',
    ])
  })

  it('goes on where it was when the platform connects anew, and another call does not', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const first = await dialRelay(url)
    upstream.reply({ say: 'Nine.' }, { say: 'Six.' }, { say: 'What?' })
    first.prompt('When do you open?')
    await first.answer()
    first.socket.terminate()
    const second = await dialRelay(url, { setup: { sessionId: 'VX2' } })
    second.prompt('And close?')
    expect(await second.answer()).toBe('Six.')
    expect(shown(await upstream.received(2))).toEqual([
      'user: When do you open?',
      'assistant: Nine.',
      'user: And close?',
    ])
    const other = await dialRelay(url, { setup: { sessionId: 'VX3', callSid: 'CA2' } })
    other.prompt('And close?')
    await other.answer()
    expect(shown(await upstream.received(3))).toEqual(['user: And close?'])
  })

  it.each([
    ['callSid', { callSid: 'a', callControlId: 'b', callSessionId: 'c', sessionId: 'd' }, 'a'],
    [
      'callControlId of Telnyx',
      { callSid: null, callControlId: 'b', callSessionId: 'c', sessionId: 'd' },
      'b',
    ],
    ['callSessionId of Telnyx', { callSid: undefined, callSessionId: 'c', sessionId: 'd' }, 'c'],
    ['sessionId', { callSid: '', sessionId: 'd' }, 'd'],
    ['no template that was not filled', { callSid: '{{CallSid}}', sessionId: 'd' }, 'd'],
  ])('is known by its %s', async (_, setup, key) => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    upstream.reply({ say: 'Yes.' })
    const line = await dialRelay(url, { setup })
    line.prompt('Hello?')
    await line.answer()
    expect(await isKnown(url, key)).toBe(true)
    expect(await isKnown(url, 'nobody')).toBe(false)
  })

  it('takes the pieces of an utterance for one', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Sure.' }, { say: 'Yes.' }, { say: 'Well.' })
    line.prompt('I need', { last: false })
    line.prompt('I need an appoint', { last: false })
    line.prompt('I need an appointment.')
    expect(await line.answer()).toBe('Sure.')
    line.prompt('On Tuesday', { last: false })
    line.prompt('at nine.', { last: false })
    line.prompt('')
    await line.answer()
    expect(shown(await upstream.received(2))).toEqual([
      'user: I need an appointment.',
      'assistant: Sure.',
      'user: On Tuesday at nine.',
    ])
    expect(upstream.requests).toHaveLength(2)
  })

  it('does not answer an utterance without words', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Yes?' })
    line.prompt('  ')
    line.prompt('Hello?')
    await line.answer()
    expect(upstream.requests).toHaveLength(1)
  })

  it('loses no word of a caller who talks on before anything is answered', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer)
    const line = await dialRelay(url)
    line.prompt('I need an appointment.')
    await held.reached
    upstream.always({ say: 'On Tuesday.' })
    line.prompt('For my daughter.')
    line.prompt('Soon, please.')
    expect(await line.answer()).toBe('On Tuesday.')
    held.release()
    const last = upstream.requests.at(-1)
    expect(last && shown(last)).toEqual([
      'user: I need an appointment. For my daughter. Soon, please.',
    ])
  })

  it('costs one model call where the caller says the same again before it is answered', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Yes, I am here.' })
    upstream.reply(held.answer)
    const line = await dialRelay(url)
    line.prompt('Hello?')
    await held.reached
    line.prompt('Hello?')
    line.send({ type: 'info', name: 'agentSpeaking', value: 'off' })
    held.release()
    expect(await line.answer()).toBe('Yes, I am here.')
    expect(upstream.requests).toHaveLength(1)
  })

  it('tells the flow what the platform knows of it', async () => {
    const { url, upstream } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        variables: { customer: { type: 'string' }, visits: { type: 'integer' }, language: {} },
        states: {
          desk: {
            state_prompt:
              'Customer {{customer}}, {{visits}} visits, language {{language}}, from {{extra.call.from}}.',
          },
        },
      },
    })
    upstream.reply({ say: 'Hello.' })
    const customParameters = { customer: 'c-17', visits: '3', other: 'x' }
    const line = await dialRelay(url, { setup: { customParameters } })
    line.prompt('Hello?', { lang: 'de-DE' })
    await line.answer()
    expect((await upstream.received()).body.messages[0]).toEqual({
      role: 'system',
      content: 'Customer c-17, 3 visits, language de-DE, from +14151234567.',
    })
    upstream.reply({ say: 'Sí.' })
    line.prompt('¿Hola?', { lang: 'es-ES' })
    await line.answer()
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('language es-ES')
  })

  it('speaks fixed texts in the language that the caller was heard in', async () => {
    const { url } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        variables: { language: {} },
        states: {
          desk: { edges: [{ to: 'end', when: { type: 'always' } }] },
          end: { say: { en: 'Goodbye.', de: 'Auf Wiedersehen.' } },
        },
      },
    })
    const line = await dialRelay(url)
    line.prompt('Danke.', { lang: 'de-DE' })
    expect(await line.answer()).toBe('Auf Wiedersehen.')
  })

  it('says that something went wrong where the model fails, and goes on', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK })
    const line = await dialRelay(url)
    upstream.reply({ status: 500, body: '{}' }, { say: 'Nine.' })
    line.prompt('When do you open?')
    expect(await line.answer()).toContain('Could you say that again')
    line.prompt('When do you open?')
    expect(await line.answer()).toBe('Nine.')
  })
})

describe('keys that the caller presses', () => {
  const config = { conversation_relay: { dtmf_gap_ms: 40 } }

  it('are one input as long as they follow each other, equal ones too', async () => {
    const { url, upstream } = await startTurnstate({ flow: DESK, config })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Thank you.' })
    for (const digit of '1122') line.send({ type: 'dtmf', digit })
    expect(await line.answer()).toBe('Thank you.')
    expect(shown(await upstream.received())).toEqual(['user: 1122'])
  })

  it('are all there if the same is pressed again before an answer', async () => {
    const { url, upstream } = await startTurnstate({
      flow: DESK,
      config: { conversation_relay: { dtmf_gap_ms: 0 } },
    })
    const line = await dialRelay(url)
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer)
    line.send({ type: 'dtmf', digit: '7' })
    await held.reached
    upstream.always({ say: 'Thank you.' })
    line.send({ type: 'dtmf', digit: '7' })
    expect(await line.answer()).toBe('Thank you.')
    held.release()
    const last = upstream.requests.at(-1)
    expect(last && shown(last)).toEqual(['user: 7 7'])
  })

  it('are complete with the #, and stand before what is said after them', async () => {
    const flow = DESK
    const slow = { conversation_relay: { dtmf_gap_ms: 10_000 } }
    const { url, upstream } = await startTurnstate({ flow, config: slow })
    const line = await dialRelay(url)
    upstream.reply({ say: 'One.' }, { say: 'Two.' })
    for (const digit of '42#') line.send({ type: 'dtmf', digit })
    expect(await line.answer()).toBe('One.')
    line.send({ type: 'dtmf', digit: '7' })
    line.prompt('and hurry')
    expect(await line.answer()).toBe('Two.')
    expect(shown(await upstream.received(2))).toEqual([
      'user: 42#',
      'assistant: One.',
      'user: 7 and hurry',
    ])
  })
})

/** Whether the server remembers such an exchange under that key. */
async function isKnown(url: string, key: string): Promise<boolean> {
  const messages = [
    { role: 'user', content: 'Hello?' },
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: 'Again?' },
  ]
  const headers = { 'x-conversation-id': key }
  const answer = await post(`${url}/v1/conversations/derive`, { messages }, headers)
  const { confidence } = (await answer.json()) as { readonly confidence: string } // as documented
  return confidence === 'exact'
}
