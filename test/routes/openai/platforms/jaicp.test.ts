import { describe, expect, it } from 'vitest'
import {
  changed,
  requestOf,
  saying,
  startForPlatform,
  UPSTREAM_KEYS,
} from '../../../support/platform-requests.ts'
import {
  assistant,
  assistantCall,
  system,
  toolResult,
  user,
} from '../../../support/wire-messages.ts'

const JAICP = {
  auth: {
    keys: [{ name: 'jaicp', secret: 'jaicp-key-0001', platform: 'jaicp' }],
    signing_secret: 'a secret for the tests only',
  },
}
const DESK = system('You are the front desk of a clinic.')
const HI = user('I need an appointment.')
const TURN = requestOf('jaicp', 'turn')

describe('a request of a JAICP script', () => {
  it('is taken at its whole path, with the key as `Api-Key` and the id in a header', async () => {
    const { upstream, send } = await startForPlatform(JAICP)
    upstream.reply({ say: 'For which day?' })
    const answer = await send(TURN)
    expect(answer).toMatchObject({
      status: 200,
      kind: 'new',
      conversation: 'jaicp-session-1',
      text: 'For which day?',
      isDone: true,
    })
    for (const frame of answer.frames) expect(frame.choices).toHaveLength(1)
    const { body, headers } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(UPSTREAM_KEYS)
    expect(body.messages).toEqual([system(`${DESK.content}\n\nYou are in a.`), HI])
    expect(headers.authorization).toBe('Bearer sk-upstream')
  })

  it('with another key is refused', async () => {
    const { upstream, ask } = await startForPlatform(JAICP)
    const headers = { authorization: 'Api-Key jaicp-key-0002' }
    expect(await ask(changed(TURN, { headers }))).toMatchObject({ status: 401 })
    expect(upstream.requests).toHaveLength(0)
  })

  it.each(['without_id', 'unfilled'])('has no key of its own (%s)', async (name) => {
    const { look } = await startForPlatform()
    const request = requestOf('jaicp', name)
    expect(await look(request)).toMatchObject({ key_source: 'none', confidence: 'low' })
  })

  it('that the script asks as one body is answered as one', async () => {
    const { upstream, ask } = await startForPlatform(JAICP)
    upstream.reply({ say: 'For which day?' })
    const { body, headers } = await ask(changed(TURN, { body: { stream: false } }))
    expect(body.choices).toMatchObject([{ message: { content: 'For which day?' } }])
    expect(headers.get('x-turnstate-kind')).toBe('new')
  })

  it('brings the result of its function back as plain text', async () => {
    const { upstream, send } = await startForPlatform(JAICP)
    upstream.reply({ calls: [{ id: 'call_1', name: 'hang_up', arguments: {} }] })
    const called = await send(TURN)
    expect(called.frames.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
    upstream.reply({ say: 'Goodbye.' })
    const result = [DESK, HI, assistantCall('call_1', 'hang_up'), toolResult('call_1', 'done')]
    expect(await send(saying(TURN, result))).toMatchObject({ kind: 'follow_up', text: 'Goodbye.' })
  })

  it.each([
    ['what was spoken', 'For which day would you like'],
    ['the whole reply', 'For which day would you like to come in?'],
  ])('whose history holds %s of a reply goes on from there', async (_what, heard) => {
    const { upstream, send, look } = await startForPlatform(JAICP)
    upstream.reply({ say: 'For which day would you like to come in?' }, { say: 'Very well.' })
    await send(TURN)
    const next = saying(TURN, [DESK, HI, assistant(heard), user('Tomorrow.')])
    expect(await look(next)).toMatchObject({ rollback: false })
    expect(await send(next)).toMatchObject({ kind: 'new', exchange: '2' })
  })
})
