import { describe, expect, test } from 'vitest'
import { TurnstateError } from '../../../src/errors.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { createGate, heldReply, type Gate } from '../../support/gate.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { rawLine, toFrame } from '../../support/raw-line.ts'
import type { Reply } from '../../support/upstream-server.ts'
import { final, startDesk } from './desk.ts'
import { AUTHORIZATION, dialEngine, elevenlabs, makeToken, textOf, transcript } from './platform.ts'

const WENT: readonly Reply[] = [{ calls: [{ name: 'transition_to_found' }] }, { say: 'To Oslo.' }]

describe('a newer transcript', () => {
  test('ends what is being said: not one frame more of it', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply({ say: 'It is at', fault: 'stall' }, { say: 'Tomorrow.' })
    line.say(1, 'When is')
    await line.next((frame) => frame['event_id'] === 1)
    line.say(2, 'When is it tomorrow?')
    expect(textOf(await line.answered(2))).toBe('Tomorrow.')
    const first = line.frames.findIndex((frame) => frame['event_id'] === 2)
    expect(line.frames.slice(first).every((frame) => frame['event_id'] === 2)).toBe(true)
    expect(line.frames).not.toContainEqual(final(1))
    const [, second] = upstream.requests
    expect(second?.body.messages.at(-1)).toMatchObject({ content: 'When is it tomorrow?' })
    expect(await upstream.requests[0]?.closed).toBe(true)
  })

  test('is answered although the older one has not begun to be', async () => {
    const { line, upstream } = await startDesk()
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer, { say: 'In time.' })
    line.say(1, 'When')
    await held.reached
    line.say(2, 'When is it')
    expect(textOf(await line.answered(2))).toBe('In time.')
    held.release()
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    expect(line.frames.filter((frame) => frame['event_id'] === 1)).toEqual([])
  })

  test('with fewer words is no straggler: it is the newest that counts', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply({ say: 'It is at', fault: 'stall' }, { say: 'What?' })
    line.say(1, 'When is it tomorrow?')
    await line.next((frame) => frame['event_id'] === 1)
    line.say(2, 'When')
    expect(textOf(await line.answered(2))).toBe('What?')
  })

  test('alone is answered when many come at once', async () => {
    const { line, upstream } = await startDesk()
    upstream.always({ say: 'Yes.' })
    for (let event = 1; event <= 20; event++) line.say(event, `Word ${event}`)
    expect(textOf(await line.answered(20))).toBe('Yes.')
    const ended = line.frames.filter((frame) => frame['is_final'] === true)
    expect(ended.at(-1)).toEqual(final(20))
  })

  test('takes the flow back where the older answer was never heard', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply(...WENT, { say: 'Bergen it is.' })
    line.say(1, 'To Oslo')
    expect(textOf(await line.answered(1))).toBe('To Oslo.')
    line.say(2, 'To Oslo no to Bergen')
    await line.answered(2)
    const { messages } = (await upstream.received(3)).body
    expect(messages[0]?.content).toContain('Find out where')
    expect(messages.at(-1)).toMatchObject({ role: 'user', content: 'To Oslo no to Bergen' })
  })

  test('keeps the flow where the older answer was heard', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply(...WENT, { say: 'Now.' })
    line.say(1, 'To Oslo')
    await line.answered(1)
    line.say(2, 'To Oslo', 'To Oslo.', 'When?')
    await line.answered(2)
    const { messages } = (await upstream.received(3)).body
    expect(messages[0]?.content).toContain('They told where.')
  })
})

describe('an older transcript', () => {
  test('is not answered, while or after the newer one is', async () => {
    const { line, upstream, logged } = await startDesk()
    const held = heldReply({ say: 'Five.' })
    upstream.reply(held.answer)
    line.say(5, 'Newest')
    await held.reached
    line.say(4, 'Older')
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    held.release()
    expect(textOf(await line.answered(5))).toBe('Five.')
    line.say(-1, 'Oldest')
    line.say(5, 'Newest')
    await line.answered(5, 2)
    expect(line.frames.every(({ event_id: id }) => id === 5 || id === undefined)).toBe(true)
    expect(upstream.requests).toHaveLength(1)
    expect(logged.filter((message) => message === 'older transcript ignored')).toHaveLength(2)
  })
})

describe('the same transcript again', () => {
  test('while it is answered starts nothing anew: the answer goes on', async () => {
    const { line, upstream } = await startDesk()
    const held = heldReply({ say: 'Here I am.' })
    upstream.reply(held.answer)
    line.say(1, 'Hi')
    await held.reached
    for (let times = 0; times < 3; times++) line.say(1, 'Hi')
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    held.release()
    const frames = await line.answered(1)
    expect(textOf(frames)).toBe('Here I am.')
    expect(frames.filter((frame) => frame['is_final'] === true)).toHaveLength(1)
    expect(upstream.requests).toHaveLength(1)
  })

  test('in the middle of its answer repeats nothing of what was said', async () => {
    const held = heldTurn([{ type: 'text-delta', text: 'Wait. ' }])
    const { url } = await listeningApp({ elevenlabs, engine: held.engine })
    const line = await dialEngine(url)
    line.say(1, 'Hi')
    await line.next((frame) => frame['event_id'] === 1)
    line.say(1, 'Hi')
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    held.release()
    expect(textOf(await line.answered(1))).toBe('Wait. At last.')
    expect(held.engine.requests).toHaveLength(1)
  })

  test('once it is answered says the same words again, without a model', async () => {
    const { line, upstream } = await startDesk()
    upstream.reply({ say: 'Here I am.' }, { say: 'Other words.' })
    line.say(1, 'Hi')
    await line.answered(1)
    // More often than a turn is replayed on platforms that number nothing.
    for (let time = 2; time <= 6; time++) {
      line.say(1, 'Hi')
      const frames = await line.answered(1, time)
      expect(textOf(frames)).toBe('Here I am.'.repeat(time))
      expect(frames.at(-1)).toEqual(final(1))
    }
    expect(upstream.requests).toHaveLength(1)
  })

  test('is answered by the conversation where the connection does not keep so long an answer', async () => {
    const { line, upstream } = await startDesk()
    const long = `${'word '.repeat(5000)}end.`
    upstream.reply({ say: long, deltas: 50 }, { say: 'Once more.' })
    line.say(1, 'Read it out')
    expect(textOf(await line.answered(1))).toBe(long)
    for (let time = 2; time <= 4; time++) {
      line.say(1, 'Read it out')
      expect(textOf(await line.answered(1, time))).toBe(long.repeat(time))
    }
    // Like on any platform, that is replayed three times.
    line.say(1, 'Read it out')
    expect(textOf(await line.answered(1, 5))).toBe(`${long.repeat(4)}Once more.`)
  })

  test('is answered anew where all that was said was the fallback', async () => {
    const { line, upstream } = await startDesk({ fallback: 'Sorry?' })
    upstream.reply({ status: 500, body: '{}' }, { say: 'Here I am.' })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toBe('Sorry?')
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1, 2))).toBe('Sorry?Here I am.')
  })

  test('is answered anew where the answer broke off in its midst', async () => {
    const { line, upstream } = await startDesk({ fallback: 'Sorry?' })
    upstream.reply({ say: 'It is at the', fault: 'break' }, { say: 'Oak Street.' })
    line.say(1, 'Where?')
    const broken = textOf(await line.answered(1))
    expect(broken).toMatch(/^It is at.*Sorry\?$/)
    line.say(1, 'Where?')
    expect(textOf(await line.answered(1, 2))).toBe(`${broken}Oak Street.`)
    expect(upstream.requests).toHaveLength(2)
  })

  test('is answered anew where the first time nothing could begin', async () => {
    let times = 0
    const { line } = await startBeginning(async () => {
      times += 1
      if (times === 1) throw new TurnstateError('store_unavailable', 'Down')
    })
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1))).toBe('Sorry.')
    line.say(1, 'Hi')
    expect(textOf(await line.answered(1, 2))).toBe('Sorry.Hello there.')
  })

  test('twice in one breath is said again once', async () => {
    const { port } = await listeningApp({ elevenlabs })
    const headers = { [AUTHORIZATION]: makeToken() }
    const caller = await rawLine(port, { path: '/speech-engine', headers })
    const asked = transcript(1, 'Hi')
    const inOneWrite = (...frames: object[]) =>
      caller.socket.write(Buffer.concat(frames.map((frame) => toFrame(1, JSON.stringify(frame)))))
    inOneWrite({ type: 'init', conversation_id: 'conv_1' }, asked)
    await caller.until('"is_final":true')
    inOneWrite(asked, asked, { type: 'ping' })
    await caller.until('pong')
    expect(caller.received().match(/"is_final":true/g)).toHaveLength(2)
  })

  test('before its turn has begun starts no other', async () => {
    const gate = createGate()
    const { line, engine } = await startBeginning(() => passThrough(gate))
    line.say(1, 'Hi')
    await gate.reached
    line.say(1, 'Hi')
    line.send({ type: 'ping' })
    await line.next(({ type }) => type === 'pong')
    gate.release()
    expect(textOf(await line.answered(1))).toBe('Hello there.')
    expect(engine.requests).toHaveLength(1)
  })

  test('is asked again where another connection cut its answer short, which still has an end', async () => {
    const { line, url, upstream } = await startDesk()
    upstream.reply({ say: 'It is at', fault: 'stall' }, { say: 'Bye.' }, { say: 'At ten.' })
    line.say(1, 'When?')
    await line.next((frame) => frame['event_id'] === 1)
    const other = await dialEngine(url)
    other.say(1, 'Never mind.')
    expect((await line.answered(1)).at(-1)).toEqual(final(1))
    expect(textOf(await other.answered(1))).toBe('Bye.')
    line.say(1, 'When?')
    expect(textOf(await line.answered(1, 2))).toMatch(/At ten\.$/)
  })

  test('on a new connection of the same conversation is joined or replayed', async () => {
    const { line, url, upstream } = await startDesk()
    upstream.reply({ say: 'Here I am.' })
    line.say(7, 'Hi')
    await line.answered(7)
    line.socket.terminate()
    const again = await dialEngine(url)
    again.say(1, 'Hi')
    expect(textOf(await again.answered(1))).toBe('Here I am.')
    expect(upstream.requests).toHaveLength(1)
  })
})

test('a conversation that is over before its turn has begun is not spoken to', async () => {
  const gate = createGate()
  const { line, engine, app } = await startBeginning(() => passThrough(gate))
  line.say(1, 'Hi')
  await gate.reached
  line.send({ type: 'close' })
  expect(await line.closed).toMatchObject({ code: 1000 })
  gate.release()
  await app.close(5000)
  expect(line.frames).toEqual([])
  expect(engine.requests).toHaveLength(1)
  expect(engine.delivered).toEqual([])
})

/** A conversation whose turns begin once `before` has resolved, or fail as it does. */
async function startBeginning(before: () => Promise<void>) {
  const engine = fakeEngine()
  const begin: typeof engine.begin = (request) => before().then(() => engine.begin(request))
  const app = await listeningApp({ elevenlabs, engine: { ...engine, begin } })
  return { app, engine, line: await dialEngine(app.url) }
}

async function passThrough(gate: Gate): Promise<void> {
  gate.reach()
  await gate.released
}
