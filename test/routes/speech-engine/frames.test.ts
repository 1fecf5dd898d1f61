import { once } from 'node:events'
import { describe, expect, test } from 'vitest'

import { fakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { dialEngine, elevenlabs, textOf, transcript } from './platform.ts'

const INIT = { type: 'init', conversation_id: 'conv_1' }

async function start(conversation: string | null = 'conv_1') {
  const engine = fakeEngine()
  const app = await listeningApp({ elevenlabs, engine })
  const line = await dialEngine(app.url, { conversation })
  return { app, engine, line }
}

describe('what the platform sends', () => {
  test('becomes a turn of the conversation that init names', async () => {
    const { app, engine, line } = await start('conv_77')
    line.send({
      type: 'user_transcript',
      event_id: 3,
      later: { added: true },
      user_transcript: [
        { role: 'agent', content: 'Clinic, hello!' },
        { role: 'user', content: 'Hi', words: [] },
        { role: 'supervisor', content: 'Be nice' },
        { role: 'assistant', content: null },
        { role: 'user' },
        { role: '__proto__', content: 'x' },
      ],
    })
    await line.answered(3)
    expect(engine.requests).toEqual([
      {
        caller: 'speech_engine',
        keyMaterial: expect.objectContaining({
          platform: 'speech_engine',
          call: { conversation_id: 'conv_77' },
        }) as unknown, // an asymmetric matcher
        messages: [
          { role: 'assistant', text: 'Clinic, hello!' },
          { role: 'user', text: 'Hi' },
          { role: 'assistant', text: '' },
          { role: 'user', text: '' },
        ],
        platformTools: [],
        parameters: {},
        wantsUsage: false,
        extra: { call: { conversation_id: 'conv_77' } },
        isNewest: true,
      },
    ])
    line.socket.close(1000)
    await line.closed
    await app.close(5000)
    expect(app.lines.find(({ message }) => message === 'turn ended')?.values).toMatchObject({
      platform: 'speech_engine',
      finish: 'stop',
    })
    expect(app.lines.find(({ message }) => message === 'socket closed')?.values).toMatchObject({
      platform: 'speech_engine',
      conversation: 'conv_77',
    })
  })

  test('as a ping is answered at once, before init too', async () => {
    const { line } = await start(null)
    line.send({ type: 'ping' })
    expect(await line.next(() => true)).toEqual({ type: 'pong' })
  })

  test('as a ping is answered at once, while an answer is awaited too', async () => {
    const held = heldTurn()
    const { url } = await listeningApp({ elevenlabs, engine: held.engine })
    const line = await dialEngine(url)
    line.say(1, 'Hi')
    await held.started
    line.send({ type: 'ping' })
    expect(await line.next(() => true)).toEqual({ type: 'pong' })
    held.release()
    expect(textOf(await line.answered(1))).toBe('At last.')
  })

  test('as close ends the connection cleanly', async () => {
    const { line, app } = await start()
    line.send({ type: 'close' })
    expect(await line.closed).toEqual({ code: 1000, reason: 'the conversation is over' })
    await app.close(5000)
    expect(app.lines.find(({ message }) => message === 'socket closed')?.values).toMatchObject({
      conversation: 'conv_1',
      code: 1000,
      reason: 'the conversation is over',
    })
  })

  test('as an error is logged, what it says only for debugging and cut short, and the call goes on', async () => {
    const { line, app } = await start()
    line.send({ type: 'error', message: `stale response ${'x'.repeat(5000)}` })
    line.send({ type: 'error' })
    line.send({ type: 'error', message: { code: 7 } })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toBe('Hello there.')
    const told = app.lines.filter(({ level }) => level === 'warn')
    const report = {
      level: 'warn',
      values: { conversation: 'conv_1' },
      message: 'the platform reports an error',
    }
    expect(told).toEqual([report, report, report])
    const said = app.lines.filter(({ level }) => level === 'debug')
    expect(said[0]?.values['message']).toMatch(/^stale response x{185}$/)
  })

  test('of a type that nobody knows is ignored', async () => {
    const { line, app } = await start()
    for (const type of ['vad_score', 'toString', '__proto__', ''])
      line.send({ type, event_id: 'x' })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toBe('Hello there.')
    const loud = app.lines.filter(({ level }) => level === 'error' || level === 'warn')
    expect(loud.map(({ values }) => values.type)).toEqual([
      'vad_score',
      'toString',
      '__proto__',
      '',
    ])
  })

  test('as init once more is fine for the same conversation', async () => {
    const { line } = await start()
    line.send({ ...INIT, added: 1 })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toBe('Hello there.')
  })
})

describe('a connection is closed', () => {
  test('with 1008 when a transcript comes before init, and nothing is said', async () => {
    const { line, engine } = await start(null)
    line.say(1, 'Hi')
    expect(await line.closed).toMatchObject({ code: 1008 })
    expect(line.frames).toEqual([])
    expect(engine.requests).toEqual([])
  })

  test('with 1008 when init names another conversation', async () => {
    const { line } = await start()
    line.send({ ...INIT, conversation_id: 'conv_2' })
    expect(await line.closed).toEqual({
      code: 1008,
      reason: 'a connection is for one conversation',
    })
  })

  test('with 1008 when nothing comes in time', async () => {
    const { url } = await listeningApp({ elevenlabs, timeouts: { firstFrameMs: 20 } })
    const line = await dialEngine(url, { conversation: null })
    expect(await line.closed).toMatchObject({ code: 1008 })
  })

  test.each([
    ['no type', {}, 'type'],
    ['a type that is no text', { type: 7 }, 'type'],
    ['init without an id', { type: 'init' }, 'init.conversation_id'],
    ['init with an empty id', { ...INIT, conversation_id: '' }, 'init.conversation_id'],
    ['init with a number', { ...INIT, conversation_id: 7 }, 'init.conversation_id'],
    ['init with a huge id', { ...INIT, conversation_id: 'x'.repeat(257) }, 'init.conversation_id'],
    ['no event id', { type: 'user_transcript', user_transcript: [] }, 'user_transcript.event_id'],
    ['an event id in words', { ...transcript(1), event_id: '1' }, 'user_transcript.event_id'],
    ['half an event id', transcript(1.5), 'user_transcript.event_id'],
    ['an event id beyond all numbers', transcript(2 ** 60), 'user_transcript.event_id'],
    ['no transcript', { type: 'user_transcript', event_id: 1 }, 'user_transcript.user_transcript'],
    [
      'a transcript in words',
      { ...transcript(1), user_transcript: 'Hi' },
      'user_transcript.user_transcript',
    ],
    [
      'an utterance without a role',
      { ...transcript(1), user_transcript: [{ content: 'Hi' }] },
      'user_transcript.user_transcript.0.role',
    ],
    [
      'an utterance of parts',
      { ...transcript(1), user_transcript: [{ role: 'user', content: [{ text: 'Hi' }] }] },
      'user_transcript.user_transcript.0.content',
    ],
  ])('with 1007 and the field, for %s', async (_, frame, where) => {
    const { line, engine } = await start()
    line.send(frame)
    expect(await line.closed).toEqual({
      code: 1007,
      reason: `${where} is missing or has a wrong type`,
    })
    expect(engine.requests).toEqual([])
  })

  test.each([
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['bytes', Buffer.from(JSON.stringify(INIT))],
  ])('with 1007 for %s', async (_, sent) => {
    const { line } = await start()
    line.send(sent)
    expect(await line.closed).toMatchObject({ code: 1007 })
  })

  test('with 1009 for a frame that is too large, and others live on', async () => {
    const limits = { max_body_bytes: 2048, max_concurrent_turns: 10, max_sockets: 10 }
    const { url } = await listeningApp({ elevenlabs, limits })
    const line = await dialEngine(url)
    const other = await dialEngine(url, { conversation: 'conv_2' })
    line.say(1, 'x'.repeat(3000))
    expect(await line.closed).toMatchObject({ code: 1009 })
    other.say(1, 'Hi')
    expect(textOf(await other.answered(1))).toBe('Hello there.')
  })
})

test('a connection on which nobody speaks is kept alive by pings of the protocol', async () => {
  const { url } = await listeningApp({ elevenlabs, timeouts: { heartbeatMs: 20 } })
  const line = await dialEngine(url)
  for (let pings = 0; pings < 3; pings++) await once(line.socket, 'ping')
  line.say(1, 'Hi')
  expect(textOf(await line.answered(1))).toBe('Hello there.')
})
