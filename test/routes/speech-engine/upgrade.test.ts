import { describe, expect, test } from 'vitest'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { rawHttp } from '../../support/raw-http.ts'
import { toFrame, upgradeText } from '../../support/raw-line.ts'
import { dialLine } from '../../support/voice-line.ts'
import { API_KEY, AUTHORIZATION, dialEngine, elevenlabs, makeToken, textOf } from './platform.ts'

const NOW = Math.floor(Date.now() / 1000)

/** What comes back to a request for a WebSocket that already sends frames, once its connection is over. */
async function refusalOf(port: number, headers: Record<string, string>, path = '/speech-engine') {
  const caller = await rawHttp(port)
  caller.socket.write(upgradeText({ path, headers }))
  caller.socket.write(toFrame(1, '{"type":"ping"}'))
  const answer = await caller.closed()
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
    error: { message: string; code: string; param: string | null }
  } // the error form, or the test fails
  return { answer, status: answer.slice(9, 12), ...body.error }
}

describe('a connection of the platform', () => {
  test.each(['', 'Bearer '])('is made for a token with %j before it', async (scheme) => {
    const { url } = await listeningApp({ elevenlabs })
    const headers = { [AUTHORIZATION]: `${scheme}${makeToken()}` }
    const line = await dialLine(`${url}/speech-engine`, { headers })
    line.send({ type: 'ping' })
    expect(await line.next(() => true)).toEqual({ type: 'pong' })
  })

  test.each([
    '/speech-engine',
    '/speech-engine?key=anything',
    '/k/secret-of-someone/speech-engine',
    '/k/a-wrong-secret/speech-engine',
    '/tenant/speech-engine',
  ])('needs no key of the server at %s, and stands under a name of its own', async (path) => {
    const engine = fakeEngine()
    const keys = [{ name: 'someone', secret: 'secret-of-someone' }]
    const { url } = await listeningApp({ elevenlabs, keys, engine })
    const line = await dialEngine(url, { path })
    line.say(1, 'Hello')
    expect(textOf(await line.answered(1))).toBe('Hello there.')
    expect(engine.requests[0]?.caller).toBe('speech_engine')
  })
})

describe('a connection is refused before it is made', () => {
  const claims = (changed: object) => ({ [AUTHORIZATION]: makeToken({ claims: changed }) })
  const HEADER = AUTHORIZATION.toLowerCase()

  test.each([
    ['without a token', {}, HEADER],
    ['with a token elsewhere', { authorization: `Bearer ${makeToken()}` }, HEADER],
    ['with a word', { [AUTHORIZATION]: 'let-me-in' }, HEADER],
    [
      'with two tokens',
      { [AUTHORIZATION]: makeToken(), [HEADER]: makeToken({ claims: { jti: 'other' } }) },
      HEADER,
    ],
    ['with an unsigned token', { [AUTHORIZATION]: unsigned() }, HEADER],
    [
      'with a token of another algorithm',
      { [AUTHORIZATION]: makeToken({ header: { alg: 'HS384' } }) },
      `${HEADER}.alg`,
    ],
    [
      'with a token of another workspace',
      { [AUTHORIZATION]: makeToken({ apiKey: 'sk_another' }) },
      `${HEADER}.signature`,
    ],
    ['with an expired token', claims({ exp: NOW - 100 }), `${HEADER}.exp`],
    ['with a token of the future', claims({ iat: NOW + 1000 }), `${HEADER}.iat`],
    ['with a token for something else', claims({ sub: 'convai' }), `${HEADER}.sub`],
    ['with a token of somebody else', claims({ iss: 'https://evil.example' }), `${HEADER}.iss`],
  ])('%s, in one log line that does not hold it', async (_, headers, param) => {
    const engine = fakeEngine()
    const { port, lines } = await listeningApp({ elevenlabs, engine })
    const refusal = await refusalOf(port, headers)
    expect(refusal).toMatchObject({ status: '401', code: 'invalid_api_key', param })
    expect(refusal.answer).not.toContain(' 101 ')
    expect(lines).toEqual([
      {
        level: 'warn',
        values: { status: 401, code: 'unauthorized', param },
        message: 'request refused',
      },
    ])
    for (const value of Object.values(headers))
      expect(JSON.stringify(lines) + refusal.answer).not.toContain(value)
  })

  test('with a key of the server, which is not what is asked for', async () => {
    const keys = [{ name: 'someone', secret: 'secret-of-someone' }]
    const { port } = await listeningApp({ elevenlabs, keys })
    const path = '/k/secret-of-someone/speech-engine?key=secret-of-someone'
    expect(await refusalOf(port, { 'x-api-key': 'secret-of-someone' }, path)).toMatchObject({
      status: '401',
    })
  })

  test.each([
    ['at all', makeToken()],
    ['also for a token that was made with an empty key', makeToken({ apiKey: '' })],
    ['also for one that was made with the word undefined', makeToken({ apiKey: 'undefined' })],
  ])('where no key of the platform is configured, %s', async (_, token) => {
    const { port } = await listeningApp()
    const refusal = await refusalOf(port, { [AUTHORIZATION]: token })
    expect(refusal.status).toBe('401')
    expect(refusal.message).toContain('set elevenlabs.api_key')
  })

  test('and the answer holds neither the key nor what it makes', async () => {
    const { port, lines } = await listeningApp({ elevenlabs })
    const { answer } = await refusalOf(port, { [AUTHORIZATION]: makeToken({ apiKey: 'sk_x' }) })
    expect(answer + JSON.stringify(lines)).not.toContain(API_KEY)
  })

  test('when the server stops', async () => {
    const { port, drain } = await listeningApp({ elevenlabs })
    drain()
    const refusal = await refusalOf(port, { [AUTHORIZATION]: makeToken() })
    expect(refusal).toMatchObject({ status: '503', code: 'draining' })
  })
})

function unsigned(): string {
  const [, payload = ''] = makeToken().split('.')
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
}
