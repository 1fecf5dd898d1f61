import { describe, expect, it } from 'vitest'
import { customLlmStage } from './custom-llm-stage.ts'

const OK = { say: 'Hello.' }

async function bodyOf(file: object, question: object = {}) {
  const { server, ask } = await customLlmStage({ file })
  server.reply(OK)
  await ask(question)
  return (await server.received()).body
}

async function headersOf(file: object, question: object = {}) {
  const { server, ask, lines } = await customLlmStage({ file })
  server.reply(OK)
  await ask(question)
  return { headers: (await server.received()).headers, lines }
}

describe('the body', () => {
  it('has exactly the keys that are always sent', async () => {
    const body = await bodyOf({ custom_llm: { model_id: 'agent' } })
    expect(body).toEqual({
      messages: [{ role: 'user', content: 'Hello' }],
      model: 'agent',
      max_tokens: 8192,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
    })
  })

  it('has exactly the keys that the agent and the client can add', async () => {
    const file = {
      custom_llm: { reasoning_effort: 'low', temperature: 0.5, max_tokens: -1 },
      system_tools: ['end_call'],
    }
    const extraBody = { call_ref: 'c-17', nested: { deep: [1, null] } }
    const body = await bodyOf(file, { extraBody, userId: 'u-4' })
    expect(Object.keys(body)).toEqual([
      'messages',
      'model',
      'max_tokens',
      'stream',
      'stream_options',
      'temperature',
      'reasoning_effort',
      'tools',
      'user_id',
      'elevenlabs_extra_body',
    ])
    expect(body).toMatchObject({
      model: '',
      max_tokens: -1,
      temperature: 0.5,
      user_id: 'u-4',
      elevenlabs_extra_body: extraBody,
      tools: [{ type: 'function', function: { name: 'end_call' } }],
    })
  })

  it('lacks the temperature when the agent has none', async () => {
    expect(await bodyOf({ custom_llm: { temperature: null } })).not.toHaveProperty('temperature')
  })

  it('has an empty extra body when the client sent one', async () => {
    expect(await bodyOf({}, { extraBody: {} })).toHaveProperty('elevenlabs_extra_body', {})
  })

  const call = { id: 'c1', type: 'function', function: { name: 'show_map', arguments: '{}' } }
  const messages = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Where?' },
    { role: 'assistant', content: 'Look.', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'shown' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'shown' },
  ]

  it('holds the messages of tools', async () => {
    expect((await bodyOf({}, { messages })).messages).toEqual(messages)
  })

  it('can leave them out, so that a follow-up shows only what was said', async () => {
    expect((await bodyOf({ tool_messages: 'omit' }, { messages })).messages).toEqual([
      ...messages.slice(0, 2),
      { role: 'assistant', content: 'Look.' },
    ])
  })
})

describe('the address', () => {
  it.each([
    ['the base', (base: string) => base],
    ['a base with a slash', (base: string) => `${base}/`],
    ['the whole address', (base: string) => `${base}/chat/completions`],
  ])('is right when %s is configured', async (_, toUrl) => {
    const { server, ask } = await customLlmStage({ toUrl })
    server.reply(OK)
    await ask()
    expect((await server.received()).path).toBe('/v1/chat/completions')
  })

  it('keeps a secret in the path, and the query', async () => {
    const toUrl = (base: string) => `${base.replace('/v1', '/k/secret')}?tenant=a`
    const { server, ask, lines } = await customLlmStage({ toUrl })
    server.reply(OK)
    await ask()
    expect((await server.received()).path).toBe('/k/secret/chat/completions?tenant=a')
    expect(lines.join()).not.toContain('secret')
  })
})

describe('the headers', () => {
  it('carry the key, and the configured ones with their variables', async () => {
    const file = {
      custom_llm: {
        api_key: 'sk-1',
        request_headers: {
          'X-Tenant': '{{tenant}}-{{missing}}',
          'X-Conversation-Id': '{{system__conversation_id}}',
          'X-Token': '{{secret__token}}',
        },
      },
    }
    const dynamicVariables = {
      tenant: 'acme',
      secret__token: 'hidden',
      system__conversation_id: 'conv_1',
    }
    const { headers, lines } = await headersOf(file, { dynamicVariables })
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-1',
      'content-type': 'application/json',
      'user-agent': 'turnstate-emulate',
      'x-tenant': 'acme-{{missing}}',
      'x-conversation-id': 'conv_1',
      'x-token': 'hidden',
    })
    expect(lines.join()).not.toMatch(/hidden|sk-1/)
  })

  it('hold a key that was saved with its Bearer as the platform sends it', async () => {
    const { headers } = await headersOf({ custom_llm: { api_key: 'Bearer sk-1' } })
    expect(headers.authorization).toBe('Bearer Bearer sk-1')
  })

  it('never hold a configured Authorization', async () => {
    const { headers } = await headersOf({
      custom_llm: { request_headers: { AUTHORIZATION: 'Bearer x' } },
    })
    expect(headers).not.toHaveProperty('authorization')
  })

  it('can name another user agent', async () => {
    const { headers } = await headersOf({
      custom_llm: { request_headers: { 'User-Agent': 'mine' } },
    })
    expect(headers['user-agent']).toBe('mine')
  })

  it('leave out what no header can hold, and say so', async () => {
    const file = { custom_llm: { request_headers: { 'x-name': '{{name}}' } } }
    const { headers, lines } = await headersOf(file, { dynamicVariables: { name: 'a\r\nb: c' } })
    expect(headers).not.toHaveProperty('x-name')
    expect(lines[0]).toBe(
      'conv_1  custom llm  header x-name left out: no header can hold its value',
    )
  })
})
