import OpenAI, { AuthenticationError, BadRequestError, InternalServerError } from 'openai'
import type { ResponseInput, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import type { FakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { startTurnstate } from '../../support/turnstate.ts'

const KEY = 'secret-of-the-client'
const QUESTION = { model: 'agent', input: 'Hello' }
const CALL: TurnEvent = {
  type: 'tool-call',
  call: { id: 'call_1', name: 'end_call', arguments: '{"reason":"done"}' },
}
const tool = (name: string) => ({
  type: 'function' as const,
  name,
  parameters: { type: 'object' },
  strict: null,
})

async function client(engine: FakeEngine, apiKey = KEY) {
  const { url } = await listeningApp({ engine, keys: [{ name: 'sdk', secret: KEY }] })
  return new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 })
}

describe('the openai package', () => {
  test('gets a response as one body, and puts its text together', async () => {
    const openai = await client(fakeEngine())
    const response = await openai.responses.create(QUESTION)
    expect(response).toMatchObject({ output_text: 'Hello there.', model: 'agent' })
  })

  test('streams a response, with the headers of the turn', async () => {
    const events: TurnEvent[] = ['Hello ', 'there', '.'].map((text) => ({
      type: 'text-delta',
      text,
    }))
    const usage = { promptTokens: 7, completionTokens: 3, totalTokens: 10 }
    const openai = await client(fakeEngine({ events, end: { usage } }))
    const { data: stream, response } = await openai.responses
      .create({ ...QUESTION, stream: true })
      .withResponse()
    const seen: ResponseStreamEvent[] = []
    for await (const event of stream) seen.push(event)
    const said = seen.flatMap((event) =>
      event.type === 'response.output_text.delta' ? [event.delta] : [],
    )
    expect(said).toEqual(['Hello ', 'there', '.'])
    expect(seen.at(-1)).toMatchObject({
      type: 'response.completed',
      response: { usage: { total_tokens: 10 } },
    })
    expect(response.headers.get('x-turnstate-state')).toBe('identify')
  })

  test('puts message and calls together from the events, whatever the last one holds', async () => {
    const engine = fakeEngine({
      events: [
        { type: 'keep-alive' },
        { type: 'keep-alive' },
        { type: 'text-delta', text: 'Bye' },
        { type: 'keep-alive' },
        { type: 'text-delta', text: '.' },
        CALL,
      ],
      end: { finishReason: 'tool_calls' },
    })
    const openai = await client(engine)
    const stream = openai.responses.stream({ ...QUESTION, tools: [tool('end_call')] })
    const snapshots: string[] = []
    stream.on('response.output_text.delta', ({ snapshot }) => snapshots.push(snapshot))
    const final = await stream.finalResponse()
    expect(snapshots).toEqual(['Bye', 'Bye', 'Bye.'])
    expect(final).toMatchObject({
      status: 'completed',
      output_text: 'Bye.',
      output: [
        { type: 'message', content: [{ type: 'output_text', text: 'Bye.' }] },
        {
          type: 'function_call',
          call_id: 'call_1',
          name: 'end_call',
          arguments: '{"reason":"done"}',
        },
      ],
    })
    expect(engine.requests[0]?.platformTools).toEqual([
      { name: 'end_call', parameters: { type: 'object' } },
    ])
  })

  test('throws its own errors', async () => {
    const wrongKey = await client(fakeEngine(), 'wrong-secret')
    await expect(wrongKey.responses.create(QUESTION)).rejects.toThrow(AuthenticationError)
    const run = () => Promise.reject(new TurnstateError('upstream_failed', 'No upstream answered'))
    const openai = await client(fakeEngine({ run }))
    const bad = openai.responses.create({ model: 'agent', input: [] })
    await expect(bad).rejects.toThrow(BadRequestError)
    await expect(bad).rejects.toMatchObject({ param: 'input', code: 'invalid_request' })
    for (const stream of [true, false]) {
      const failed = openai.responses.create({ ...QUESTION, stream })
      await expect(failed).rejects.toThrow(InternalServerError)
      await expect(failed).rejects.toMatchObject({ status: 502, code: 'upstream_failed' })
    }
  })

  test('aborts the turn when it aborts its request', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Hello' }])
    const openai = await client(held.engine)
    const stream = await openai.responses.create({ ...QUESTION, stream: true })
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') stream.controller.abort()
    }
    await held.aborted
    expect(stream.controller.signal.aborted).toBe(true)
  })
})

describe('the loop of tools', () => {
  const FLOW = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }
  const INPUT: ResponseInput = [{ role: 'user', content: 'Where is it?' }]
  const MAP = { name: 'show_map', arguments: { place: 'Oslo' } }

  test('goes on from the output of a call, as the same exchange', async () => {
    const { upstream, client } = await startTurnstate({ flow: FLOW })
    const openai = client()
    const tools = [tool('show_map')]
    upstream.reply({ say: 'Look here.', calls: [{ id: 'p1', ...MAP }] }, { say: 'Do you see it?' })
    const first = await openai.responses
      .stream({ model: 'agent', instructions: 'Be kind.', input: INPUT, tools })
      .finalResponse()
    expect(first.output_text).toBe('Look here.')
    const [call] = first.output.filter((item) => item.type === 'function_call')
    expect(call).toMatchObject({ name: 'show_map', arguments: '{"place":"Oslo"}' })
    const output = { type: 'function_call_output' as const, output: '{"shown":true}' }
    const input = [...INPUT, ...first.output, { ...output, call_id: call?.call_id ?? '' }]
    const { data: second, response } = await openai.responses
      .create({ model: 'agent', instructions: 'Be kind.', input: input as ResponseInput, tools }) // parsed items have more than sent ones
      .withResponse()
    expect(second.output_text).toBe('Do you see it?')
    expect(response.headers.get('x-turnstate-kind')).toBe('follow_up')
    expect(response.headers.get('x-turnstate-exchange')).toBe('1')
    const { messages } = (await upstream.received(2)).body
    expect(messages[0]?.content).toContain('Be kind.')
    expect(messages.slice(1)).toMatchObject([
      { role: 'user', content: 'Where is it?' },
      { role: 'assistant', content: 'Look here.', tool_calls: [{ id: 'p1' }] },
      { role: 'tool', tool_call_id: 'p1', content: '{"shown":true}' },
    ])
  })

  test('never sees a call twice, however often the model makes it', async () => {
    const { upstream, client } = await startTurnstate({ flow: FLOW })
    const openai = client()
    upstream.always({ calls: [{ name: 'end_call', arguments: { reason: 'done' } }] })
    const ask = () =>
      openai.responses
        .stream({ model: 'agent', input: INPUT, tools: [tool('end_call')] })
        .finalResponse()
    expect((await ask()).output).toMatchObject([{ type: 'function_call', name: 'end_call' }])
    for (let again = 0; again < 2; again++) {
      const answer = await ask()
      expect(answer.output).toMatchObject([{ type: 'message' }])
      expect(answer.output_text).toBe('... ')
    }
  })

  test('takes an output whose call it cannot see for what it is', async () => {
    const { upstream, client } = await startTurnstate({ flow: FLOW })
    upstream.reply({ say: 'Fine.' })
    const answer = await client().responses.create({
      model: 'agent',
      previous_response_id: 'resp_1',
      input: [{ type: 'function_call_output', call_id: 'p1', output: 'done' }],
    })
    expect(answer.output_text).toBe('Fine.')
  })
})
