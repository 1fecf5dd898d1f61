import { describe, expect, test } from 'vitest'
import { listeningApp } from '../../support/listening-app.ts'
import { API_KEY, errorOf, PATH, SERVER_KEY, SIGNED_URL, startWithVendor } from './vendor.ts'

describe('a signed URL', () => {
  test('is fetched with the key of the server and passed on, not to be stored', async () => {
    const { ask, vendor } = await startWithVendor()
    const response = await ask()
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ signed_url: SIGNED_URL })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(vendor.received).toMatchObject([
      {
        method: 'GET',
        path: '/v1/convai/conversation/get-signed-url?agent_id=agent_1',
        headers: { 'xi-api-key': API_KEY },
        body: '',
      },
    ])
    expect(JSON.stringify(vendor.received)).not.toContain(SERVER_KEY.secret)
  })

  test('is fetched anew each time', async () => {
    const { ask, vendor } = await startWithVendor()
    await ask()
    await ask()
    expect(vendor.received).toHaveLength(2)
  })

  test('comes with the id of its conversation where that was asked for', async () => {
    const { ask, vendor } = await startWithVendor()
    const signed_url = `${SIGNED_URL}&conversation_id=conv_42`
    vendor.behave({ type: 'json', value: { signed_url, other: 1 } })
    for (const value of ['true', '1']) {
      const response = await ask(`?agent_id=agent_1&include_conversation_id=${value}`)
      expect(await response.json()).toEqual({ signed_url, conversation_id: 'conv_42' })
      expect(vendor.received.at(-1)?.path).toMatch(
        /\?agent_id=agent_1&include_conversation_id=true$/,
      )
    }
    await ask('?agent_id=agent_1&include_conversation_id=false')
    expect(vendor.received.at(-1)?.path).toMatch(/\?agent_id=agent_1$/)
  })

  test('is for the branch and the environment that are asked for, and nothing else is passed on', async () => {
    const { ask, vendor } = await startWithVendor()
    await ask('?agent_id=agent_2&branch_id=b%261&environment=staging&debug=1&xi-api-key=mine')
    expect(vendor.received[0]?.path).toMatch(
      /\?agent_id=agent_2&branch_id=b%261&environment=staging$/,
    )
  })

  test('is for the only agent where none is named', async () => {
    const { ask, vendor } = await startWithVendor({ agents: ['agent_9'] })
    expect((await ask('')).status).toBe(200)
    expect(vendor.received[0]?.path).toMatch(/\?agent_id=agent_9$/)
  })

  test('can be fetched from below a path that holds the key, and from a base URL with a slash', async () => {
    const { app, vendor } = await startWithVendor()
    const below = await fetch(`${app.url}/k/${SERVER_KEY.secret}${PATH}?agent_id=agent_1`)
    expect(below.status).toBe(200)
    const slash = await startWithVendor({ base_url: `${vendor.url}/` })
    await slash.ask()
    expect(vendor.received.at(-1)?.path).toMatch(/^\/v1\/convai/)
  })

  test('can be asked for by a page in a browser', async () => {
    const { app, ask } = await startWithVendor()
    const preflight = await fetch(app.url + PATH, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://site.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    const response = await ask('?agent_id=agent_1', {
      authorization: `Bearer ${SERVER_KEY.secret}`,
    })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('is not used up by HEAD', async () => {
    const { app, vendor } = await startWithVendor()
    const headers = { 'x-api-key': SERVER_KEY.secret }
    const response = await fetch(`${app.url}${PATH}?agent_id=agent_1`, { method: 'HEAD', headers })
    expect(response.status).toBe(404)
    expect(vendor.received).toEqual([])
  })
})

describe('nobody gets one', () => {
  test.each([
    ['without a key', {}],
    ['with a wrong key', { 'x-api-key': 'secret-of-another' }],
    ['with the key of the platform', { 'x-api-key': API_KEY, 'xi-api-key': API_KEY }],
  ])('%s', async (_, headers) => {
    const { ask, vendor } = await startWithVendor()
    expect(
      await errorOf(await ask('?agent_id=agent_1', headers as Record<string, string>)),
    ).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    expect(vendor.received).toEqual([])
  })

  test('with the key in the query, where it would be logged on the way', async () => {
    const { ask, vendor } = await startWithVendor()
    const response = await ask(`?agent_id=agent_1&key=${SERVER_KEY.secret}`, {})
    expect(response.status).toBe(401)
    expect(vendor.received).toEqual([])
  })

  test('from a server without keys, although it is open otherwise', async () => {
    const { ask, vendor } = await startWithVendor({}, { keys: [] })
    expect(await errorOf(await ask())).toMatchObject({
      status: 401,
      message: expect.stringContaining('set auth.keys') as string, // an asymmetric matcher
    })
    expect(vendor.received).toEqual([])
  })

  test('where ElevenLabs is not configured: the answer says what to do', async () => {
    const { url } = await listeningApp({ keys: [SERVER_KEY] })
    const headers = { 'x-api-key': SERVER_KEY.secret }
    expect(await errorOf(await fetch(url + PATH, { headers }))).toMatchObject({
      status: 404,
      code: 'not_found',
      message: expect.stringContaining('set elevenlabs.api_key') as string, // an asymmetric matcher
    })
    expect((await fetch(url + PATH)).status).toBe(401)
  })

  test.each([
    ['another agent', '?agent_id=agent_3', 404, 'not_found', 'agent_id'],
    ['a part of a name', '?agent_id=agent_', 404, 'not_found', 'agent_id'],
    ['a name in other letters', '?agent_id=AGENT_1', 404, 'not_found', 'agent_id'],
    ['a name with more behind it', '?agent_id=agent_1%26x=1', 404, 'not_found', 'agent_id'],
    ['no agent, where there are two', '', 400, 'invalid_request', 'agent_id'],
    ['an empty agent', '?agent_id=', 400, 'invalid_request', 'agent_id'],
    ['two agents', '?agent_id=agent_1&agent_id=agent_3', 400, 'invalid_request', 'agent_id'],
    [
      'an id or not',
      '?agent_id=agent_1&include_conversation_id=maybe',
      400,
      'invalid_request',
      'include_conversation_id',
    ],
    [
      'a huge branch',
      `?agent_id=agent_1&branch_id=${'x'.repeat(257)}`,
      400,
      'invalid_request',
      'branch_id',
    ],
  ])('for %s', async (_, query, status, code, param) => {
    const { ask, vendor } = await startWithVendor()
    expect(await errorOf(await ask(query))).toMatchObject({ status, code, param })
    expect(vendor.received).toEqual([])
  })

  test('where no agents are listed', async () => {
    const { ask, vendor } = await startWithVendor({ agents: [] })
    for (const query of ['', '?agent_id=agent_1']) {
      expect(await errorOf(await ask(query))).toMatchObject({ status: 404, param: 'agent_id' })
    }
    expect(vendor.received).toEqual([])
  })
})

describe('too many', () => {
  test('are refused, with when to come again, for each key on its own', async () => {
    const other = { name: 'other', secret: 'secret-of-the-other' }
    const { ask, vendor } = await startWithVendor(
      { signed_urls_per_minute: 2 },
      { keys: [SERVER_KEY, other] },
    )
    expect((await ask()).status).toBe(200)
    expect((await ask()).status).toBe(200)
    const refused = await ask()
    expect(refused.headers.get('retry-after')).toMatch(/^(?:29|30)$/)
    expect(refused.headers.get('access-control-expose-headers')).toContain('retry-after')
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'rate_limited' })
    const others = await ask('?agent_id=agent_1', { 'x-api-key': other.secret })
    expect(others.status).toBe(200)
    expect(vendor.received).toHaveLength(3)
  })

  test('are not those that were refused anyway', async () => {
    const { ask } = await startWithVendor({ signed_urls_per_minute: 1 })
    await ask('?agent_id=agent_3')
    await ask('?agent_id=agent_1', {})
    expect((await ask()).status).toBe(200)
    expect((await ask()).status).toBe(429)
  })
})
