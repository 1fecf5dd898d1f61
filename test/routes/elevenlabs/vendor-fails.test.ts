import { describe, expect, test } from 'vitest'
import { ElevenLabsOptions } from '../../../src/routes/elevenlabs/options.ts'
import { freePort } from '../../support/free-port.ts'
import { rawHttp } from '../../support/raw-http.ts'
import {
  API_KEY,
  errorOf,
  PATH,
  SERVER_KEY,
  SIGNED_URL,
  startSilentVendor,
  startWithVendor,
} from './vendor.ts'

type Started = Awaited<ReturnType<typeof startWithVendor>>

/** Not its time limit ends the call to ElevenLabs. */
const PATIENT = { timeouts: { elevenLabsMs: 600_000 } }

/** Nothing that anybody can read holds the key or the signature. */
async function expectNoSecrets(response: Response, { app }: Started): Promise<void> {
  const written = JSON.stringify([[...response.headers], app.lines]) + (await response.text())
  for (const secret of [API_KEY, 'sig_abc', SERVER_KEY.secret, 'echo-of'])
    expect(written).not.toContain(secret)
}

describe('when ElevenLabs refuses', () => {
  test.each([
    [401, 'check elevenlabs.api_key'],
    [403, 'check elevenlabs.api_key'],
    [400, 'no such agent'],
    [404, 'no such agent'],
    [422, 'no such agent'],
    [429, 'its own limit'],
    [500, 'status 500'],
    [503, 'status 503'],
    [204, 'status 204'],
  ])('with %i, the answer is 502 and says why', async (status, why) => {
    const started = await startWithVendor()
    started.vendor.behave({ type: 'json', status, value: { detail: `echo-of ${API_KEY}` } })
    const response = await started.ask()
    expect(await errorOf(response.clone())).toMatchObject({
      status: 502,
      code: 'upstream_failed',
      message: expect.stringContaining(why) as string, // an asymmetric matcher
    })
    expect(started.app.lines).toContainEqual({
      level: 'warn',
      values: { status, code: 'upstream_failed' },
      message: 'elevenlabs gave no signed url',
    })
    await expectNoSecrets(response, started)
  })

  test('by sending elsewhere, nobody follows with the key', async () => {
    const started = await startWithVendor()
    const elsewhere = await startWithVendor()
    started.vendor.behave({ type: 'redirect', to: `${elsewhere.vendor.url}/steal` })
    const response = await started.ask()
    expect(response.status).toBe(502)
    expect(elsewhere.vendor.received).toEqual([])
    await expectNoSecrets(response, started)
  })
})

describe('when ElevenLabs answers something else', () => {
  test.each([
    ['no JSON', { type: 'text', text: '<html>echo-of</html>' }],
    ['nothing', { type: 'text', text: '' }],
    ['no object', { type: 'json', value: null }],
    ['no URL', { type: 'json', value: {} }],
    ['a URL that is none', { type: 'json', value: { signed_url: 'echo-of' } }],
    ['a page', { type: 'json', value: { signed_url: 'https://echo-of.example/' } }],
    ['a script', { type: 'json', value: { signed_url: 'javascript:alert("echo-of")' } }],
    ['far too much', { type: 'json', value: { signed_url: SIGNED_URL, more: 'x'.repeat(65_536) } }],
    ['a broken connection', { type: 'reset' }],
  ] as const)('as %s, the answer is 502', async (_, behaviour) => {
    const started = await startWithVendor()
    started.vendor.behave(behaviour)
    const response = await started.ask()
    expect(response.status).toBe(502)
    await expectNoSecrets(response, started)
    started.vendor.behave({ type: 'json', value: { signed_url: SIGNED_URL } })
    expect((await started.ask()).status).toBe(200)
  })
})

describe('when ElevenLabs does not answer', () => {
  test.each([['hang'], ['half']] as const)('in time (%s), the answer is 504', async (type) => {
    const started = await startWithVendor({}, { timeouts: { elevenLabsMs: 50 } })
    started.vendor.behave({ type })
    const response = await started.ask()
    expect(await errorOf(response.clone())).toMatchObject({
      status: 504,
      code: 'upstream_timeout',
    })
    await expectNoSecrets(response, started)
  })

  test('at all, since nothing listens there, the answer is 502', async () => {
    const started = await startWithVendor({ base_url: `http://127.0.0.1:${await freePort()}` })
    const response = await started.ask()
    expect(await errorOf(response.clone())).toMatchObject({
      status: 502,
      message: 'ElevenLabs could not be reached',
    })
    expect(started.app.lines).toContainEqual({
      level: 'warn',
      values: { status: undefined, code: 'ECONNREFUSED' },
      message: 'elevenlabs gave no signed url',
    })
    await expectNoSecrets(response, started)
  })

  test('and the caller hangs up, the call to ElevenLabs ends too', async () => {
    const silent = await startSilentVendor()
    const { app } = await startWithVendor({ base_url: silent.url }, PATIENT)
    const caller = await rawHttp(app.port)
    caller.socket.write(
      `GET ${PATH}?agent_id=agent_1 HTTP/1.1\r\nhost: a\r\nx-api-key: ${SERVER_KEY.secret}\r\n\r\n`,
    )
    await silent.asked
    caller.socket.destroy()
    await silent.left
    expect(app.lines).toEqual([])
  })

  test('and the server stops, both ends are let go', async () => {
    const silent = await startSilentVendor()
    const { app, ask } = await startWithVendor({ base_url: silent.url }, PATIENT)
    const asked = ask().catch((error: unknown) => error)
    await silent.asked
    await app.close(0)
    expect(await asked).toBeInstanceOf(TypeError)
    await silent.left
  })
})

describe('what is written of a key', () => {
  test('that was given with spaces around it is the key', () => {
    expect(ElevenLabsOptions.parse({ api_key: ` ${API_KEY}\n` })).toEqual({
      api_key: API_KEY,
      agents: [],
      signed_urls_per_minute: 30,
      base_url: 'https://api.elevenlabs.io',
    })
  })

  test.each(['', '  ', 'two words', 'line\r\nx-evil: 1', 'nøkkel'])('is no key: %j', (api_key) => {
    expect(ElevenLabsOptions.safeParse({ api_key }).success).toBe(false)
  })
})

test.each(['https://user:secret@a.example', 'https://a.example?x=1', 'https://a.example/#x'])(
  'what is no plain base URL is refused, or the key would go elsewhere: %s',
  (base_url) => {
    expect(ElevenLabsOptions.safeParse({ api_key: API_KEY, base_url }).success).toBe(false)
  },
)
