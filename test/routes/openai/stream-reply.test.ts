import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { EARLY_FAILURES, failingEngine, fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }], stream: true }

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

async function stream(engine: ReturnType<typeof fakeEngine>, more: object = {}, headers = {}) {
  const app = await listeningApp({ engine })
  const response = await post(app.url + CHAT, { ...BODY, ...more }, headers)
  const frames = (await response.text()).split('\n\n')
  return { app, response, data: frames.map((frame) => frame.replace(/^data: /, '')) }
}

/** What each chunk says, without the envelope. */
function told(data: readonly string[]): unknown[] {
  return data.slice(0, -2).map((json) => {
    const { choices, usage, turnstate } = JSON.parse(json) as Record<string, unknown> // chunks are objects
    const [choice] = choices as { delta: unknown; finish_reason: unknown }[] // checked by the contract test
    if (!choice) return { usage, turnstate }
    return choice.finish_reason === null ? choice.delta : [choice.delta, choice.finish_reason]
  })
}

const ROLE = { role: 'assistant', content: '' }

describe('a stream', () => {
  test('is role, deltas, finish reason and [DONE]', async () => {
    const { response, data } = await stream(
      fakeEngine({ events: [text('Hello '), text('"you"\n🙂')] }),
    )
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('connection')).toBe('keep-alive')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(told(data)).toEqual([
      ROLE,
      { content: 'Hello ' },
      { content: '"you"\n🙂' },
      [{}, 'stop'],
    ])
    expect(data.slice(-2)).toEqual(['[DONE]', ''])
  })

  test('has one envelope, with the model of the request', async () => {
    const model = 'agent "content":"" {'
    const { data } = await stream(fakeEngine({ events: [text('a'), text('b')] }), { model })
    const envelopes = data.slice(0, -2).map((json) => {
      const { id, object, created, model } = JSON.parse(json) as Record<string, unknown> // chunks are objects
      return { id, object, created, model }
    })
    expect(new Set(envelopes.map((envelope) => JSON.stringify(envelope))).size).toBe(1)
    expect(envelopes[0]).toMatchObject({ object: 'chat.completion.chunk', model })
    expect(envelopes[0]?.id).toMatch(/^chatcmpl-/)
    expect(told(data)).toContainEqual({ content: 'b' })
  })

  test.each([undefined, '', '   ', null, 7, 'x'.repeat(300)])(
    'names the model of the flow when the request names %j',
    async (model) => {
      const { data } = await stream(fakeEngine(), { model })
      expect(data[0]).toContain('"model":"clinic-booking"')
    },
  )

  test('has one chunk for each call of a tool', async () => {
    const call = (id: string, args: string): TurnEvent => ({
      type: 'tool-call',
      call: { id, name: 'end_call', arguments: args },
    })
    const { data } = await stream(
      fakeEngine({
        events: [text('Bye.'), call('a', '{"reason":"done"}'), call('b', '{}')],
        end: { finishReason: 'tool_calls' },
      }),
    )
    const chunk = (index: number, id: string, args: string) => ({
      tool_calls: [
        { index, id, type: 'function', function: { name: 'end_call', arguments: args } },
      ],
    })
    expect(told(data)).toEqual([
      ROLE,
      { content: 'Bye.' },
      chunk(0, 'a', '{"reason":"done"}'),
      chunk(1, 'b', '{}'),
      [{}, 'tool_calls'],
    ])
  })

  test('shows that it is alive by empty deltas', async () => {
    const alive: TurnEvent = { type: 'keep-alive' }
    const { data } = await stream(fakeEngine({ events: [alive, alive, text('Hello')] }))
    expect(told(data)).toEqual([ROLE, { content: '' }, { content: 'Hello' }, [{}, 'stop']])
  })

  test('tells usage and metadata only when asked', async () => {
    const usage = { promptTokens: 7, completionTokens: 2, totalTokens: 9 }
    const engine = () => fakeEngine({ end: { usage, state: 'choose', token: () => 'sealed' } })
    const wire = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }
    const asked = { stream_options: { include_usage: true } }
    expect(told((await stream(engine())).data)).toHaveLength(3)
    expect(told((await stream(engine(), { stream_options: false })).data)).toHaveLength(3)
    expect(told((await stream(engine(), asked)).data).slice(3)).toEqual([{ usage: wire }])
    const both = await stream(engine(), asked, { 'x-turnstate-metadata': '1' })
    expect(told(both.data).slice(3)).toEqual([
      { usage: wire },
      { turnstate: { state: 'choose', token: 'sealed' } },
    ])
  })

  test('is whole even if the turn said nothing', async () => {
    const { data } = await stream(fakeEngine({ events: [] }))
    expect(told(data)).toEqual([ROLE, [{}, 'stop']])
    expect(data).toContain('[DONE]')
  })
})

describe('a failure', () => {
  test.each(EARLY_FAILURES)(
    '%s before the first word is an HTTP error %i',
    async (code, status, type) => {
      const { response, data } = await stream(
        failingEngine([], new TurnstateError(code, 'It went wrong')),
      )
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toContain('application/json')
      expect(response.headers.get('x-turnstate-state')).toBe('book')
      expect(JSON.parse(data.join(''))).toEqual({
        error: { message: 'It went wrong', type, param: null, code },
      })
    },
  )

  test('that nobody foresaw is told without its reason, which is logged', async () => {
    const { app, response, data } = await stream(
      failingEngine([], new Error('secret at https://a.example')),
    )
    expect(response.status).toBe(500)
    expect(data.join('')).not.toContain('secret')
    const [line] = app.lines.filter((entry) => entry.level === 'error')
    expect(line?.values['err']).toMatchObject({ message: 'secret at https://a.example' })
  })

  test('after the first word still ends the stream as it should', async () => {
    const { app, response, data } = await stream(
      failingEngine([text('Hello')], new Error('mistake')),
    )
    expect(response.status).toBe(200)
    expect(told(data)).toEqual([ROLE, { content: 'Hello' }, [{}, 'stop']])
    expect(data).toContain('[DONE]')
    expect(app.lines.filter((entry) => entry.level === 'error')).toHaveLength(1)
  })

  test.each([[[text('Hello')]], [[]]])(
    'to make the token costs only the metadata, after %j',
    async (events) => {
      const token = () => {
        throw new RangeError('too deep')
      }
      const engine = fakeEngine({ events, end: { token } })
      const { app, response, data } = await stream(engine, {}, { 'x-turnstate-metadata': '1' })
      expect(response.status).toBe(200)
      expect(told(data).at(-1)).toEqual([{}, 'stop'])
      expect(data).toContain('[DONE]')
      expect(engine.delivered).toHaveLength(1)
      const errors = app.lines.filter((entry) => entry.level === 'error')
      expect(errors).toMatchObject([{ values: { err: { message: 'too deep' } } }])
    },
  )

  test('caller_gone before the first word just ends the connection', async () => {
    for (const streams of [true, false]) {
      const { port } = await listeningApp({
        engine: failingEngine([], new TurnstateError('caller_gone', 'Gone')),
      })
      const caller = await rawHttp(port)
      caller.socket.write(postText(CHAT, { ...BODY, stream: streams }))
      expect(await caller.closed()).toBe('')
    }
  })
})
