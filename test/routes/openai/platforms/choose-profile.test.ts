import { describe, expect, it } from 'vitest'
import { fakeEngine } from '../../../support/fake-engine.ts'
import { listeningApp, type ListeningApp } from '../../../support/listening-app.ts'
import {
  changed,
  platformLine,
  requestOf,
  saying,
  type PlatformRequest,
} from '../../../support/platform-requests.ts'
import { assistantCall, system, toolResult, user } from '../../../support/wire-messages.ts'

type Options = Parameters<typeof listeningApp>[0]

/** Whom the server takes the request to be of. */
async function platformOf(request: PlatformRequest, options: Options = {}) {
  const engine = fakeEngine()
  const { url }: ListeningApp = await listeningApp({ engine, ...options })
  expect((await platformLine(url).ask(request)).status).toBe(200)
  return engine.requests[0]?.keyMaterial.platform
}

const PLAIN: PlatformRequest = {
  path: '/v1/chat/completions',
  headers: {},
  body: { model: 'm', messages: [user('Hello')], user: 'ada', metadata: { conversation_id: 'x' } },
}

const unstreamed = (request: PlatformRequest) => changed(request, { body: { stream: false } })

describe('who asks', () => {
  it.each([
    ['vapi', 'variable'],
    ['vapi', 'destructured'],
    ['vapi', 'older'],
    ['vapi', 'metadata_only'],
    ['hume', 'first'],
    ['hume', 'configured'],
    ['livekit', 'python'],
    ['livekit', 'javascript'],
    ['livekit', 'room_only'],
    ['telnyx', 'turn'],
    ['agora', 'turn'],
    ['agora', 'in_params'],
  ])('is %s by what its request looks like (%s)', async (platform, name) => {
    expect(await platformOf(unstreamed(requestOf(platform, name)))).toBe(platform)
  })

  it('is ElevenLabs where there is its extra body or an id in the prompt', async () => {
    const extra = changed(PLAIN, { body: { elevenlabs_extra_body: {} } })
    expect(await platformOf(extra)).toBe('elevenlabs')
    const prompt = saying(PLAIN, [system('You are kind. CALL_ID=conv_1'), user('Hello')])
    expect(await platformOf(prompt)).toBe('elevenlabs')
    const talk = saying(PLAIN, [user('My CALL_ID=conv_1')])
    expect(await platformOf(talk)).toBe('other')
  })

  it('is Agora also where the result of a tool stands last', async () => {
    const asked = unstreamed(requestOf('agora', 'in_params'))
    // the fixture's own
    const messages = asked.body.messages as readonly object[]
    const call = assistantCall('call_1', 'find')
    const followUp = saying(asked, [...messages, call, toolResult('call_1', 'done')])
    expect(await platformOf(followUp)).toBe('agora')
  })

  it('is ElevenLabs whatever else a client of it puts into the body', async () => {
    const spread = { call: { id: 'other' }, extra_metadata: { call_control_id: 'other' } }
    const extra = { elevenlabs_extra_body: spread, ...spread }
    expect(await platformOf(changed(PLAIN, { body: extra }))).toBe('elevenlabs')
    for (const id of ['CALL_ID=conv_mine', 'Its id is conv_7101k5zvyjhmfg983brhmhkd98n6.']) {
      const request = saying(PLAIN, [system(id), user('Hello')])
      expect(await platformOf(changed(request, { body: spread }))).toBe('elevenlabs')
    }
    const rate = saying(PLAIN, [system('Optimise conv_rate.'), user('Hello')])
    expect(await platformOf(changed(rate, { body: spread }))).toBe('telnyx')
  })

  it.each([
    ['plain', PLAIN],
    ['pipecat', requestOf('pipecat', 'turn')],
    ['deepgram', requestOf('deepgram', 'turn')],
    ['jaicp', requestOf('jaicp', 'turn')],
    ['vapi without its metadata', requestOf('vapi', 'off')],
    ['null messages', saying(PLAIN, [{ role: 'user', content: null, time: null, models: [] }])],
  ])('is anybody where nothing in the request says so (%s)', async (_name, request) => {
    expect(await platformOf(unstreamed(request))).toBe('other')
  })

  it('is whom the configuration names, and before that whom the key is for', async () => {
    const request = unstreamed(requestOf('livekit', 'python'))
    expect(await platformOf(request, { platform: 'deepgram' })).toBe('deepgram')
    const plainKey = { name: 'desk', secret: 'livekit-key-0001' }
    const key = { ...plainKey, platform: 'jaicp' } as const
    expect(await platformOf(request, { platform: 'deepgram', keys: [key] })).toBe('jaicp')
    expect(await platformOf(request, { platform: 'deepgram', keys: [plainKey] })).toBe('deepgram')
    expect(await platformOf(request, { keys: [plainKey] })).toBe('livekit')
  })

  it('is the same through the Responses API', async () => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine })
    await platformLine(url).ask({
      path: '/v1/responses',
      headers: { 'x-livekit-job-id': 'AJ_1', 'x-turnstate-side-job': '1' },
      body: { input: 'Hello' },
    })
    expect(engine.requests).toMatchObject([
      { keyMaterial: { platform: 'livekit' }, isSideJob: true },
    ])
  })
})

describe('what a platform does in its own way', () => {
  it('is asked of no other one', async () => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine })
    const interrupted = { role: 'assistant', content: 'Hi', metadata: { interrupted: true } }
    await platformLine(url).ask(saying(PLAIN, [user('Hello'), interrupted, user('Well')]))
    const [request] = engine.requests
    expect(request?.keyMaterial.call).toEqual({})
    expect(request).not.toHaveProperty('isSideJob')
    expect(request).not.toHaveProperty('readsMarks')
    expect(request?.messages[1]).toEqual({ role: 'assistant', text: 'Hi' })
  })

  it('of Pipecat makes whatever is not streamed a job of its own', async () => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine, platform: 'pipecat' })
    const { ask, send } = platformLine(url)
    await ask(requestOf('pipecat', 'summary'))
    await send(requestOf('pipecat', 'turn'))
    expect(engine.requests.map(({ isSideJob }) => isSideJob)).toEqual([true, undefined])
    expect(engine.requests[1]?.readsMarks).toBe(true)
  })

  it.each([
    [{ interrupted: true, original: 'All of it' }, { original: 'All of it' }],
    [{ interrupted: true }, { original: null }],
    [{ interrupted: true, original: 7 }, { original: null }],
    [{ interrupted: false, original: 'All of it' }, undefined],
    [{ interrupted: 'true' }, undefined],
    [{}, undefined],
    [null, undefined],
  ])('of Agora reads %j as an interruption or none', async (metadata, expected) => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine, platform: 'agora' })
    const reply = { role: 'assistant', content: 'All', metadata }
    await platformLine(url).ask(saying(PLAIN, [user('Hello'), reply, user('Well')]))
    expect(engine.requests[0]?.messages[1]?.interrupted).toEqual(expected)
  })
})
