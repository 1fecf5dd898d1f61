import { describe, expect, test } from 'vitest'
import type { TurnRequest } from '../../../src/turn/turn-request.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'
import { CATALOGUE_SECRET, requestCatalogue } from '../../support/request-catalogue.ts'

async function read(fields: object): Promise<TurnRequest> {
  const engine = fakeEngine()
  const { url } = await listeningApp({ engine })
  const body = { messages: [{ role: 'user', content: 'Hello' }], ...fields }
  const response = await post(`${url}/v1/chat/completions`, body)
  expect(response.status).toBe(200)
  const [request] = engine.requests
  if (!request) throw new Error('no request reached the engine')
  return request
}

describe('parameters', () => {
  test('go on by an allow-list', async () => {
    const allowed = {
      temperature: 0,
      top_p: 0.9,
      max_tokens: 300,
      stop: ['END'],
      seed: 7,
      presence_penalty: -1,
      frequency_penalty: 1.5,
      user: 'user_1',
      parallel_tool_calls: false,
    }
    const dropped = {
      metadata: { a: 'b' },
      store: true,
      service_tier: 'auto',
      logit_bias: { 1: 2 },
      n: 3,
      response_format: { type: 'json_object' },
      reasoning_effort: 'none',
      thinking_config: {},
      max_output_tokens: 9,
      user_id: 'user_2',
      elevenlabs_extra_body: { temperature: 2 },
      __proto__: { a: 1 },
    }
    const { parameters } = await read({ ...allowed, ...dropped })
    expect(parameters).toEqual(allowed)
  })

  test.each([
    [{ max_tokens: -1 }],
    [{ max_tokens: 0 }],
    [{ max_tokens: '300' }],
    [{ max_tokens: null }],
    [{ max_completion_tokens: -1 }],
    [{ temperature: null }],
    [{ temperature: 'hot' }],
    [{ temperature: 9 }],
    [{ top_p: [] }],
    [{ stop: {} }],
    [{ stop: [] }],
    [{ stop: null }],
    [{ seed: 1.5 }],
    [{ user: 7 }],
    [{ user_id: '' }],
    [{ parallel_tool_calls: 'yes' }],
  ])('%j are dropped', async (fields) => {
    expect((await read(fields)).parameters).toEqual({})
  })

  test('take the user from user_id', async () => {
    expect((await read({ user_id: 'user_42' })).parameters).toEqual({ user: 'user_42' })
    expect((await read({ user_id: 'user_42', user: null })).parameters).toEqual({ user: 'user_42' })
  })

  test('hold one limit of tokens', async () => {
    const { parameters } = await read({ max_tokens: 5, max_completion_tokens: 9 })
    expect(parameters).toEqual({ max_completion_tokens: 9 })
  })

  test('ask for usage when the caller will see it', async () => {
    expect((await read({})).wantsUsage).toBe(true)
    expect((await read({ stream: true })).wantsUsage).toBe(false)
    const asked = { stream_options: { include_usage: true } }
    expect((await read({ stream: true, ...asked })).wantsUsage).toBe(true)
  })
})

describe('tools', () => {
  test('are read however incomplete they are', async () => {
    const parameters = { type: 'object', properties: {} }
    const { platformTools } = await read({
      tools: [
        {
          type: 'function',
          function: { name: 'a', description: 'A', parameters, strict: true, x: 1 },
        },
        { function: { name: 'b', description: null, parameters: [] } },
        { type: 'function', function: { name: 'a', description: 'again' } },
        { type: 'function' },
        { type: 'function', function: { name: '' } },
        { type: 'web_search' },
        null,
        'c',
      ],
      functions: [{ name: 'd', parameters }, null],
    })
    expect(platformTools).toEqual([
      { name: 'a', description: 'A', parameters, strict: true },
      { name: 'b' },
      { name: 'd', parameters },
    ])
  })

  test.each([null, [], {}, 'x'])('are none when they are %j', async (tools) => {
    expect((await read({ tools })).platformTools).toEqual([])
  })

  test.each(['auto', 'none', 'required', { type: 'function', function: { name: 'a' } }])(
    'may be chosen by %j',
    async (tool_choice) => {
      expect((await read({ tool_choice })).toolChoice).toEqual(tool_choice)
    },
  )

  test.each([null, 'any', { type: 'function' }, { type: 'allowed_tools' }, 7])(
    'are not chosen by %j',
    async (tool_choice) => {
      expect((await read({ tool_choice })).toolChoice).toBeUndefined()
    },
  )
})

describe('the extra body', () => {
  test.each(['elevenlabs_extra_body', 'custom_llm_extra_body', 'extra_body', 'customLlmExtraBody'])(
    'is read from %s',
    async (key) => {
      const request = await read({ [key]: { a: { b: 1 } } })
      expect(request.extra).toEqual({ a: { b: 1 } })
      expect(request.keyMaterial.extraBody).toEqual({ a: { b: 1 } })
    },
  )

  test('is the first that is an object', async () => {
    const request = await read({
      elevenlabs_extra_body: 'x',
      custom_llm_extra_body: [],
      extra_body: { first: true },
      customLlmExtraBody: { first: false },
    })
    expect(request.extra).toEqual({ first: true })
  })

  test.each([null, 'x', 7, [], true])('is empty when it is %j', async (value) => {
    expect((await read({ elevenlabs_extra_body: value })).extra).toEqual({})
  })

  test('may be wide, but not bottomless', async () => {
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v']))
    expect((await read({ elevenlabs_extra_body: wide })).extra).toEqual(wide)
    const { url } = await listeningApp()
    const deep = `{"a":`.repeat(5000) + '1' + '}'.repeat(5000)
    const body = `{"messages":[{"role":"user","content":"x"}],"elevenlabs_extra_body":${deep}}`
    const response = await post(url, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: 'elevenlabs_extra_body' } })
  })
})

describe('the request catalogue', () => {
  test('has all nineteen shapes', () => {
    expect(requestCatalogue().map((request) => Number(request.name.slice(0, 2)))).toEqual(
      Array.from({ length: 19 }, (_, index) => index + 1),
    )
  })

  test.each(requestCatalogue())('$name is answered', async ({ path, headers, body }) => {
    const engine = fakeEngine()
    const keys = 'authorization' in headers || 'x-api-key' in headers
    const { url } = await listeningApp({
      engine,
      keys: keys ? [{ name: 'a', secret: CATALOGUE_SECRET }] : [],
    })
    const response = await post(url + path, body, { ...headers })
    expect(response.status).toBe(200)
    const answer = await response.text()
    expect(answer.endsWith('data: [DONE]\n\n')).toBe(body['stream'] === true)
    const [request] = engine.requests
    expect(request?.messages).toHaveLength((body['messages'] as unknown[]).length) // the fixtures' messages are lists
    expect(JSON.stringify(request?.parameters)).not.toMatch(/-1|user_id|extra|null/)
  })
})
