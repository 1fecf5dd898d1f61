import { describe, expect, test } from 'vitest'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }], stream: true }

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

describe('one JSON body', () => {
  const ask = async (engine: ReturnType<typeof fakeEngine>, headers = {}) => {
    const { url } = await listeningApp({ engine })
    return (await (await post(url + CHAT, { ...BODY, stream: false }, headers)).json()) as object // checked by the contract test
  }

  test('holds all that was said', async () => {
    const alive: TurnEvent = { type: 'keep-alive' }
    const usage = { promptTokens: 7, completionTokens: 2, totalTokens: 9 }
    expect(
      await ask(fakeEngine({ events: [alive, text('Hello '), text('you')], end: { usage } })),
    ).toMatchObject({
      object: 'chat.completion',
      model: 'clinic-booking',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello you', refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
    })
  })

  test('holds the calls, and null when nothing was said beside them', async () => {
    const call: TurnEvent = {
      type: 'tool-call',
      call: { id: 'a', name: 'skip_turn', arguments: '{}' },
    }
    expect(
      await ask(fakeEngine({ events: [call], end: { finishReason: 'tool_calls' } })),
    ).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'skip_turn', arguments: '{}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    })
  })

  test('holds the metadata when asked', async () => {
    expect(await ask(fakeEngine(), { 'x-turnstate-metadata': '1' })).toMatchObject({
      turnstate: { state: 'identify', token: 'sealed-token' },
    })
    expect(await ask(fakeEngine())).not.toHaveProperty('turnstate')
  })

  test('comes without metadata when the token cannot be made', async () => {
    const token = () => {
      throw new RangeError('too deep')
    }
    const app = await listeningApp({ engine: fakeEngine({ end: { token } }) })
    const headers = { 'x-turnstate-metadata': '1' }
    const response = await post(app.url + CHAT, { ...BODY, stream: false }, headers)
    const answer = (await response.json()) as object // checked by the contract test
    expect(answer).toMatchObject({ choices: [{ message: { content: 'Hello there.' } }] })
    expect(answer).not.toHaveProperty('turnstate')
    expect(app.lines.filter((entry) => entry.level === 'error')).toHaveLength(1)
  })

  test.each([undefined, false, null, 0, 'no'])('is the answer to stream: %j', async (value) => {
    const { url } = await listeningApp()
    const response = await post(url + CHAT, { ...BODY, stream: value })
    expect(response.headers.get('content-type')).toContain('application/json')
  })

  test('is not the answer to stream: "true"', async () => {
    const { url } = await listeningApp()
    const response = await post(url + CHAT, { ...BODY, stream: 'true' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
  })
})
