import { describe, expect, it } from 'vitest'
import { changed, requestOf, saying, startForPlatform } from '../../../support/platform-requests.ts'
import { goTo } from '../../../support/rooms-flow.ts'
import { assistant, system, user } from '../../../support/wire-messages.ts'

const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const IN_B = 'Welcome to the second room, where everything is blue.'

/** What the frames of an answer say that the chat's id is. */
const fingerprints = (frames: readonly Readonly<Record<string, unknown>>[]) => [
  ...new Set(frames.map((frame) => frame.system_fingerprint)),
]

describe('the first request of a chat with Hume', () => {
  it('gets an id on every chunk, under which the next requests go on', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply(...goTo('b', IN_B), { say: 'Blue it is.' })
    const first = requestOf('hume', 'first')
    const answer = await send(first)
    expect(answer.frames.length).toBeGreaterThan(2)
    const [id] = fingerprints(answer.frames)
    expect(fingerprints(answer.frames)).toEqual([answer.conversation])
    const next = changed(first, {
      path: `/chat/completions?custom_session_id=${String(id)}`,
      body: { messages: [DESK, HI, assistant(IN_B), user('Which colour?')] },
    })
    expect(await look(next)).toMatchObject({
      conversation: id,
      key_source: 'query.custom_session_id',
      rollback: false,
    })
    const second = await send(next)
    expect(second).toMatchObject({ kind: 'new', exchange: '2', state: 'b', heard: 'full' })
    expect(fingerprints(second.frames)).toEqual([id])
  })

  it('gets an id of its own each time', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.always({ say: 'Yes?' })
    const one = await send(requestOf('hume', 'first'))
    const other = await send(requestOf('hume', 'first'))
    expect(other.conversation).not.toBe(one.conversation)
    expect(other.kind).toBe('new')
  })

  it('changes nothing: the same request again would have another id', async () => {
    const { upstream, webhook, send } = await startForPlatform()
    upstream.reply({ calls: [{ name: 'book', arguments: {} }] }, { say: 'Shall I book it?' })
    expect((await send(requestOf('hume', 'first'))).text).toBe('Shall I book it?')
    expect(upstream.requests[1]?.rawBody).toContain('Not done yet: the call has only just begun')
    expect(webhook.received).toEqual([])
  })

  it('gets the id in one JSON body as well', async () => {
    const { upstream, ask } = await startForPlatform()
    upstream.reply({ say: 'Yes?' })
    const { body, headers } = await ask(
      changed(requestOf('hume', 'first'), { body: { stream: false } }),
    )
    expect(body.system_fingerprint).toBe(headers.get('x-turnstate-conversation'))
  })

  it('goes upstream without what only Hume knows', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: 'For which day?' })
    await send(requestOf('hume', 'first'))
    const { body, rawBody } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'stream', 'tools'])
    expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
    for (const extra of ['prosody', 'begin', 'user_message', 'system_prompt'])
      expect(rawBody).not.toContain(extra)
  })

  it('never hears the fingerprint of an upstream', async () => {
    const { upstream, send } = await startForPlatform()
    const chunk = (choice: object) =>
      `data: ${JSON.stringify({ system_fingerprint: 'fp_upstream', choices: [choice] })}\n\n`
    upstream.reply({
      sse:
        chunk({ index: 0, delta: { content: 'Yes?' }, finish_reason: null }) +
        chunk({ index: 0, delta: {}, finish_reason: 'stop' }) +
        'data: [DONE]\n\n',
    })
    const answer = await send(requestOf('hume', 'first'))
    expect(answer.text).toBe('Yes?')
    expect(JSON.stringify(answer.frames)).not.toContain('fp_upstream')
  })
})

describe('a request of Hume', () => {
  it('with an id of the client is told that id', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: 'Yes?' })
    const answer = await send(requestOf('hume', 'configured'))
    expect(answer.conversation).toBe('set-by-the-client')
    expect(fingerprints(answer.frames)).toEqual(['set-by-the-client'])
  })

  it('with a template that was not filled gets an id as if it had none', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply({ say: 'Yes?' })
    const request = requestOf('hume', 'unfilled')
    expect(await look(request)).toMatchObject({ key_source: 'call.session_id' })
    const { conversation, frames } = await send(request)
    expect(conversation).not.toContain('{')
    expect(fingerprints(frames)).toEqual([conversation])
  })

  it('that is shorter than what was heard takes the conversation back', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.always({ say: 'Well, well, well.' })
    const turn = requestOf('hume', 'configured')
    await send(turn)
    const WELL = assistant('Well, well, well.')
    await send(saying(turn, [DESK, HI, WELL, user('And then?')]))
    expect(await look(saying(turn, [DESK, user('Something else.')]))).toMatchObject({
      kind: 'withdrawn',
      rollback: true,
    })
  })
})

it('no other platform is told a fingerprint', async () => {
  const { upstream, send, ask } = await startForPlatform()
  upstream.always({ say: 'Yes?' })
  const { frames } = await send(requestOf('vapi', 'variable'))
  expect(fingerprints(frames)).toEqual([undefined])
  const plain = saying(requestOf('vapi', 'off'), [HI])
  const { body } = await ask(changed(plain, { body: { stream: false } }))
  expect(body).not.toHaveProperty('system_fingerprint')
})
