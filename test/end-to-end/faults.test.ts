import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { startWebhookServer } from '../support/webhook-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('Hi there.')
const TALK = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }
const BUILT_IN_FALLBACK =
  'Sorry, something went wrong on my side. Could you say that again, please?'

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
    const { upstream, stream } = await startTurnstate({ flow: TALK, config })
    upstream.always({ status: 500 })
    const answer = await stream([HI])
    expect(answer.status).toBe(200)
    expect(await answer.rest()).toMatchObject({
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
  const STALLS_FOR_LONG = { routing: { idle_timeout_ms: 40 } }

  it.each([
    ['breaks the connection', 'break', {}],
    ['says no more', 'stall', STALLS_FOR_LONG],
  ] as const)('is ended with spoken words when it %s', async (_, fault, config) => {
    const { upstream, stream } = await startTurnstate({ flow: TALK, config })
    upstream.reply({ say: 'I was about to', fault })
    const answer = await stream([HI])
    expect(answer.status).toBe(200)
    expect(await answer.rest()).toMatchObject({
      text: `I was about to... ${BUILT_IN_FALLBACK}`,
      finish: 'stop',
      isDone: true,
    })
  })

  it.each([
    ['breaks the connection', 'break', {}, 502],
    ['says no more', 'stall', STALLS_FOR_LONG, 504],
  ] as const)(
    'is an error of a JSON answer when it %s, and nothing of it was heard',
    async (_, fault, config, status) => {
      const { upstream, turn, derive } = await startTurnstate({ flow: TALK, config })
      upstream.reply({ say: 'I was about to', fault })
      const failed = await turn([HI])
      expect(failed).toMatchObject({ status, kind: 'new', exchange: '1' })
      expect(failed.body).toMatchObject({ error: { type: 'server_error' } })
      expect(JSON.stringify(failed.body)).not.toContain('I was about')
      const impossible = [HI, assistant('I was about to'), user('What?')]
      expect(await derive(impossible)).toMatchObject({ heard: 'unknown', confidence: 'low' })
    },
  )

  it('is ended with the configured fallback, also in a JSON answer', async () => {
    const config = { fallback: 'Say that again?' }
    const { upstream, turn } = await startTurnstate({ flow: TALK, config })
    upstream.reply({ say: 'I was about to', fault: 'break' })
    expect(await turn([HI])).toMatchObject({
      status: 200,
      text: 'I was about to... Say that again?',
    })
  })

  it('never shows the next request the words of the fallback as part of the heard reply', async () => {
    const { upstream, stream, turn } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'Your table is', fault: 'break' }, { say: 'For two.' })
    const { text } = await (await stream([HI])).rest()
    expect(text).toBe(`Your table is... ${BUILT_IN_FALLBACK}`)
    const next = await turn([HI, assistant(text), user('For how many?')])
    expect(next).toMatchObject({ kind: 'new', exchange: '2', text: 'For two.' })
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toEqual([HI, assistant('Your table is'), user('For how many?')])
    expect(messages[0]?.content).not.toContain('cut after')
  })

  it('counts an answer that is nothing but the fallback as none', async () => {
    const config = { fallback: 'Say that again?' }
    const { upstream, turn } = await startTurnstate({ flow: TALK, config })
    upstream.reply({ status: 500 }, { say: 'Here I am.' })
    const { text } = await turn([HI])
    const again = await turn([HI, assistant(text), user('Hello?')])
    expect(again).toMatchObject({ kind: 'revised', exchange: '1', text: 'Here I am.' })
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toEqual([user('Hi there. Hello?')])
  })
})

describe('a caller that hangs up', () => {
  it('aborts the upstream request, and the turn stays in the journal with what was sent', async () => {
    const { upstream, stream, derive } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'One two three four', fault: 'stall' })
    const answer = await stream([HI])
    await answer.hear('One two three four')
    answer.hangUp()
    expect(await (await upstream.received()).closed).toBe(true)
    const heard = [HI, assistant('One two three'), user('Hm?')]
    expect(await derive(heard)).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial' })
    const whole = [HI, assistant('One two three four'), user('Hm?')]
    expect(await derive(whole)).toMatchObject({ heard: 'partial' })
  })

  it('was not told of a failure that came after it: nothing was answered', async () => {
    const config = { fallback: 'Say that again?' }
    const { upstream, stream, derive, logged } = await startTurnstate({ flow: TALK, config })
    let fail: () => void = () => undefined
    const failing = new Promise<void>((resolve) => (fail = resolve))
    upstream.reply(async () => {
      await failing
      return { status: 500 }
    })
    const answer = await stream([HI])
    answer.hangUp()
    await vi.waitFor(() => expect(logged).toContain('turn ended'), { interval: 5, timeout: 5000 })
    fail()
    await vi.waitFor(() => expect(logged).toContain('fallback spoken'), { interval: 5 })
    const revised = await derive([user('Hi there. And a question.')])
    expect(revised).toMatchObject({ kind: 'revised', rollback: false, discarded: [] })
  })

  it('before the one body of its answer has heard nothing of it', async () => {
    const { upstream, url, derive } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'One two three four', fault: 'stall' })
    const hangUp = new AbortController()
    const call = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-conversation-id': 'call-1' },
      body: JSON.stringify({ messages: [HI] }),
      signal: hangUp.signal,
    })
    const { closed } = await upstream.received()
    hangUp.abort()
    await expect(call).rejects.toThrow()
    expect(await closed).toBe(true)
    const impossible = [HI, assistant('One two three'), user('Hm?')]
    expect(await derive(impossible)).toMatchObject({ heard: 'unknown', confidence: 'low' })
    expect(await derive([HI])).toMatchObject({ kind: 'retry', discarded: [] })
  })

  it.each([
    ['reads, forgets the call', 'GET', 20_000, 'book', null],
    ['writes, learns what came of it', 'POST', 300, 'sorry', /not known whether this was done/],
  ] as const)('during a tool that %s', async (_, method, timeout_ms, state, told) => {
    const webhook = await startWebhookServer()
    onTestFinished(() => webhook.close())
    webhook.behave({ type: 'hang' })
    const edges = ['failed', 'unknown'].map((status) => ({
      to: 'sorry',
      when: { type: 'result', tool: 'book', status },
    }))
    const { upstream, stream, turn, logged } = await startTurnstate({
      flow: {
        starting_state: 'book',
        general_tools: ['book'],
        states: { book: { edges }, sorry: { state_prompt: 'Say sorry.' } },
      },
      tools: {
        book: {
          type: 'webhook',
          url: `${webhook.url}/bookings`,
          method,
          timeout_ms,
          commit: 'immediate',
        },
      },
      config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
    })
    upstream.reply({ say: 'I am booking that now.', calls: [{ name: 'book' }] })
    const answer = await stream([HI])
    await answer.hear('booking that now.')
    await webhook.waitFor(1)
    answer.hangUp()
    await vi.waitFor(() => expect(logged).toContain('tool run'), { interval: 5, timeout: 5000 })
    upstream.reply({ say: 'Where were we?' })
    const next = await turn([HI, assistant('I am booking that now.'), user('Hello?')])
    expect(next).toMatchObject({ kind: 'new', exchange: '2', state })
    expect(next.headers.get('x-turnstate-heard')).toBe('partial')
    const { messages } = (await upstream.received(2)).body
    expect(String(messages[0]?.content).includes('Say sorry')).toBe(state === 'sorry')
    const results = messages.filter((message) => message.role === 'tool')
    expect(results.map((message) => message.content)).toEqual(
      told ? [expect.stringMatching(told)] : [],
    )
  })
})
