import { describe, expect, test } from 'vitest'
import type { TurnRequest } from '../../../src/turn/turn-request.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'

async function read(fields: object): Promise<TurnRequest> {
  const engine = fakeEngine()
  const { url } = await listeningApp({ engine })
  const response = await post(`${url}/v1/responses`, { input: 'Hello', ...fields })
  expect(response.status).toBe(200)
  const [request] = engine.requests
  if (!request) throw new Error('no request reached the engine')
  return request
}

describe('a body that cannot be understood', () => {
  const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown // lists
  test.each([
    ['no JSON', '{', null],
    ['no object', '[]', null],
    ['nothing at all', {}, 'input'],
    ['an empty list', { input: [] }, 'input'],
    ['items that say nothing', { input: [{ type: 'reasoning' }] }, 'input'],
    ['a number as input', { input: 7 }, 'input'],
    ['an object as input', { input: { role: 'user', content: 'x' } }, 'input'],
    ['chat messages', { messages: [{ role: 'user', content: 'x' }] }, 'input'],
    ['an item that is a text', { input: ['x'] }, 'input[0]'],
    ['an item that is null', { input: [{ role: 'user', content: 'x' }, null] }, 'input[1]'],
    ['a message without a role', { input: [{ content: 'x' }] }, 'input[0].role'],
    ['an unknown role', { input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    ['a deep content', { input: [{ role: 'user', content: deep }] }, 'input[0].content'],
    [
      'deep arguments',
      { input: [{ type: 'function_call', name: 'a', arguments: { deep } }] },
      'input[0].arguments',
    ],
    [
      'a deep output',
      { input: [{ type: 'function_call_output', output: deep }] },
      'input[0].output',
    ],
    ['a number as instructions', { input: 'x', instructions: 7 }, 'instructions'],
    ['a text among instructions', { input: 'x', instructions: ['y'] }, 'instructions[0]'],
    [
      'deep instructions',
      { input: 'x', instructions: [{ content: deep }] },
      'instructions[0].content',
    ],
    [
      'deep tools',
      { input: 'x', tools: [{ type: 'function', name: 'a', parameters: { deep } }] },
      'tools',
    ],
    ['too many items', { input: Array.from({ length: 10_001 }, () => ({})) }, 'input'],
    ['work in the background', { input: 'x', background: true }, 'background'],
    ['a deep extra body', { input: 'x', elevenlabs_extra_body: { deep } }, 'elevenlabs_extra_body'],
  ])('is refused with the name of the field: %s', async (_, body, param) => {
    const engine = fakeEngine()
    const { url } = await listeningApp({ engine })
    const answer = await post(`${url}/v1/responses`, body)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { type: 'invalid_request_error', code: 'invalid_request', param },
    })
    expect(engine.requests).toEqual([])
  })
})

describe('the rest of the body', () => {
  test('goes on by an allow-list, under the names of chat completions', async () => {
    const { parameters, wantsUsage } = await read({
      temperature: 0,
      top_p: 0.9,
      max_output_tokens: 300,
      parallel_tool_calls: false,
      user: 'user_1',
      previous_response_id: 'resp_1',
      conversation: { id: 'conv_1' },
      store: true,
      background: false,
      include: ['reasoning.encrypted_content'],
      truncation: 'auto',
      text: { format: { type: 'json_object' } },
      reasoning: { effort: 'none', summary: 'auto' },
      metadata: { a: 'b' },
      __proto__: { a: 1 },
    })
    expect(parameters).toEqual({
      temperature: 0,
      top_p: 0.9,
      max_tokens: 300,
      parallel_tool_calls: false,
      user: 'user_1',
    })
    expect(wantsUsage).toBe(true)
  })

  test.each([
    { max_output_tokens: -1 },
    { max_output_tokens: 0 },
    { max_output_tokens: '300' },
    { max_output_tokens: null },
    { temperature: null },
    { temperature: 9 },
    { top_p: 'x' },
    { parallel_tool_calls: null },
    { reasoning: null },
    { reasoning: 'high' },
  ])('%j is dropped', async (fields) => {
    expect((await read(fields)).parameters).toEqual({})
  })

  test('takes the user from user_id', async () => {
    expect((await read({ user_id: 'user_42' })).parameters).toEqual({ user: 'user_42' })
  })

  test('holds tools in the form of either API, and skips those that are no functions', async () => {
    const parameters = { type: 'object', properties: {} }
    const { platformTools } = await read({
      tools: [
        { type: 'function', name: 'a', description: 'A', parameters, strict: true, x: 1 },
        { type: 'function', function: { name: 'b', parameters } },
        { type: 'function', name: 'c', description: null, parameters: null, strict: null },
        { type: 'function', name: 'a', description: 'again' },
        { type: 'web_search', name: 'w' },
        { type: 'custom', name: 'x' },
        { type: 'function' },
        null,
      ],
    })
    expect(platformTools).toEqual([
      { name: 'a', description: 'A', parameters, strict: true },
      { name: 'b', parameters },
      { name: 'c' },
    ])
  })

  const chosen = { type: 'function', function: { name: 'a' } }
  test.each([
    ['auto', 'auto'],
    ['none', 'none'],
    ['required', 'required'],
    [{ type: 'function', name: 'a' }, chosen],
    [chosen, chosen],
    [{ type: 'function', name: '' }, undefined],
    [{ type: 'web_search' }, undefined],
    [{ type: 'allowed_tools', mode: 'auto', tools: [] }, undefined],
    [null, undefined],
  ])('may choose tools by %j', async (tool_choice, toolChoice) => {
    expect((await read({ tool_choice })).toolChoice).toEqual(toolChoice)
  })

  test.each(['elevenlabs_extra_body', 'custom_llm_extra_body', 'extra_body', 'customLlmExtraBody'])(
    'holds the extra body as %s',
    async (key) => {
      const { extra, keyMaterial } = await read({ [key]: { a: 1 } })
      expect(extra).toEqual({ a: 1 })
      expect(keyMaterial.extraBody).toEqual({ a: 1 })
    },
  )

  test('is there for the key of the conversation as it came', async () => {
    const metadata = { conversation_id: 'conv_1' }
    const { keyMaterial } = await read({ metadata, conversation: { id: 'conv_2' } })
    expect(keyMaterial.body).toMatchObject({
      input: 'Hello',
      metadata,
      conversation: { id: 'conv_2' },
    })
  })
})
