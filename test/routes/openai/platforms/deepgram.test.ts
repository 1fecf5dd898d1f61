import { describe, expect, it } from 'vitest'
import {
  requestOf,
  saying,
  startForPlatform,
  UPSTREAM_KEYS,
} from '../../../support/platform-requests.ts'
import { goTo } from '../../../support/rooms-flow.ts'
import { assistant, system, user } from '../../../support/wire-messages.ts'

const DEEPGRAM = { platform: 'deepgram' }
const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const IN_B = assistant('Welcome to the second room, where everything is blue.')
const NEXT = user('And what is next?')
const BLUE = assistant('Well, it is all about the colour blue.')
const LAST = user('I see.')
const TURN = requestOf('deepgram', 'turn')

/** Two exchanges are over, and the first led into b. */
async function startInB() {
  const server = await startForPlatform(DEEPGRAM)
  server.upstream.reply(...goTo('b', IN_B.content))
  server.upstream.always({ say: BLUE.content })
  await server.send(TURN)
  await server.send(saying(TURN, [DESK, HI, IN_B, NEXT]))
  return server
}

describe('a request of Deepgram', () => {
  it('has its key from the header that the client sets for each session', async () => {
    const { look } = await startForPlatform(DEEPGRAM)
    expect(await look(TURN)).toMatchObject({
      conversation: 'deepgram-session-1',
      key_source: 'header.x-conversation-id',
    })
    expect(await look(requestOf('deepgram', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('goes upstream as it is, and comes back as a stream', async () => {
    const { upstream, send } = await startForPlatform(DEEPGRAM)
    upstream.reply({ say: 'For which day?' })
    expect(await send(TURN)).toMatchObject({ kind: 'new', text: 'For which day?', isDone: true })
    const { body, headers } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(UPSTREAM_KEYS)
    expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
    expect(headers).not.toHaveProperty('x-conversation-id')
  })

  it.each([
    ['before a user message', [NEXT, BLUE]],
    ['before a reply', [IN_B, NEXT, BLUE]],
    ['before the last reply', [BLUE]],
    ['in the middle of a user message', [user('what is next?'), BLUE]],
  ])('whose history is cut %s is no rollback', async (_place, rest) => {
    const { send, look } = await startInB()
    const cut = saying(TURN, [DESK, ...rest, LAST])
    expect(await look(cut)).toMatchObject({ rollback: false, discarded: [] })
    expect(await send(cut)).toMatchObject({ kind: 'new', exchange: '3', state: 'b', heard: 'full' })
  })

  it('whose prompt changes in mid-call is none either, and the model gets the new one', async () => {
    const { upstream, send, look } = await startInB()
    const other = system('You are the night desk of a clinic.')
    const next = saying(TURN, [other, HI, IN_B, NEXT, BLUE, LAST])
    expect(await look(next)).toMatchObject({ rollback: false, discarded: [], confidence: 'exact' })
    expect(await send(next)).toMatchObject({ kind: 'new', exchange: '3', state: 'b' })
    expect((await upstream.received(4)).body.messages[0]).toEqual(
      system(`${other.content}\n\nYou are in b.`),
    )
  })

  it('with more of the speech that it was answered for before it was final replaces that', async () => {
    const { send } = await startInB()
    const more = saying(TURN, [DESK, HI, IN_B, user('And what is next? And after that?')])
    expect(await send(more)).toMatchObject({ kind: 'revised', exchange: '2', state: 'b' })
  })
})
