import { describe, expect, it } from 'vitest'
import { requestOf, saying, startForPlatform } from '../../../support/platform-requests.ts'
import { goTo } from '../../../support/rooms-flow.ts'
import { assistant, system, user } from '../../../support/wire-messages.ts'

const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const REPLY = 'Welcome to the second room, where everything is blue.'
const TURN = requestOf('agora', 'turn')

/** A message with what Agora puts beside it. */
const said = (turn_id: number, message: object, metadata: object = {}) => ({
  ...message,
  turn_id,
  timestamp: 1_763_649_000_000 + turn_id,
  metadata,
})
const asked = (turn: number, text: string) =>
  said(turn, user(text), { source: 'asr', user: '1001' })
const replied = (turn: number, text: string, more: object = {}) =>
  said(turn, assistant(text), { source: 'llm', ...more })
const interrupted = (turn: number, text: string, original?: string) =>
  replied(turn, text, {
    interrupted: true,
    interrupt_timestamp: 1_763_649_009_000,
    ...(original !== undefined && { original }),
  })

/** The first exchange led into b. */
async function startInB(...more: Parameters<typeof startForPlatform>) {
  const server = await startForPlatform(...more)
  server.upstream.reply(...goTo('b', REPLY))
  server.upstream.always({ say: 'Well, well, well.' })
  await server.send(TURN)
  return server
}

const next = (reply: object) =>
  saying(TURN, [DESK, asked(1, HI.content), reply, asked(2, 'And what is next?')])

describe('a request of Agora', () => {
  it.each([
    ['turn', 'header.x-conversation-id', 'agora-channel-1'],
    ['in_params', 'body.conversation_id', 'agora-channel-2'],
  ])('(%s) has its key from %s', async (name, key_source, conversation) => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('agora', name))).toMatchObject({ key_source, conversation })
  })

  it('has its key from wherever the configuration says, and none from a template', async () => {
    const { look } = await startForPlatform({ conversation: { key: ['body.metadata.channel'] } })
    const body = { ...requestOf('agora', 'turn').body, metadata: { channel: 'channel-3' } }
    const request = { path: '/v1/chat/completions', headers: {}, body }
    expect(await look(request)).toMatchObject({ conversation: 'channel-3' })
    expect(await look(requestOf('agora', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('goes upstream without what stands beside its messages', async () => {
    const { upstream, send } = await startInB()
    const answer = await send(next(interrupted(1, 'Welcome to the second', REPLY)))
    expect(answer).toMatchObject({ text: 'Well, well, well.', isDone: true })
    const { body, rawBody } = await upstream.received(3)
    expect(Object.keys(body).sort()).toEqual(['max_tokens', 'messages', 'model', 'stream', 'tools'])
    expect(body.messages.slice(1)).toEqual([
      HI,
      assistant('Welcome to the second'),
      user('And what is next?'),
    ])
    for (const extra of ['turn_id', 'timestamp', 'metadata', 'blue'])
      expect(rawBody).not.toContain(extra)
  })
})

describe('an interruption that Agora tells of', () => {
  it('is certain, and the reply is known by what the whole of it was', async () => {
    const { upstream, send, look } = await startInB()
    // Two words that the reply does not even begin with.
    const request = next(interrupted(1, 'Second room', REPLY))
    expect(await look(request)).toMatchObject({ rollback: false, discarded: [] })
    const answer = await send(request)
    expect(answer).toMatchObject({ kind: 'new', exchange: '2', state: 'b', heard: 'partial' })
    expect((await upstream.received(3)).body.messages[0]?.content).toContain(
      'cut after "Second room"',
    )
  })

  it('overrides a text that is as long as the reply', async () => {
    const { send } = await startInB()
    expect(await send(next(interrupted(1, REPLY, REPLY)))).toMatchObject({ heard: 'partial' })
    expect(await send(next(interrupted(1, REPLY)))).toMatchObject({ heard: 'partial' })
    expect(await send(next(replied(1, REPLY)))).toMatchObject({ heard: 'full' })
  })

  it('is known without the original by what was heard', async () => {
    const { send } = await startInB()
    expect(await send(next(interrupted(1, 'Welcome to the')))).toMatchObject({
      kind: 'new',
      state: 'b',
      heard: 'partial',
    })
  })

  it('before the first word leaves the turn unheard, and its state is taken back', async () => {
    const { upstream, send, look } = await startInB()
    const request = next(interrupted(1, '', REPLY))
    expect(await look(request)).toMatchObject({ rollback: true, discarded: [{ exchange: 1 }] })
    expect(await send(request)).toMatchObject({ kind: 'revised', exchange: '1', state: 'a' })
    expect((await upstream.received(3)).body.messages.slice(1)).toEqual([
      user('I need an appointment. And what is next?'),
    ])
  })

  it('tells two replies apart that begin with the same words', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply(...goTo('b', 'I can look that up for Tuesday.'))
    await send(TURN)
    const other = [DESK, asked(1, 'I need a new appointment.')]
    upstream.reply(...goTo('c', 'I can look that up for Friday.'))
    await send(saying(TURN, other))
    const history = (original: string) =>
      saying(TURN, [...other, interrupted(1, 'I can look', original), asked(2, 'Hello?')])
    expect(await look(history('I can look that up for Friday.'))).toMatchObject({ state: 'c' })
    const tuesday = [DESK, asked(1, HI.content)]
    const first = interrupted(1, 'I can look', 'I can look that up for Tuesday.')
    expect(await look(saying(TURN, [...tuesday, first, asked(2, 'Hello?')]))).toMatchObject({
      state: 'b',
    })
  })

  it('counts for Agora alone: elsewhere such a field is anybody’s', async () => {
    const { send } = await startInB({ platform: 'other' })
    expect(await send(next(interrupted(1, REPLY, REPLY)))).toMatchObject({ heard: 'full' })
  })
})
