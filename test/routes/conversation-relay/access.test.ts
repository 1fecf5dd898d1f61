import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../../support/turnstate.ts'
import { dialLine } from '../../support/voice-line.ts'
import { shown } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const FLOW = { starting_state: 'desk', states: { desk: {} } }
const SECRET = 'relay-secret'
const AUTH = {
  signing_secret: 'a secret for the tests only',
  keys: [{ name: 'relay', secret: SECRET }],
}
const TOKEN = 'twilio-auth-token'
const PUBLIC_URL = 'wss://voice.example/conversation-relay'
const TWILIO = { conversation_relay: { twilio: { auth_token: TOKEN, url: PUBLIC_URL } } }

function signed(url: string, token = TOKEN) {
  return { 'x-twilio-signature': createHmac('sha1', token).update(url).digest('base64') }
}

describe('a connection', () => {
  it('needs a key, in the path, in the query or as a header', async () => {
    const { url } = await startTurnstate({ flow: FLOW, config: { auth: AUTH } })
    const path = `${url}/conversation-relay`
    await expect(dialLine(path)).rejects.toThrow('401')
    await expect(dialLine(`${path}?key=wrong-secret`)).rejects.toThrow('401')
    await dialLine(`${path}?key=${SECRET}`)
    await dialLine(`${url}/k/${SECRET}/conversation-relay`)
    await dialLine(path, { headers: { authorization: `Bearer ${SECRET}` } })
  })

  it('that Twilio signed needs none', async () => {
    const config = { auth: AUTH, ...TWILIO }
    const { url, upstream } = await startTurnstate({ flow: FLOW, config })
    upstream.reply({ say: 'Yes?' })
    const line = await dialRelay(url, { headers: signed(PUBLIC_URL) })
    line.prompt('Hello?')
    expect(await line.answer()).toBe('Yes?')
  })

  it('may be signed with the query that it has', async () => {
    const { url } = await startTurnstate({ flow: FLOW, config: TWILIO })
    const path = '/conversation-relay?line=2'
    await dialRelay(url, { path, headers: signed(`${PUBLIC_URL}?line=2`) })
    const forged = dialRelay(url, { path, headers: signed(`${PUBLIC_URL}?line=3`) })
    await expect(forged).rejects.toThrow('401')
  })

  it.each([
    ['with another token', signed(PUBLIC_URL, 'another-token')],
    ['for another URL', signed('wss://voice.example/other')],
    ['with nothing', { 'x-twilio-signature': '' }],
    ['with no signature at all', { 'x-twilio-signature': 'forged' }],
  ])('that is signed %s is refused, even with a key', async (_, headers) => {
    const { url } = await startTurnstate({ flow: FLOW, config: { auth: AUTH, ...TWILIO } })
    const path = `${url}/conversation-relay?key=${SECRET}`
    await expect(dialLine(path, { headers })).rejects.toThrow('401')
  })

  it('without a signature needs a key where signatures are checked', async () => {
    const { url } = await startTurnstate({ flow: FLOW, config: { auth: AUTH, ...TWILIO } })
    await expect(dialLine(`${url}/conversation-relay`)).rejects.toThrow('401')
    await dialLine(`${url}/conversation-relay?key=${SECRET}`)
  })

  it('without a signature is refused by a server that has no keys but checks signatures', async () => {
    const { url } = await startTurnstate({ flow: FLOW, config: TWILIO })
    await expect(dialLine(`${url}/conversation-relay`)).rejects.toThrow('401')
  })

  it('goes on with no conversation of another key, though it names the same call', async () => {
    const config = { auth: AUTH, ...TWILIO }
    const { url, upstream } = await startTurnstate({ flow: FLOW, config })
    upstream.reply({ say: 'Nine.' }, { say: 'What?' })
    const one = await dialRelay(url, { headers: signed(PUBLIC_URL) })
    one.prompt('When do you open?')
    await one.answer()
    const other = await dialRelay(url, { path: `/conversation-relay?key=${SECRET}` })
    other.prompt('And close?')
    await other.answer()
    expect(shown(await upstream.received(2))).toEqual(['user: And close?'])
  })
})

describe('a frame', () => {
  it.each([
    ['a prompt', { type: 'prompt', voicePrompt: 'Hello?', last: true }],
    ['an unknown type', { type: 'hello' }],
  ])('before the setup ends the connection with 1008: %s', async (_, frame) => {
    const { url } = await startTurnstate({ flow: FLOW })
    const line = await dialLine(`${url}/conversation-relay`)
    line.send(frame)
    expect((await line.closed).code).toBe(1008)
  })

  it.each([
    ['without a type', {}],
    ['whose type is no text', { type: 7 }],
    ['with a prompt that is no text', { type: 'prompt', voicePrompt: 7 }],
    ['with no prompt', { type: 'prompt', last: true }],
    ['with an end that is no boolean', { type: 'prompt', voicePrompt: 'Hi', last: 'yes' }],
    ['with a language that is no text', { type: 'prompt', voicePrompt: 'Hi', lang: {} }],
    ['with a digit that is no text', { type: 'dtmf', digit: 1 }],
    ['with words that are no text', { type: 'interrupt', utteranceUntilInterrupt: [] }],
    ['with parameters that are none', { type: 'setup', customParameters: [] }],
  ])('%s ends the connection with 1007', async (_, frame) => {
    const { url } = await startTurnstate({ flow: FLOW })
    const line = await dialRelay(url)
    line.send(frame)
    expect((await line.closed).code).toBe(1007)
  })

  it('that names no call cannot be the setup', async () => {
    const { url } = await startTurnstate({ flow: FLOW })
    const line = await dialRelay(url, { setup: { callSid: null, sessionId: null } })
    expect(await line.closed).toEqual({ code: 1007, reason: 'setup: names no call' })
  })

  it('that means nothing to the server is passed over', async () => {
    const { url, upstream, logged } = await startTurnstate({ flow: FLOW })
    upstream.reply({ say: 'Yes?' })
    const line = await dialRelay(url, {
      setup: { newField: { deep: [1] }, customParameters: null },
    })
    line.send({ type: 'info', name: 'agentSpeaking', value: 'on' })
    line.send({ type: 'tokensPlayed', value: 1 })
    line.send({ type: 'error', description: 'Invalid message received' })
    line.send({ type: 'setup', sessionId: 'VX9', callSid: 'CA9' })
    line.send({ type: 'dtmf', digit: 'x' })
    line.prompt('Hello?', { lang: null, last: undefined, extra: 1 })
    expect(await line.answer()).toBe('Yes?')
    expect(logged).toContain('the platform reports an error')
  })
})

describe('a stop of the server', () => {
  it('lets an answer end and then closes with 1012', async () => {
    const { url, upstream, stop } = await startTurnstate({ flow: FLOW })
    let release: (() => void) | undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    upstream.reply(async () => {
      await released
      return { say: 'Nine in the morning.' }
    })
    const line = await dialRelay(url)
    line.prompt('When do you open?')
    await upstream.received()
    const stopped = stop(5000)
    release?.()
    expect(await line.answer()).toBe('Nine in the morning.')
    expect((await line.closed).code).toBe(1012)
    await stopped
  })

  it('closes at once what says nothing, before the setup too', async () => {
    const { url, stop } = await startTurnstate({ flow: FLOW })
    const silent = await dialLine(`${url}/conversation-relay`)
    const idle = await dialRelay(url)
    const stopped = stop(5000)
    expect((await silent.closed).code).toBe(1012)
    expect((await idle.closed).code).toBe(1012)
    await stopped
  })
})
