import { describe, expect, it, onTestFinished } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { startWebhookServer } from '../support/webhook-server.ts'
import { user } from '../support/wire-messages.ts'

const HI = user('Hi there.')
const TALK = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }

describe('a webhook', () => {
  async function withWebhook(more: object = {}) {
    const webhook = await startWebhookServer()
    onTestFinished(() => webhook.close())
    const url = `${webhook.url}/bookings`
    const common = { type: 'webhook', commit: 'immediate', parameters: { type: 'object' } }
    const book = { ...common, url, ...more }
    const server = await startTurnstate({
      flow: { ...TALK, general_tools: ['book'] },
      tools: { book },
      config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
    })
    server.upstream.reply({ calls: [{ name: 'book', arguments: { at: 'ten' } }] }, { say: 'So.' })
    return { ...server, webhook }
  }

  it.each([
    [
      'answers 500',
      { type: 'json', status: 500, value: { detail: 'x' } },
      {},
      /^{"error":"the service answered 500"}$/,
    ],
    [
      'hangs',
      { type: 'hang' },
      { timeout_ms: 40 },
      /"the service did not answer in time; it is not/,
    ],
    [
      'breaks the connection',
      { type: 'reset' },
      {},
      /"the service could not be reached; it is not/,
    ],
    ['answers with garbage', { type: 'text', text: '<<<{' }, {}, /^<<<\{$/],
  ] as const)(
    'that %s is told to the model, and the caller hears an answer',
    async (_, behaviour, options, told) => {
      const { turn, upstream, webhook } = await withWebhook(options)
      webhook.behave(behaviour)
      expect(await turn([HI])).toMatchObject({ status: 200, text: 'So.' })
      expect(String((await upstream.received(2)).body.messages.at(-1)?.content)).toMatch(told)
    },
  )

  it('that writes is refused with words when the request names no conversation', async () => {
    const { turn, upstream, webhook } = await withWebhook()
    const alone = await turn([HI], {}, { 'x-other': '1' })
    expect(alone.headers.get('x-turnstate-conversation')).toBe('none')
    expect(alone.headers.get('x-turnstate-confidence')).toBe('low')
    expect(webhook.received).toHaveLength(0)
    expect((await upstream.received(2)).body.messages.at(-1)?.content).toContain('Not done')
  })

  it('gets the arguments of the model and sets variables from the answer', async () => {
    const { turn, webhook } = await withWebhook()
    webhook.behave({ type: 'json', value: { id: 7 } })
    await turn([HI])
    expect(webhook.received).toMatchObject([
      { method: 'POST', path: '/bookings', body: '{"at":"ten"}' },
    ])
  })
})
