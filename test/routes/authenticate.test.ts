import { describe, expect, test } from 'vitest'
import { fakeEngine } from '../support/fake-engine.ts'
import { listeningApp, post } from '../support/listening-app.ts'

const KEYS = [
  { name: 'elevenlabs', secret: 'secret-of-elevenlabs' },
  { name: 'retell', secret: 'secret/of retell' },
]
const BODY = { messages: [{ role: 'user', content: 'Hello' }] }

async function guardedApp() {
  const engine = fakeEngine()
  const app = await listeningApp({ engine, keys: KEYS })
  return { app, engine }
}

describe('authentication', () => {
  test.each([
    { authorization: 'Bearer secret-of-elevenlabs' },
    { authorization: 'bearer   secret-of-elevenlabs' },
    { authorization: 'Bearer Bearer secret-of-elevenlabs' },
    { authorization: 'Api-Key secret-of-elevenlabs' },
    { authorization: 'secret-of-elevenlabs' },
    { 'x-api-key': 'secret-of-elevenlabs' },
    { 'x-api-key': 'Bearer secret-of-elevenlabs' },
    { authorization: 'Bearer something-else', 'x-api-key': 'secret-of-elevenlabs' },
  ])('accepts %o and tells the turn the name of the key', async (headers) => {
    const { app, engine } = await guardedApp()
    // The union's members lack each other's headers, which is what the record says.
    const response = await post(
      `${app.url}/v1/chat/completions`,
      BODY,
      headers as Record<string, string>,
    )
    expect(response.status).toBe(200)
    expect(engine.requests[0]?.caller).toBe('elevenlabs')
  })

  test('accepts a secret in the path, percent-encoded', async () => {
    const { app, engine } = await guardedApp()
    const response = await post(`${app.url}/k/secret%2Fof%20retell/chat/completions`, BODY)
    expect(response.status).toBe(200)
    expect(engine.requests[0]?.caller).toBe('retell')
  })

  test('accepts a right path secret beside a wrong header', async () => {
    const { app } = await guardedApp()
    const response = await post(`${app.url}/k/secret-of-elevenlabs/`, BODY, {
      authorization: 'Bearer nope',
    })
    expect(response.status).toBe(200)
  })

  test.each([
    ['no key', {}, ''],
    ['an empty key', { authorization: '' }, ''],
    ['a scheme only', { authorization: 'Bearer' }, ''],
    ['a wrong key', { authorization: 'Bearer secret-of-elevenlab' }, ''],
    ['the name of a key', { authorization: 'Bearer elevenlabs' }, ''],
    ['a wrong path secret', {}, '/k/secret-of-elevenlabsX'],
    ['an unreadable path secret', {}, '/k/%ff'],
  ])('refuses %s with an answer that says how to send one', async (_, headers, prefix) => {
    const { app, engine } = await guardedApp()
    const response = await post(`${app.url}${prefix}/v1/chat/completions`, BODY, headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    const { error } = (await response.json()) as { error: Record<string, string | null> } // validated against the contract elsewhere
    expect(error).toMatchObject({
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      param: null,
    })
    expect(error['message']).toMatch(/Authorization: Bearer.*x-api-key.*\/k\//)
    expect(engine.requests).toEqual([])
  })

  test('guards the models and the dry run as well', async () => {
    const { app } = await guardedApp()
    expect((await fetch(`${app.url}/v1/models`)).status).toBe(401)
    expect((await post(`${app.url}/v1/conversations/derive`, BODY)).status).toBe(401)
    expect((await fetch(`${app.url}/k/secret-of-elevenlabs/models`)).status).toBe(200)
    expect(
      (await post(`${app.url}/k/secret-of-elevenlabs/v1/conversations/derive`, BODY)).status,
    ).toBe(200)
  })

  test('asks no key for health and the contract', async () => {
    const { app } = await guardedApp()
    for (const path of ['/healthz', '/readyz', '/openapi.yaml']) {
      expect((await fetch(app.url + path)).status).toBe(200)
    }
  })

  test('lets everybody in, without a name, when no key is configured', async () => {
    const engine = fakeEngine()
    const app = await listeningApp({ engine })
    const response = await post(`${app.url}/v1/chat/completions`, BODY, {
      authorization: 'Bearer whatever',
    })
    expect(response.status).toBe(200)
    expect(engine.requests[0]?.caller).toBe('')
  })

  test('hints at a doubled "Bearer" once', async () => {
    const { app } = await guardedApp()
    const headers = { authorization: 'Bearer Bearer secret-of-elevenlabs' }
    await post(`${app.url}/v1/chat/completions`, BODY, headers)
    await post(`${app.url}/v1/chat/completions`, BODY, headers)
    const hints = app.lines.filter((line) => line.message.includes('Bearer Bearer'))
    expect(hints).toHaveLength(1)
  })

  test('writes no secret and no URL to the log', async () => {
    const { app } = await guardedApp()
    const url = `${app.url}/k/secret-of-elevenlabs`
    await post(`${url}/v1/chat/completions`, BODY)
    await post(`${url}/v1/chat/completions`, '{"messages":')
    await post(`${url}/nowhere`, BODY)
    await post(`${app.url}/k/mistyped-secret/v1/chat/completions`, BODY)
    await fetch(`${url}/%zz`)
    expect(app.lines.length).toBeGreaterThan(3)
    expect(JSON.stringify(app.lines)).not.toMatch(/secret-of|mistyped|nowhere|\/k\//)
  })
})
