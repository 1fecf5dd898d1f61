import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import {
  changed,
  platformLine,
  requestOf,
  saying,
  startForPlatform,
} from '../../../support/platform-requests.ts'
import { goTo, startPacedRooms } from '../../../support/rooms-flow.ts'
import {
  assistant,
  assistantCall,
  system,
  toolResult,
  user,
} from '../../../support/wire-messages.ts'

const PIPECAT = { platform: 'pipecat' }
const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const IN_B = assistant('Welcome to the second room, where everything is blue.')
const TURN = requestOf('pipecat', 'turn')
const SUMMARY = requestOf('pipecat', 'summary')

describe('a request of Pipecat', () => {
  it('has its key from the header, or the user where that is all there is', async () => {
    const { look } = await startForPlatform(PIPECAT)
    expect(await look(TURN)).toMatchObject({
      conversation: 'pipecat-call-1',
      key_source: 'header.x-conversation-id',
    })
    expect(await look(requestOf('pipecat', 'by_user'))).toMatchObject({
      conversation: 'pipecat-call-2',
      key_source: 'body.user',
    })
    expect(await look(requestOf('pipecat', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('that nobody said is of Pipecat has no key from its user', async () => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('pipecat', 'by_user'))).toMatchObject({ key_source: 'none' })
  })

  it('goes upstream with what OpenAI knows and nothing else', async () => {
    const { upstream, send } = await startForPlatform(PIPECAT)
    upstream.reply({ say: 'For which day?' })
    expect(await send(TURN)).toMatchObject({ kind: 'new', text: 'For which day?', isDone: true })
    const { body } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual([
      'messages',
      'model',
      'stream',
      'stream_options',
      'temperature',
      'tool_choice',
      'tools',
    ])
  })

  it('is asked again by the SDK after a failure, and answered', async () => {
    const { upstream, url } = await startForPlatform(PIPECAT)
    upstream.reply({ status: 500 }, { say: 'For which day?' })
    const client = new OpenAI({
      baseURL: `${url}/v1`,
      apiKey: 'none',
      maxRetries: 2,
      defaultHeaders: { 'x-conversation-id': 'pipecat-call-1' },
    })
    const stream = await client.chat.completions.create({
      model: 'clinic',
      messages: [{ role: 'user', content: HI.content }],
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('For which day?')
    expect(upstream.requests).toHaveLength(2)
  })

  it.each(['\u2713', '\u25cb', '\u25d0'])(
    'that expects the mark %s before an answer gets it, in whatever pieces',
    async (mark) => {
      for (const deltas of [1, 3, 14]) {
        const { upstream, send } = await startForPlatform(PIPECAT)
        upstream.reply({ say: `${mark} **For** which day? \u2713`, deltas })
        expect((await send(TURN)).text.trim()).toBe(`${mark} For which day?`)
        upstream.reply({ say: mark })
        expect((await send(saying(TURN, [HI, user('Well')]))).text.trim()).toBe(mark)
      }
    },
  )

  it('hears a mark for nobody else: a voice would read it', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: '\u2713 For which day?' })
    expect((await send(TURN)).text).toBe('For which day?')
  })
})

describe('the history of Pipecat', () => {
  async function startInB() {
    const server = await startForPlatform(PIPECAT)
    server.upstream.reply(...goTo('b', IN_B.content))
    server.upstream.always({ say: 'Well, it is all about the colour blue.' })
    await server.send(TURN)
    const NEXT = [DESK, HI, IN_B, user('And what is next?')]
    await server.send(saying(TURN, NEXT))
    return server
  }
  const BLUE = assistant('Well, it is all about the colour blue.')
  const LAST = user('I see.')

  it.each([
    ['user', [user('So far: the caller wants an appointment.'), user('And what is next?'), BLUE]],
    ['user, to the last reply', [user('So far: the caller wants an appointment.'), BLUE]],
    ['developer, to the last reply', [{ role: 'developer', content: 'So far: nothing.' }, BLUE]],
    ['system', [system('So far: nothing.'), user('And what is next?'), BLUE]],
  ])('that was summarised as %s is no rollback', async (_role, summary) => {
    const { send, look } = await startInB()
    const next = saying(TURN, [DESK, ...summary, LAST])
    expect(await look(next)).toMatchObject({ rollback: false, discarded: [] })
    expect(await send(next)).toMatchObject({ kind: 'new', exchange: '3', state: 'b' })
  })

  it('with a tool result that changes in place goes on in the same exchange', async () => {
    const { upstream, send, look } = await startForPlatform(PIPECAT)
    upstream.reply({ calls: [{ id: 'call_9', name: 'lookup_record', arguments: {} }] })
    upstream.always({ say: 'One moment.' })
    await send(TURN)
    const asked = [DESK, HI, assistantCall('call_9', 'lookup_record')]
    const running = saying(TURN, [...asked, toolResult('call_9', 'IN_PROGRESS')])
    expect(await send(running)).toMatchObject({ kind: 'follow_up', exchange: '1' })
    upstream.always({ say: 'You are Ada.' })
    const done = saying(TURN, [...asked, toolResult('call_9', '{"name": "Ada"}')])
    expect(await look(done)).toMatchObject({ kind: 'follow_up', rollback: false })
    expect(await send(done)).toMatchObject({
      kind: 'follow_up',
      exchange: '1',
      text: 'You are Ada.',
    })
  })
})

describe('a side job', () => {
  const JOB_HEADERS = {
    'x-turnstate-kind': 'side_job',
    'x-turnstate-state': 'none',
    'x-turnstate-exchange': '0',
    'x-turnstate-heard': 'unknown',
    'x-turnstate-confidence': 'low',
    'x-turnstate-conversation': 'pipecat-call-1',
  }

  it('is a plain completion of its messages', async () => {
    const { upstream, ask } = await startForPlatform(PIPECAT)
    upstream.reply({ say: '**They** want an appointment.' })
    const { status, headers, body } = await ask(SUMMARY)
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject(JOB_HEADERS)
    expect(body).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: '**They** want an appointment.' }, finish_reason: 'stop' }],
    })
    const request = await upstream.received()
    expect(Object.keys(request.body).sort()).toEqual([
      'max_tokens',
      'messages',
      'model',
      'stream',
      'stream_options',
    ])
    expect(request.body.messages).toEqual(SUMMARY.body.messages)
  })

  it('leaves the conversation where it is', async () => {
    const { upstream, send, ask, look } = await startForPlatform(PIPECAT)
    upstream.reply(...goTo('b', IN_B.content), { say: 'They want an appointment.' })
    await send(TURN)
    const next = saying(TURN, [DESK, HI, IN_B, user('And what is next?')])
    const before = await look(next)
    expect(before).toMatchObject({ kind: 'new', state: 'b', exchange: 2 })
    await ask(SUMMARY)
    expect(await look(next)).toEqual(before)
  })

  it('does not end a turn that is running', async () => {
    const { model, url } = await startPacedRooms(PIPECAT)
    const { open, ask } = platformLine(url)
    const speaking = open(TURN)
    const turn = await model.received(1)
    turn.say('For')
    const answer = await speaking
    const job = ask(SUMMARY)
    const call = await model.received(2)
    call.say('An appointment.')
    call.end()
    expect((await job).headers.get('x-turnstate-kind')).toBe('side_job')
    turn.say(' which day?')
    turn.end()
    expect(await answer.toEnd()).toContain('which')
    expect(await turn.closed).toBe(false)
  })

  it('is one on any platform when a header says so, streamed or not', async () => {
    const { upstream, ask, send } = await startForPlatform()
    upstream.always({ say: 'They want an appointment.' })
    const headers = { 'x-turnstate-side-job': '1' }
    const job = changed(requestOf('livekit', 'python'), { headers })
    const streamed = await send(job)
    expect(streamed).toMatchObject({ kind: 'side_job', isDone: true })
    expect(streamed.text).toBe('They want an appointment.')
    const { headers: told } = await ask(changed(job, { body: { stream: false } }))
    expect(told.get('x-turnstate-kind')).toBe('side_job')
    expect((await ask(SUMMARY)).headers.get('x-turnstate-kind')).toBe('new')
  })

  it('brings its own tools along, and none of the flow', async () => {
    const { upstream, ask } = await startForPlatform(PIPECAT)
    upstream.reply({ calls: [{ id: 'call_1', name: 'lookup_record', arguments: {} }] })
    const { tools } = TURN.body
    const { body } = await ask(changed(SUMMARY, { body: { tools } }))
    expect((await upstream.received()).body.tools).toEqual(tools)
    expect(body.choices).toMatchObject([
      { message: { tool_calls: [{ id: 'call_1' }] }, finish_reason: 'tool_calls' },
    ])
  })

  it('that fails is an error, never half a summary', async () => {
    const { upstream, ask, send } = await startForPlatform({ ...PIPECAT, fallback: 'Sorry!' })
    upstream.reply({ status: 500 }, { say: 'They want', fault: 'break' })
    expect(await ask(SUMMARY)).toMatchObject({ status: 502 })
    const headers = { 'x-turnstate-side-job': '1' }
    expect(await send(changed(SUMMARY, { headers, body: { stream: true } }))).toMatchObject({
      status: 502,
    })
  })

  it('ends when a turn would, though the model goes on', async () => {
    const { model, url } = await startPacedRooms({ ...PIPECAT, routing: { turn_timeout_ms: 300 } })
    const job = platformLine(url).ask(SUMMARY)
    const call = await model.received(1)
    call.say('They want')
    expect(await job).toMatchObject({ status: 504 })
    expect(await call.closed).toBe(true)
  })

  it('ends its model call when the framework hangs up', async () => {
    const { model, url } = await startPacedRooms(PIPECAT)
    const call = new AbortController()
    const asked = fetch(url + SUMMARY.path, {
      method: 'POST',
      headers: SUMMARY.headers,
      body: JSON.stringify(SUMMARY.body),
      signal: call.signal,
    }).catch((error: unknown) => error)
    const asking = await model.received(1)
    call.abort()
    expect(await asking.closed).toBe(true)
    await asked
  })
})
