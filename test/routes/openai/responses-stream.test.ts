import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import { createResponseWriter } from '../../../src/routes/openai/responses/response-writer.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { EARLY_FAILURES, failingEngine, fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'
import { openResponse, readEvents } from '../../support/response-stream.ts'

const RESPONSES = '/v1/responses'
const BODY = { input: 'Hello', stream: true }

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })
const ALIVE: TurnEvent = { type: 'keep-alive' }
const call = (id: string, args: string): TurnEvent => ({
  type: 'tool-call',
  call: { id, name: 'end_call', arguments: args },
})

async function stream(engine: ReturnType<typeof fakeEngine>, more: object = {}, headers = {}) {
  const app = await listeningApp({ engine })
  const answer = await openResponse(app.url, { ...BODY, ...more }, headers)
  return { app, answer, ...(await answer.rest()) }
}

const OPENING = ['response.created', 'response.in_progress']
const MESSAGE = ['response.output_item.added', 'response.content_part.added']
const MESSAGE_END = [
  'response.output_text.done',
  'response.content_part.done',
  'response.output_item.done',
]
const CALL = [
  'response.output_item.added',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'response.output_item.done',
]
const DELTA = 'response.output_text.delta'

describe('a stream', () => {
  test('is the documented events in their order, then [DONE]', async () => {
    const engine = fakeEngine({ events: [text('Hello '), text('"you"\n🙂')] })
    const { answer, events, types, isDone } = await stream(engine)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(answer.headers.get('x-turnstate-state')).toBe('identify')
    expect(types).toEqual([
      ...OPENING,
      ...MESSAGE,
      DELTA,
      DELTA,
      ...MESSAGE_END,
      'response.completed',
    ])
    expect(isDone).toBe(true)
    expect(events.map(({ event }) => event)).toEqual(types)
    expect(events.map(({ data }) => data['sequence_number'])).toEqual([...events.keys()])
    expect(engine.delivered).toHaveLength(1)
  })

  test('names item and place in every event of the message, and ends with it whole', async () => {
    const said = 'Hello "you"\n🙂'
    const {
      events,
      text: heard,
      response,
    } = await stream(fakeEngine({ events: [text('Hello '), text('"you"\n🙂')] }))
    expect(heard).toBe(said)
    const [, , added, partAdded, delta, , textDone, partDone, itemDone] = events.map(
      ({ data }) => data,
    )
    const { id } = added?.['item'] as { id: string } // fails below if it is none
    const place = { item_id: id, output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text: said, annotations: [], logprobs: [] }
    const item = { id, type: 'message', role: 'assistant' }
    expect(id).toMatch(/^msg_/)
    expect(added).toMatchObject({ item: { ...item, status: 'in_progress', content: [] } })
    expect(partAdded).toMatchObject({ ...place, part: { ...part, text: '' } })
    expect(delta).toEqual({
      type: DELTA,
      sequence_number: 4,
      ...place,
      delta: 'Hello ',
      logprobs: [],
    })
    expect(textDone).toMatchObject({ ...place, text: said })
    expect(partDone).toMatchObject({ ...place, part })
    const whole = { ...item, status: 'completed', content: [part] }
    expect(itemDone).toMatchObject({ output_index: 0, item: whole })
    expect(response).toMatchObject({ status: 'completed', output: [whole] })
  })

  test('is one response, with the model of the request', async () => {
    const model = 'agent "delta":"" "sequence_number":0'
    const { events, response } = await stream(fakeEngine({ events: [text('a')] }), { model })
    const identities = events
      .flatMap(({ data }) => (data['response'] ? [data['response']] : []))
      .map((it) => {
        const { id, object, created_at, model } = it as Record<string, unknown> // checked by the contract test
        return { id, object, created_at, model }
      })
    expect(identities).toHaveLength(3)
    for (const identity of identities) expect(identity).toEqual(identities[0])
    expect(identities[0]).toMatchObject({ object: 'response', model })
    expect(response['id']).toMatch(/^resp_[0-9a-f]{32}$/)
  })

  test.each([undefined, '', null, 7])('names the model of the flow for %j', async (model) => {
    const { response } = await stream(fakeEngine(), { model })
    expect(response['model']).toBe('clinic-booking')
  })

  test('has the calls as items after the message', async () => {
    const { types, events, response } = await stream(
      fakeEngine({
        events: [text('Bye.'), call('a', '{"reason":"done"}'), call('b', '{}')],
        end: { finishReason: 'tool_calls' },
      }),
    )
    const message = [...MESSAGE, DELTA, ...MESSAGE_END]
    expect(types).toEqual([...OPENING, ...message, ...CALL, ...CALL, 'response.completed'])
    const calls = events.slice(8, 12).map(({ data }) => data)
    const item = { type: 'function_call', call_id: 'a', name: 'end_call' }
    const args = '{"reason":"done"}'
    const { id } = calls[0]?.['item'] as { id: string } // fails below if it is none
    expect(id).toMatch(/^fc_/)
    expect(calls).toMatchObject([
      { output_index: 1, item: { ...item, id, status: 'in_progress', arguments: '' } },
      { output_index: 1, item_id: id, delta: args },
      { output_index: 1, item_id: id, name: 'end_call', arguments: args },
      { output_index: 1, item: { ...item, id, status: 'completed', arguments: args } },
    ])
    expect(response).toMatchObject({
      status: 'completed',
      output: [
        { type: 'message', content: [{ text: 'Bye.' }] },
        { ...item, id, arguments: args },
        { ...item, call_id: 'b', arguments: '{}' },
      ],
    })
    const ids = (response['output'] as { id: string }[]).map((one) => one.id) // checked above
    expect(new Set(ids).size).toBe(3)
  })

  test('that only calls has no message', async () => {
    const engine = fakeEngine({
      events: [ALIVE, ALIVE, call('a', '{}')],
      end: { finishReason: 'tool_calls' },
    })
    const { types, response } = await stream(engine)
    expect(types).toEqual([...OPENING, 'response.in_progress', ...CALL, 'response.completed'])
    expect(response['output']).toMatchObject([{ type: 'function_call', call_id: 'a' }])
  })

  test('shows that it is alive, by empty deltas once there is a message', async () => {
    const { types, text: heard } = await stream(
      fakeEngine({ events: [ALIVE, ALIVE, text('Hel'), ALIVE, text('lo')] }),
    )
    expect(types.slice(0, -4)).toEqual([
      ...OPENING,
      'response.in_progress',
      ...MESSAGE,
      DELTA,
      DELTA,
      DELTA,
    ])
    expect(heard).toBe('Hello')
  })

  test('goes on in a message of its own with what is said after a call', async () => {
    const { response } = await stream(
      fakeEngine({ events: [text('One.'), call('a', '{}'), ALIVE, text('Two.')] }),
    )
    expect(response['output']).toMatchObject([
      { content: [{ text: 'One.' }] },
      { type: 'function_call' },
      { content: [{ text: 'Two.' }] },
    ])
  })

  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('that ended by %s is incomplete', async (finishReason, reason) => {
    const { types, response, isDone } = await stream(fakeEngine({ end: { finishReason } }))
    expect(types.at(-1)).toBe('response.incomplete')
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
      output: [{ status: 'incomplete', content: [{ text: 'Hello there.' }] }],
    })
    expect(isDone).toBe(true)
  })

  test('tells the usage when it is known, and the metadata when asked', async () => {
    const usage = { promptTokens: 7, completionTokens: 2, totalTokens: 9 }
    const engine = () => fakeEngine({ end: { usage, state: 'choose', token: () => 'sealed' } })
    const plain = await stream(engine())
    expect(plain.response['usage']).toMatchObject({
      input_tokens: 7,
      output_tokens: 2,
      total_tokens: 9,
    })
    expect(plain.response).not.toHaveProperty('turnstate')
    const asked = await stream(engine(), {}, { 'x-turnstate-metadata': '1' })
    expect(asked.response['turnstate']).toEqual({ state: 'choose', token: 'sealed' })
    expect((await stream(fakeEngine())).response['usage']).toBeNull()
  })

  test('is whole even if the turn said nothing', async () => {
    const { types, response, isDone } = await stream(fakeEngine({ events: [] }))
    expect(types).toEqual([...OPENING, 'response.completed'])
    expect(response['output']).toEqual([])
    expect(isDone).toBe(true)
  })
})

describe('one event of the turn', () => {
  test('is one write, and the first brings the opening along', () => {
    const writer = createResponseWriter({ hexId: '0f', createdAt: 1, model: 'agent' })
    const typesOf = (event: TurnEvent) => readEvents(writer.event(event)).types
    expect(typesOf(text('Hello'))).toEqual([...OPENING, ...MESSAGE, DELTA])
    expect(typesOf(text(' there'))).toEqual([DELTA])
    expect(typesOf(call('a', '{}'))).toEqual([...MESSAGE_END, ...CALL])
  })
})

describe('a failure', () => {
  test.each(EARLY_FAILURES)(
    '%s before the first word is an HTTP error %i',
    async (code, status, type) => {
      for (const streams of [true, false]) {
        const { url } = await listeningApp({
          engine: failingEngine([], new TurnstateError(code, 'It went wrong')),
        })
        const response = await post(url + RESPONSES, { ...BODY, stream: streams })
        expect(response.status).toBe(status)
        expect(response.headers.get('content-type')).toContain('application/json')
        expect(response.headers.get('x-turnstate-state')).toBe('book')
        expect(await response.json()).toEqual({
          error: { message: 'It went wrong', type, param: null, code },
        })
      }
    },
  )

  test('after the first word still ends the stream as it should', async () => {
    const {
      app,
      types,
      text: heard,
      isDone,
    } = await stream(failingEngine([text('Hello')], new Error('mistake')))
    expect(heard).toBe('Hello')
    expect(types.slice(-4)).toEqual([...MESSAGE_END, 'response.completed'])
    expect(isDone).toBe(true)
    expect(app.lines.filter((entry) => entry.level === 'error')).toHaveLength(1)
  })

  test('caller_gone before the first word just ends the connection', async () => {
    const { port } = await listeningApp({
      engine: failingEngine([], new TurnstateError('caller_gone', 'Gone')),
    })
    const caller = await rawHttp(port)
    caller.socket.write(postText(RESPONSES, BODY))
    expect(await caller.closed()).toBe('')
  })
})
