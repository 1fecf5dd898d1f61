import { describe, expect, test } from 'vitest'
import { DERIVATION, FACTS, fakeEngine } from '../support/fake-engine.ts'
import { listeningApp, post } from '../support/listening-app.ts'

const BODY = { messages: [{ role: 'user', content: 'Hello' }] }
const ALIASES = [
  '/',
  '/v1',
  '/chat/completions',
  '/v1/chat/completions',
  '/v1/v1/chat/completions',
  '/v1/chat/completions/',
  '/chat/completions/chat/completions',
  '/llm/v1/chat/completions',
  '/k/some-secret/v1/chat/completions',
  '/k/some-secret/',
]

describe('the chat completions', () => {
  test.each(ALIASES)('answer at %s', async (path) => {
    const { url } = await listeningApp()
    const response = await post(url + path, BODY)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })

  test.each(ALIASES)('answer HEAD %s without a key', async (path) => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'some-other-secret' }] })
    expect((await fetch(url + path, { method: 'HEAD' })).status).toBe(200)
  })

  test.each(ALIASES)('let any web page call %s', async (path) => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'some-other-secret' }] })
    const response = await fetch(url + path, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers':
          'authorization,content-type,x-api-key,x-turnstate-metadata',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
    expect(response.headers.get('access-control-allow-headers')).toContain('x-turnstate-metadata')
  })

  test.each([
    ['/v1/chat/completions', 401],
    ['/nothing', 404],
  ])('let any web page read a refusal of %s', async (path, status) => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'some-other-secret' }] })
    const response = await post(url + path, BODY, { origin: 'https://app.example' })
    expect(response.status).toBe(status)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('retry-after')
  })

  test.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin-1',
    'nonsense',
    '',
  ])('take a body whose content type is %j', async (type) => {
    const { url } = await listeningApp()
    const response = await post(`${url}/v1/chat/completions`, BODY, { 'content-type': type })
    expect(response.status).toBe(200)
  })

  test('take a body without a content type', async () => {
    const { url } = await listeningApp()
    const body = new Blob([JSON.stringify(BODY)])
    expect((await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })).status).toBe(200)
  })

  test('take a body with a byte order mark', async () => {
    const { url } = await listeningApp()
    expect((await post(url, '\ufeff' + JSON.stringify(BODY))).status).toBe(200)
  })

  test('give the turn all that a key may stand in', async () => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine })
    await post(
      `${url}/chat/completions?custom_session_id=s1&x=1&x=2`,
      { ...BODY, call: { id: 'c1' }, elevenlabs_extra_body: { conversation_id: 'conv_9' } },
      { 'X-Conversation-Id': 'h1' },
    )
    expect(engine.requests[0]?.keyMaterial).toMatchObject({
      headers: { 'x-conversation-id': 'h1' },
      query: { custom_session_id: 's1', x: ['1', '2'] },
      body: { call: { id: 'c1' } },
      extraBody: { conversation_id: 'conv_9' },
    })
  })
})

describe('the headers of a turn', () => {
  test('say what is known before anything is generated', async () => {
    const { url } = await listeningApp({
      engine: fakeEngine({
        facts: { exchange: 3, kind: 'revised', heard: 'partial', state: 'book' },
      }),
    })
    for (const stream of [false, true]) {
      const { headers } = await post(`${url}/v1/chat/completions`, { ...BODY, stream })
      expect(
        Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-turnstate'))),
      ).toEqual({
        'x-turnstate-conversation': 'conv_1',
        'x-turnstate-exchange': '3',
        'x-turnstate-state': 'book',
        'x-turnstate-kind': 'revised',
        'x-turnstate-heard': 'partial',
        'x-turnstate-confidence': 'exact',
      })
      expect(headers.get('access-control-expose-headers')).toContain('x-turnstate-confidence')
      expect(headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  test.each([
    [null, 'none'],
    ['a b', 'a%20b'],
    ['på\r\nset-cookie: x', 'p%C3%A5%0D%0Aset-cookie:%20x'],
    ['100%', '100%25'],
    ['\ud800', '%EF%BF%BD'],
    ['k'.repeat(5000), 'k'.repeat(1024)],
  ])('hold the key %j safely', async (conversation, value) => {
    const { url } = await listeningApp({ engine: fakeEngine({ facts: { conversation } }) })
    const { headers } = await post(url, BODY)
    expect(headers.get('x-turnstate-conversation')).toBe(value)
  })
})

describe('the other routes', () => {
  test.each(['/v1/models', '/models', '/models/'])('list the models at %s', async (path) => {
    const { url } = await listeningApp({ models: ['clinic-booking', 'agent'] })
    const list = (await (await fetch(url + path)).json()) as { data: { id: string }[] } // checked by the contract test
    expect(list.data.map((model) => model.id)).toEqual(['clinic-booking', 'agent'])
  })

  test('derive where a conversation stands', async () => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine })
    const response = await post(`${url}/v1/conversations/derive`, { ...BODY, stream: true })
    expect(response.headers.get('x-turnstate-kind')).toBe('new')
    expect(await response.json()).toEqual({
      conversation: FACTS.conversation,
      key_source: FACTS.keySource,
      exchange: FACTS.exchange,
      state: FACTS.state,
      kind: FACTS.kind,
      heard: FACTS.heard,
      confidence: FACTS.confidence,
      ...DERIVATION,
    })
    expect(engine.requests).toHaveLength(1)
  })

  test('derive with null for a variable that cannot be written', async () => {
    const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))
    const variables = { patient_id: 'p1', deep, huge: 10n, list: [[1]] }
    const { url } = await listeningApp({ engine: fakeEngine({ derivation: { variables } }) })
    const response = await post(`${url}/v1/conversations/derive`, BODY)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      state: FACTS.state,
      variables: { patient_id: 'p1', deep: null, huge: null, list: [[1]] },
    })
  })

  test.each([
    ['ASCII', 'x'.repeat(1100), 'x'.repeat(1024)],
    ['a letter at the end', `${'x'.repeat(1020)}é!`, 'x'.repeat(1020)],
    ['emoji', '😀'.repeat(100), '%F0%9F%98%80'.repeat(85)],
    ['a percent sign at the end', `${'x'.repeat(1022)}%`, 'x'.repeat(1022)],
    ['control characters', `a${'\u0001'.repeat(400)}`, `a${'%01'.repeat(341)}`],
  ])('cut a long header after a whole character: %s', async (_, conversation, expected) => {
    const { url } = await listeningApp({ engine: fakeEngine({ facts: { conversation } }) })
    const response = await post(`${url}/v1/chat/completions`, BODY)
    expect(response.headers.get('x-turnstate-conversation')).toBe(expected)
  })

  test('tell health, readiness and the contract', async () => {
    let upstream: 'ok' | 'unusable' = 'ok'
    const app = await listeningApp({
      readiness: () => ({ upstream }),
      openApiText: 'openapi: 3.1.0',
    })
    const answer = async (path: string) => {
      const response = await fetch(app.url + path)
      return [response.status, await response.text()]
    }
    expect(await answer('/healthz')).toEqual([200, '{"status":"ok"}'])
    expect(await answer('/readyz')).toEqual([200, '{"status":"ready","upstream":"ok"}'])
    expect(await answer('/openapi.yaml')).toEqual([200, 'openapi: 3.1.0'])
    upstream = 'unusable'
    expect(await answer('/readyz')).toEqual([503, '{"status":"not_ready","upstream":"unusable"}'])
    app.drain()
    expect(await answer('/readyz')).toEqual([503, '{"status":"draining","upstream":"unusable"}'])
    expect(await answer('/healthz')).toEqual([200, '{"status":"ok"}'])
  })

  test.each([
    ['GET', '/'],
    ['GET', '/v1/chat/completions'],
    ['POST', '/v1/embeddings'],
    ['PUT', '/v1/chat/completions'],
    ['DELETE', '/k/some-secret/v1/chat/completions'],
    ['GET', '/favicon.ico'],
  ])('answer %s %s with 404 and the way to go', async (method, path) => {
    const { url } = await listeningApp()
    const response = await fetch(url + path, { method })
    expect(response.status).toBe(404)
    const text = await response.text()
    expect(text).toContain('POST /v1/chat/completions')
    expect(text).not.toContain('some-secret')
  })
})
