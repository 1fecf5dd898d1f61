import OpenAI, { APIError, AuthenticationError, BadRequestError, InternalServerError } from 'openai'
import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import type { FakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'

const KEY = 'secret-of-the-client'
const QUESTION = { model: 'agent', messages: [{ role: 'user' as const, content: 'Hello' }] }
const CALL: TurnEvent = {
  type: 'tool-call',
  call: { id: 'call_1', name: 'end_call', arguments: '{"reason":"done"}' },
}

async function client(engine: FakeEngine, options: { apiKey?: string; path?: string } = {}) {
  const { url } = await listeningApp({ engine, keys: [{ name: 'sdk', secret: KEY }] })
  const baseURL = url + (options.path ?? '/v1')
  return new OpenAI({ apiKey: options.apiKey ?? KEY, baseURL, maxRetries: 0 })
}

describe('the openai package', () => {
  test('gets an answer as one body', async () => {
    const openai = await client(fakeEngine())
    const answer = await openai.chat.completions.create(QUESTION)
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
    expect(answer.model).toBe('agent')
  })

  test('streams an answer, with the headers of the turn', async () => {
    const events: TurnEvent[] = ['Hello ', 'there', '.'].map((text) => ({
      type: 'text-delta',
      text,
    }))
    const usage = { promptTokens: 7, completionTokens: 3, totalTokens: 10 }
    const openai = await client(fakeEngine({ events, end: { usage } }))
    const { data: stream, response } = await openai.chat.completions
      .create({ ...QUESTION, stream: true, stream_options: { include_usage: true } })
      .withResponse()
    const said: string[] = []
    let finish: string | null = null
    let total: number | undefined
    for await (const { choices, usage } of stream) {
      said.push(choices[0]?.delta.content ?? '')
      finish = choices[0]?.finish_reason ?? finish
      total = usage?.total_tokens
    }
    expect(said.join('')).toBe('Hello there.')
    expect(finish).toBe('stop')
    expect(total).toBe(10)
    expect(response.headers.get('x-turnstate-state')).toBe('identify')
  })

  test('puts calls of tools together from the stream', async () => {
    const engine = fakeEngine({
      events: [{ type: 'text-delta', text: 'Bye.' }, CALL],
      end: { finishReason: 'tool_calls' },
    })
    const openai = await client(engine)
    const tools = [
      { type: 'function' as const, function: { name: 'end_call', parameters: { type: 'object' } } },
    ]
    const answer = await openai.chat.completions
      .stream({ ...QUESTION, tools })
      .finalChatCompletion()
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Bye.',
        tool_calls: [
          { id: 'call_1', function: { name: 'end_call', arguments: '{"reason":"done"}' } },
        ],
      },
    })
    expect(engine.requests[0]?.platformTools).toEqual([
      { name: 'end_call', parameters: { type: 'object' } },
    ])
  })

  test('gets calls of tools in one body', async () => {
    const openai = await client(fakeEngine({ events: [CALL], end: { finishReason: 'tool_calls' } }))
    const answer = await openai.chat.completions.create(QUESTION)
    expect(answer.choices[0]?.message.tool_calls).toHaveLength(1)
  })

  test('lists the models', async () => {
    const openai = await client(fakeEngine())
    const ids = (await openai.models.list()).data.map((model) => model.id)
    expect(ids).toEqual(['clinic-booking'])
  })

  test('works with the secret in the base URL', async () => {
    const openai = await client(fakeEngine(), { apiKey: 'unused', path: `/k/${KEY}/v1` })
    expect((await openai.chat.completions.create(QUESTION)).object).toBe('chat.completion')
  })

  test('throws its own errors', async () => {
    const wrongKey = await client(fakeEngine(), { apiKey: 'wrong-secret' })
    await expect(wrongKey.chat.completions.create(QUESTION)).rejects.toThrow(AuthenticationError)
    const openai = await client(
      fakeEngine({
        run: () => Promise.reject(new TurnstateError('upstream_failed', 'No upstream answered')),
      }),
    )
    const bad = openai.chat.completions.create({ model: 'agent', messages: [] })
    await expect(bad).rejects.toThrow(BadRequestError)
    await expect(bad).rejects.toMatchObject({ param: 'messages', code: 'invalid_request' })
    for (const stream of [true, false]) {
      const failed = openai.chat.completions.create({ ...QUESTION, stream })
      await expect(failed).rejects.toThrow(InternalServerError)
      await expect(failed).rejects.toMatchObject({ status: 502, code: 'upstream_failed' })
      await expect(failed).rejects.toThrow(APIError)
    }
  })

  test('aborts the turn when it aborts its request', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Hello' }])
    const openai = await client(held.engine)
    const stream = await openai.chat.completions.create({ ...QUESTION, stream: true })
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content === 'Hello') stream.controller.abort()
    }
    await held.aborted
    expect(stream.controller.signal.aborted).toBe(true)
  })
})
