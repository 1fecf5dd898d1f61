import { describe, expect, test } from 'vitest'
import { curl } from '../../support/curl.ts'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { END, fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp, post } from '../../support/listening-app.ts'

const RESPONSES = '/v1/responses'
const CALL: TurnEvent = {
  type: 'tool-call',
  call: { id: 'a', name: 'skip_turn', arguments: '{}' },
}

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

async function ask(engine = fakeEngine(), headers = {}): Promise<object> {
  const { url } = await listeningApp({ engine })
  const response = await post(url + RESPONSES, { input: 'Hello' }, headers)
  expect(response.headers.get('content-type')).toContain('application/json')
  return (await response.json()) as object // checked by the contract test
}

describe('one JSON body', () => {
  test('is the response with all that was said', async () => {
    const usage = { promptTokens: 7, completionTokens: 2, totalTokens: 9 }
    const events: TurnEvent[] = [{ type: 'keep-alive' }, text('Hello '), text('you'), CALL]
    const answer = await ask(fakeEngine({ events, end: { usage, finishReason: 'tool_calls' } }))
    expect(answer).toMatchObject({
      object: 'response',
      status: 'completed',
      incomplete_details: null,
      error: null,
      model: 'clinic-booking',
      output: [
        {
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hello you' }],
        },
        { type: 'function_call', call_id: 'a', name: 'skip_turn', arguments: '{}' },
      ],
      usage: { input_tokens: 7, output_tokens: 2, total_tokens: 9 },
    })
  })

  test('has no message when nothing was said', async () => {
    const answer = await ask(fakeEngine({ events: [CALL], end: { finishReason: 'tool_calls' } }))
    expect(answer).toMatchObject({ output: [{ type: 'function_call', call_id: 'a' }] })
  })

  test('is incomplete when the upstream was cut short', async () => {
    expect(await ask(fakeEngine({ end: { finishReason: 'length' } }))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    })
  })

  test('says one space when another request took its place', async () => {
    const run = async () => ({ ...END, isSuperseded: true })
    expect(await ask(fakeEngine({ run }))).toMatchObject({ output: [{ content: [{ text: ' ' }] }] })
  })

  test('holds the metadata when asked', async () => {
    expect(await ask(fakeEngine(), { 'x-turnstate-metadata': '1' })).toMatchObject({
      turnstate: { state: 'identify', token: 'sealed-token' },
    })
    expect(await ask()).not.toHaveProperty('turnstate')
  })
})

describe('curl', () => {
  const BODY = JSON.stringify({ input: 'Hello', stream: true })

  test('streams a response at every form of the URL, with the secret in the path', async () => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'secret-of-curl' }] })
    for (const path of ['/v1/responses', '/responses/', '/v1/v1/responses']) {
      const output = await curl('-iN', `${url}/k/secret-of-curl${path}`, '-d', BODY)
      expect(output).toMatch(/^HTTP\/1\.1 200 OK/)
      expect(output).toContain('x-turnstate-kind: new')
      expect(output).toContain('event: response.output_text.delta\ndata: {')
      expect(output).toContain('"delta":"Hello there."')
      expect(output.endsWith('}\n\ndata: [DONE]\n\n')).toBe(true)
    }
  })

  test('is refused without a key, but may probe', async () => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'secret-of-curl' }] })
    const refused = await curl('-i', `${url}/v1/responses`, '-d', BODY)
    expect(refused).toMatch(/^HTTP\/1\.1 401/)
    expect(refused).toContain('"invalid_api_key"')
    expect(await curl('-I', `${url}/responses`)).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  test('is told to come back while the server stops', async () => {
    const app = await listeningApp()
    app.drain()
    const output = await curl('-i', `${app.url}/v1/responses`, '-d', BODY)
    expect(output).toMatch(/^HTTP\/1\.1 503/)
    expect(output).toContain('retry-after: 5')
  })
})
