import { describe, expect, it } from 'vitest'
import { curl } from '../support/curl.ts'
import { CATALOGUE_SECRET, requestCatalogue } from '../support/request-catalogue.ts'
import { startTurnstate } from '../support/turnstate.ts'

const FLOW = {
  starting_state: 'talk',
  general_tools: ['hours'],
  states: { talk: { state_prompt: 'Talk.' } },
}
const TOOLS = { hours: { type: 'static', description: 'Opening hours', result: 'Mon-Fri 8-18' } }
const start = (more: object = {}) => startTurnstate({ flow: FLOW, tools: TOOLS, ...more })
const MESSAGES = [{ role: 'user' as const, content: 'When are you open?' }]

describe('the openai package', () => {
  it('streams an answer whose server call it never sees', async () => {
    const { upstream, client } = await start()
    upstream.reply(
      {
        calls: [{ name: 'hours', arguments: {} }],
        usage: { prompt_tokens: 3, completion_tokens: 2 },
      },
      { say: 'From Monday to Friday.', usage: { prompt_tokens: 7, completion_tokens: 5 } },
    )
    const stream = await client().chat.completions.create({
      model: 'any',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
    expect(text).toBe('From Monday to Friday.')
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 7 },
      model: 'any',
    })
    expect(JSON.stringify(chunks)).not.toContain('hours')
  })

  it('gets one body without stream, and tool calls of the platform as they are', async () => {
    const { upstream, client } = await start()
    upstream.reply({ say: 'Bye.', calls: [{ name: 'end_call', arguments: { reason: 'done' } }] })
    const completion = await client().chat.completions.create({
      model: 'any',
      messages: MESSAGES,
      tools: [{ type: 'function', function: { name: 'end_call', parameters: {} } }],
    })
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Bye.',
        tool_calls: [
          { type: 'function', function: { name: 'end_call', arguments: '{"reason":"done"}' } },
        ],
      },
    })
  })

  it('reports a wrong key, a bad body and a failed upstream as its own error classes', async () => {
    const config = { auth: { keys: [{ name: 'main', secret: 'the-right-key' }] } }
    const { upstream, client } = await start({ config })
    const ask = (apiKey: string, messages: typeof MESSAGES) =>
      client({ apiKey }).chat.completions.create({ model: 'm', messages })
    await expect(ask('the-wrong-key', MESSAGES)).rejects.toMatchObject({ status: 401 })
    const unknown = [{ role: 'robot', content: 'x' }] as never // what the types rule out
    await expect(ask('the-right-key', unknown)).rejects.toMatchObject({
      status: 400,
      param: 'messages[0].role',
    })
    upstream.reply({ status: 503 })
    await expect(ask('the-right-key', MESSAGES)).rejects.toMatchObject({ status: 502 })
  })

  it('lists the flow as a model', async () => {
    const { client } = await start()
    expect((await client().models.list()).data.map((model) => model.id)).toEqual(['test-flow'])
  })
})

describe('curl', () => {
  it('reads a stream that ends in [DONE], whatever the path', async () => {
    const { upstream, url } = await start()
    upstream.always({ say: 'Hello.' })
    const body = JSON.stringify({ stream: true, messages: MESSAGES })
    for (const path of ['/', '/v1/chat/completions', '/chat/completions/chat/completions/']) {
      const printed = await curl('-N', `${url}${path}`, '-d', body)
      expect(printed).toContain('"content":"Hello')
      expect(printed.endsWith('data: [DONE]\n\n')).toBe(true)
    }
  })
})

describe('every request of the catalogue', () => {
  const keys = [{ name: 'platform', secret: CATALOGUE_SECRET }]
  const PLATFORM_FIELDS =
    /elevenlabs_extra_body|custom_llm_extra_body|user_id|extra_body|metadata|"store"/

  it.each(requestCatalogue().map((request) => [request.name, request] as const))(
    'is answered: %s',
    async (_, { path, headers, body }) => {
      const { upstream, url } = await start({ config: { auth: { keys } } })
      upstream.always({ say: 'How can I help?' })
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'x-api-key': CATALOGUE_SECRET, ...headers },
        body: JSON.stringify(body),
      })
      const text = await answer.text()
      expect(answer.status).toBe(200)
      for (const name of ['conversation', 'exchange', 'state', 'kind', 'heard', 'confidence']) {
        expect(answer.headers.get(`x-turnstate-${name}`)).toBeTruthy()
      }
      expect(text).toContain('How can I help?')
      expect(text.includes('[DONE]')).toBe(body.stream === true)
      const { rawBody } = await upstream.received()
      expect(rawBody).not.toMatch(PLATFORM_FIELDS)
      const sent = JSON.parse(rawBody) as { messages: { role: string }[] } // what we encoded
      expect(sent.messages.filter((message) => message.role === 'system')).toHaveLength(1)
    },
  )
})
