import { describe, expect, test } from 'vitest'
import { createGate, heldReply } from '../../support/gate.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { final, startDesk } from './desk.ts'
import { dialEngine, elevenlabs, textOf } from './platform.ts'

describe('an answer', () => {
  test('comes in pieces under the id of its transcript, and ends once', async () => {
    const texts = ['One ', '', 'two ', 'three.']
    const engine = fakeEngine({ events: texts.map((text) => ({ type: 'text-delta', text })) })
    const { url } = await listeningApp({ elevenlabs, engine })
    const line = await dialEngine(url)
    line.say(12, 'Count')
    await line.answered(12)
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    const piece = (content: string) => ({ ...final(12), content, is_final: false })
    expect(line.frames).toEqual([
      piece('One '),
      piece('two '),
      piece('three.'),
      final(12),
      { type: 'pong' },
    ])
    expect(engine.delivered).toHaveLength(1)
  })

  test('is made from the transcript, and the flow knows the id of the conversation', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply({ say: 'Fine.' })
    line.send({
      type: 'user_transcript',
      event_id: 1,
      user_transcript: [
        { role: 'agent', content: 'Hello!' },
        { role: 'user', content: 'How are you?' },
      ],
    })
    await line.answered(1)
    const { messages, tools } = (await upstream.received()).body
    expect(messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'Hello!' },
      { role: 'user', content: 'How are you?' },
    ])
    expect(messages[0]?.content).toContain('Reference: conv_1.')
    expect(JSON.stringify(tools)).not.toContain('end_call')
  })

  test('is spoken words when the upstream fails before the first one', async () => {
    const { line, upstream } = await startDesk({ fallback: 'Say that again?' })
    upstream.always({ status: 500, body: '{}' })
    line.say(1, 'Hi')
    const frames = await line.answered(1)
    expect(textOf(frames)).toBe('Say that again?')
    expect(frames.at(-1)).toEqual(final(1))
  })

  test('is spoken words also where no fallback is configured', async () => {
    const { line, upstream } = await startDesk()
    upstream.always({ status: 500, body: '{}' })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toMatch(/\w/)
  })

  test('that breaks off midway ends properly', async () => {
    const { line, upstream } = await startDesk({ fallback: 'Sorry.' })
    upstream.reply({ say: 'It is at', fault: 'break' })
    upstream.always({ status: 500, body: '{}' })
    line.say(1, 'When?')
    const frames = await line.answered(1)
    expect(textOf(frames)).toMatch(/^It is at.*Sorry\.$/)
    expect(frames.at(-1)).toEqual(final(1))
  })

  test('that stalls ends within its time', async () => {
    const { line, upstream } = await startDesk({
      fallback: 'Sorry.',
      routing: { idle_timeout_ms: 100 },
    })
    upstream.always({ say: 'It is at', fault: 'stall' })
    line.say(1, 'When?')
    expect((await line.answered(1)).at(-1)).toEqual(final(1))
  })

  test('is dropped by the upstream when the line breaks and nobody comes back', async () => {
    const { line, upstream, stop } = await startDesk()
    upstream.reply({ say: 'It is at', fault: 'stall' })
    line.say(1, 'When?')
    const asked = await upstream.received()
    await line.next(({ type }) => type === 'agent_response')
    line.socket.terminate()
    await stop(0)
    expect(await asked.closed).toBe(true)
  })
})

describe('a transcript in which nobody waits for an answer', () => {
  test('as its tail is the agent is a silence, and never counts as new speech', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply({ say: 'Where to?' })
    line.say(1, 'Hi')
    await line.answered(1)
    line.say(2, 'Hi', 'Where to?')
    expect(textOf(await line.answered(2))).toBe('Are you still there?')
    line.say(3, 'Hi', 'Where to?', '...')
    expect(textOf(await line.answered(3))).toBe('Are you still there?')
    line.say(4, 'Hi', 'Where to?')
    expect(textOf(await line.answered(4))).toBe('... ')
    expect(upstream.requests).toHaveLength(1)
  })

  test('as it is empty is answered by the opening of the flow', async () => {
    const flow = { starting_state: 'hello', states: { hello: { say: 'Clinic, hello!' } } }
    const { line } = await startDesk({}, flow)
    line.say(1)
    expect(textOf(await line.answered(1))).toBe('Clinic, hello!')
  })

  test('does not exist before the first one: nothing is said unasked', async () => {
    const flow = { starting_state: 'hello', states: { hello: { say: 'Clinic, hello!' } } }
    const { line } = await startDesk({}, flow)
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    expect(line.frames).toHaveLength(1)
  })
})

describe('a server that stops', () => {
  test('closes with 1012 what nobody speaks on', async () => {
    const { line, stop } = await startDesk()
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    await stop(5000)
    expect(await line.closed).toMatchObject({ code: 1012 })
  })

  test('ends the answer that is being said first', async () => {
    const { line, upstream, stop } = await startDesk()
    const held = heldReply({ say: 'Last words.' })
    upstream.reply(held.answer)
    line.say(1, 'Hi')
    await held.reached
    const stopped = stop(5000)
    held.release()
    expect(textOf(await line.answered(1))).toBe('Last words.')
    expect(await line.closed).toMatchObject({ code: 1012 })
    await stopped
  })
})

test('two conversations at once do not meet', async () => {
  const { line, url, upstream } = await startDesk()
  const other = await dialEngine(url, { conversation: 'conv_2' })
  const gate = createGate()
  upstream.always(async ({ body }) => {
    await gate.released
    const asked = body.messages.at(-1)?.content
    return { say: `You said ${typeof asked === 'string' ? asked : ''}` }
  })
  line.say(1, 'one')
  other.say(1, 'two')
  gate.release()
  expect(textOf(await line.answered(1))).toBe('You said one')
  expect(textOf(await other.answered(1))).toBe('You said two')
  await line.next((frame) => frame['is_final'] === true)
})
