import { describe, expect, it } from 'vitest'
import {
  requestOf,
  saying,
  startForPlatform,
  UPSTREAM_KEYS,
} from '../../../support/platform-requests.ts'
import { goTo } from '../../../support/rooms-flow.ts'
import { system, user } from '../../../support/wire-messages.ts'

const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')

describe('a request of Telnyx', () => {
  it.each([
    ['turn', 'body.extra_metadata.call_control_id', 'v3:leg-1'],
    ['session', 'body.extra_metadata.call_session_id', 'session-1'],
    ['conversation', 'body.extra_metadata.conversation_id', 'conversation-1'],
  ])('(%s) has its key from %s', async (name, key_source, conversation) => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('telnyx', name))).toMatchObject({ key_source, conversation })
  })

  it('has no key while its templates are not filled, and never from the caller number', async () => {
    const { look } = await startForPlatform()
    expect(await look(requestOf('telnyx', 'unfilled'))).toMatchObject({ key_source: 'none' })
  })

  it('goes upstream without its metadata', async () => {
    const { upstream, send } = await startForPlatform()
    upstream.reply({ say: 'For which day?' })
    const answer = await send(requestOf('telnyx', 'turn'))
    expect(answer).toMatchObject({ kind: 'new', text: 'For which day?', isDone: true })
    const { body, rawBody } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(UPSTREAM_KEYS)
    expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
    for (const extra of ['leg-1', 'session-1', '555']) expect(rawBody).not.toContain(extra)
  })

  it('with the speech of two turns and no reply between takes the first one back', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply(...goTo('b', 'For which day?'))
    const turn = requestOf('telnyx', 'turn')
    await send(turn)
    expect(await look(saying(turn, [DESK, HI, user('Tomorrow.')]))).toMatchObject({
      kind: 'revised',
      rollback: true,
      state: 'a',
    })
  })
})
