import { describe, expect, it } from 'vitest'
import { heldReply } from '../../../support/gate.ts'
import {
  changed,
  platformLine,
  requestOf,
  saying,
  startForPlatform,
} from '../../../support/platform-requests.ts'
import { postText, rawHttp } from '../../../support/raw-http.ts'
import { goTo, startPacedRooms } from '../../../support/rooms-flow.ts'
import { assistant, system, user } from '../../../support/wire-messages.ts'

const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')

describe('a request of LiveKit Agents', () => {
  it.each(['python', 'javascript'])('from %s is of the job, not of the room', async (language) => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('livekit', language))).toMatchObject({
      conversation: 'AJ_job1',
      key_source: 'header.x-livekit-job-id',
    })
  })

  it('is read however its headers are spelled', async () => {
    const { url } = await startForPlatform()
    const line = await rawHttp(Number(new URL(url).port))
    const headers = 'connection: close\r\nX-LiveKit-Job-Id: AJ_js\r\nX-LIVEKIT-ROOM-ID: RM_js\r\n'
    line.socket.write(postText('/v1/conversations/derive', { messages: [HI] }, headers))
    expect(await line.closed()).toContain('"conversation":"AJ_js"')
  })

  it('without a job is of the room', async () => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('livekit', 'room_only'))).toMatchObject({
      conversation: 'RM_room1',
      key_source: 'header.x-livekit-room-id',
    })
  })

  it('has no key where the job is a template, nor from the id of a single inference', async () => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('livekit', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('goes upstream without headers and without the rest of the body', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: 'For which day?', usage: { prompt_tokens: 5, completion_tokens: 3 } })
    const answer = await send(requestOf('livekit', 'python'))
    const { body, headers } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual([
      'max_completion_tokens',
      'messages',
      'model',
      'stream',
      'stream_options',
      'temperature',
      'tools',
    ])
    expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
    expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual([])
    expect(headers.authorization).toBe('Bearer sk-upstream')
    expect(answer).toMatchObject({ kind: 'new', text: 'For which day?', isDone: true })
    // The usage comes in a chunk of its own, without choices.
    expect(answer.frames.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 8 } })
  })

  it('is asked for its models first', async () => {
    const { url } = await startForPlatform()
    for (const path of ['/models', '/v1/models']) {
      const answer = await fetch(url + path)
      expect(await answer.json()).toMatchObject({ object: 'list', data: [{ id: 'test-flow' }] })
    }
  })

  it('gets a call with its id and name at once, and `tool_calls` at the end', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ calls: [{ id: 'call_1', name: 'lookup_record', arguments: {} }] })
    const { frames } = await send(requestOf('livekit', 'javascript'))
    const calls = frames.flatMap(({ choices }) =>
      choices.flatMap((it) => it.delta.tool_calls ?? []),
    )
    expect(calls).toMatchObject([{ index: 0, id: 'call_1', function: { name: 'lookup_record' } }])
    expect(frames.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finish_reason).toBe(
      'tool_calls',
    )
  })

  it('gets signs of life while the model says nothing', async () => {
    const { upstream, open } = await startForPlatform()
    const held = heldReply({ say: 'Here I am.' })
    upstream.reply(held.answer)
    const answer = await open(requestOf('livekit', 'python'))
    await answer.until(() => answer.raw().includes('"content":""'), 'an empty delta')
    held.release()
    expect(await answer.toEnd()).toContain('[DONE]')
  })
})

describe('preemptive generation', () => {
  it('on half a sentence is given up for the whole one, and nothing of it remains', async () => {
    const { model, url, webhook } = await startPacedRooms()
    const { open } = platformLine(url)
    const turn = requestOf('livekit', 'python')
    const early = open(saying(turn, [DESK, user('I want to book')]))
    const first = await model.received(1)
    first.say('What would')
    ;(await early).hangUp()
    const whole = open(saying(turn, [DESK, user('I want to book a table')]))
    const second = await model.received(2)
    expect(await first.closed).toBe(true)
    second.say('For when?')
    second.end()
    const answer = await whole
    expect(await answer.toEnd()).toContain('[DONE]')
    expect(answer.headers.get('x-turnstate-kind')).toBe('revised')
    expect(answer.headers.get('x-turnstate-exchange')).toBe('1')
    expect(second.body.messages.slice(1)).toEqual([user('I want to book a table')])
    expect(webhook.received).toHaveLength(0)
  })

  it('whose answer never sounded leaves two user messages, and its state is taken back', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply(...goTo('b', 'For when?'), { say: 'Tomorrow, then.' })
    const turn = requestOf('livekit', 'python')
    expect(await send(turn)).toMatchObject({ kind: 'new' })
    const again = saying(turn, [DESK, HI, user('Tomorrow.')])
    expect(await look(again)).toMatchObject({ kind: 'revised', rollback: true, state: 'a' })
    expect(await send(again)).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual([
      user('I need an appointment. Tomorrow.'),
    ])
  })

  it('asked for again after a cut reply goes on from what was played', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply(...goTo('b', 'The doctor has time on Tuesday and on Friday.'), { say: 'Fine.' })
    const turn = requestOf('livekit', 'python')
    await send(turn)
    const cut = assistant('the doctor has time on tuesday')
    const next = saying(turn, [DESK, HI, cut, user('Tuesday!')])
    expect(await send(next)).toMatchObject({
      kind: 'new',
      exchange: '2',
      state: 'b',
      heard: 'partial',
    })
  })

  it('that comes back with an empty user message is no error', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.always({ say: 'Are you there?' })
    const turn = requestOf('livekit', 'javascript')
    await send(turn)
    const heard = [DESK, HI, assistant('Are you there?'), user('')]
    expect(await send(changed(turn, { body: { messages: heard } }))).toMatchObject({
      status: 200,
      kind: 'silence',
    })
  })
})
