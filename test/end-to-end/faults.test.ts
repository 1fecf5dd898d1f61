import { describe, expect, it } from 'vitest'
import { startWebhookServer } from '../support/webhook-server.ts'
import { startTurnstate } from '../support/turnstate.ts'

const user = (content: string) => ({ role: 'user', content })
const HI = user('Hi there.')
const TALK = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }
const BUILT_IN_FALLBACK =
  'Sorry, something went wrong on my side. Could you say that again, please?'

/** The texts of a streamed answer, what it ended with, and whether it ended. */
async function streamed(url: string, messages: readonly object[], signal?: AbortSignal) {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-conversation-id': 'call-1' },
    body: JSON.stringify({ stream: true, messages }),
    ...(signal && { signal }),
  })
  const raw = await answer.text()
  const data = raw
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.slice(6))
  const chunks = data
    .filter((event) => event !== '[DONE]')
    .map(
      (event) =>
        JSON.parse(event) as {
          choices: { delta: { content?: string }; finish_reason: string | null }[]
        },
    )
  return {
    status: answer.status,
    headers: answer.headers,
    text: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''),
    finish: chunks.at(-1)?.choices[0]?.finish_reason,
    isDone: data.at(-1) === '[DONE]',
  }
}

describe('an upstream that fails before its first word', () => {
  it('becomes an OpenAI error that still carries the headers of the turn', async () => {
    const { upstream, turn } = await startTurnstate({ flow: TALK })
    upstream.always({ status: 500, body: 'secret details of http://internal' })
    const failed = await turn([HI])
    expect(failed).toMatchObject({ status: 502, kind: 'new', state: 'talk', exchange: '1' })
    expect(failed.body).toMatchObject({ error: { type: 'server_error' } })
    expect(JSON.stringify(failed.body)).not.toMatch(/secret|internal/)
  })

  it('is answered with the configured fallback', async () => {
    const config = { fallback: { en: 'Say that again?', no: 'Kan du gjenta?' } }
    const { upstream, url } = await startTurnstate({ flow: TALK, config })
    upstream.always({ status: 500 })
    expect(await streamed(url, [HI])).toMatchObject({
      status: 200,
      text: 'Say that again?',
      finish: 'stop',
      isDone: true,
    })
  })

  it('gives the turn to the next upstream', async () => {
    const spare = (base_url: string) => ({
      upstreams: {
        broken: { base_url: 'http://127.0.0.1:9', model: 'none' },
        spare: { base_url, model: 'spare-model' },
      },
    })
    const { upstream, turn } = await startTurnstate({ flow: TALK, config: spare })
    upstream.reply({ say: 'Here I am.' })
    expect(await turn([HI])).toMatchObject({ status: 200, text: 'Here I am.' })
    expect((await upstream.received()).body.model).toBe('spare-model')
  })

  it('answers 504 when no token arrives in time', async () => {
    const config = { routing: { first_token_timeout_ms: 40 } }
    const { upstream, turn } = await startTurnstate({ flow: TALK, config })
    upstream.always({ fault: 'hang' })
    expect(await turn([HI])).toMatchObject({ status: 504 })
    expect(await upstream.received().then(({ closed }) => closed)).toBe(true)
  })
})

describe('an upstream that fails after its first word', () => {
  it.each(['break', 'stall'] as const)('is ended with spoken words: %s', async (fault) => {
    const config = { routing: { idle_timeout_ms: 40 } }
    const { upstream, url } = await startTurnstate({ flow: TALK, config })
    upstream.reply({ say: 'I was about to', fault })
    expect(await streamed(url, [HI])).toMatchObject({
      status: 200,
      text: `I was about to ${BUILT_IN_FALLBACK}`,
      finish: 'stop',
      isDone: true,
    })
  })
})

describe('a caller that hangs up', () => {
  it('aborts the upstream request, and the turn stays in the journal with what was sent', async () => {
    const { upstream, url, derive } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'One two three four', deltas: 1, fault: 'stall' })
    const hangUp = new AbortController()
    const call = streamed(url, [HI], hangUp.signal)
    const { closed } = await upstream.received()
    // The words must have arrived before the line goes dead.
    setTimeout(() => hangUp.abort(), 50)
    await expect(call).rejects.toThrow()
    expect(await closed).toBe(true)
    const heard = [HI, { role: 'assistant', content: 'One two three' }, user('Hm?')]
    expect(await derive(heard)).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial' })
  })
})

describe('a webhook', () => {
  async function withWebhook(more: object = {}) {
    const webhook = await startWebhookServer()
    const url = `${webhook.url}/bookings`
    const book = { type: 'webhook', url, timeout_ms: 40, parameters: { type: 'object' }, ...more }
    const server = await startTurnstate({
      flow: { ...TALK, general_tools: ['book'] },
      tools: { book },
      config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
    })
    server.upstream.reply({ calls: [{ name: 'book', arguments: { at: 'ten' } }] }, { say: 'So.' })
    return { ...server, webhook }
  }

  it.each([
    ['answers 500', { type: 'json', status: 500, value: { detail: 'x' } }, /error.*500/],
    ['hangs', { type: 'hang' }, /error/],
    ['breaks the connection', { type: 'reset' }, /error/],
    ['answers with garbage', { type: 'text', text: '<<<{' }, /^<<<\{$/],
  ] as const)(
    'that %s is told to the model, and the caller hears an answer',
    async (_, behaviour, told) => {
      const { turn, upstream, webhook } = await withWebhook()
      webhook.behave(behaviour)
      expect(await turn([HI])).toMatchObject({ status: 200, text: 'So.' })
      expect(String((await upstream.received(2)).body.messages.at(-1)?.content)).toMatch(told)
      await webhook.close()
    },
  )

  it('that writes is refused with words when the request names no conversation', async () => {
    const { turn, upstream, webhook } = await withWebhook()
    const alone = await turn([HI], {}, { 'x-other': '1' })
    expect(alone.headers.get('x-turnstate-conversation')).toBe('none')
    expect(alone.headers.get('x-turnstate-confidence')).toBe('low')
    expect(webhook.received).toHaveLength(0)
    expect((await upstream.received(2)).body.messages.at(-1)?.content).toContain('Not done')
    await webhook.close()
  })

  it('gets the arguments of the model and sets variables from the answer', async () => {
    const { turn, webhook } = await withWebhook()
    webhook.behave({ type: 'json', value: { id: 7 } })
    await turn([HI])
    expect(webhook.received).toMatchObject([
      { method: 'POST', path: '/bookings', body: '{"at":"ten"}' },
    ])
    await webhook.close()
  })
})

describe('silence and openings', () => {
  const skip = [{ type: 'function', function: { name: 'skip_turn', parameters: {} } }]
  const silent = [HI, { role: 'assistant', content: 'Hello, how can I help?' }, user('...')]

  it('re-engages a silent caller twice, then stays quiet and never sends an empty stream', async () => {
    const { upstream, turn } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'Hello, how can I help?' })
    await turn([HI])
    upstream.reply({ say: 'Are you there?' }, { say: 'Hello?' })
    expect(await turn(silent)).toMatchObject({
      kind: 'silence',
      exchange: '1',
      text: 'Are you there?',
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('still there')
    expect(await turn(silent)).toMatchObject({ kind: 'silence', text: 'Hello?' })
    expect(await turn(silent)).toMatchObject({ kind: 'silence', text: '... ' })
    expect((await turn(silent, { tools: skip })).body).toMatchObject({
      choices: [{ message: { tool_calls: [{ function: { name: 'skip_turn' } }] } }],
    })
    expect(upstream.requests).toHaveLength(3)
  })

  it('greets when there is nothing but a system text', async () => {
    const { upstream, turn } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'Good morning!' })
    const opening = await turn([{ role: 'system', content: 'Hi {{name}}' }])
    expect(opening).toMatchObject({ kind: 'opening', exchange: '0', text: 'Good morning!' })
  })

  it('opens with the say of the starting state, without a model call', async () => {
    const flow = { starting_state: 'talk', states: { talk: { say: 'Oak Street, hello!' } } }
    const { upstream, turn } = await startTurnstate({ flow })
    expect(await turn([{ role: 'system', content: 'x' }])).toMatchObject({
      kind: 'opening',
      text: 'Oak Street, hello!',
    })
    upstream.reply({ say: 'Yes?' })
    const first = await turn([{ role: 'assistant', content: 'Oak Street, hello!' }, HI])
    expect(first).toMatchObject({ kind: 'new', exchange: '1', text: 'Yes?' })
    expect(first.headers.get('x-turnstate-heard')).toBe('full')
  })
})
