import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, taking, writing } from '../support/effect-desk.ts'
import {
  answering,
  ASKED,
  askForYes,
  PAID,
  PAY,
  READ_BACK,
  startPaying,
  WISH,
} from '../support/paying-desk.ts'
import { assistant, platformTool, toolResult, user } from '../support/wire-messages.ts'

const WHAT = 'What is it you want to do?'
const ALLOWED = { webhooks: { allow_hosts: ['127.0.0.1'] } }

describe('a yes counts wherever it was asked for', () => {
  it.each([
    ['in one message with the words before it', [assistant(`${WHAT} ${READ_BACK}`)]],
    ['in a message of its own', [assistant(WHAT), user('...'), assistant(READ_BACK)]],
  ])('when the caller was silent, %s', async (_, heard) => {
    const desk = await startPaying()
    desk.upstream.reply({ say: WHAT }, { calls: [PAY] })
    await desk.turn([WISH])
    const silence = await desk.turn([WISH, assistant(WHAT)])
    expect(silence).toMatchObject({ kind: 'silence', text: READ_BACK })
    expect((await answering(desk, [WISH, ...heard, user('Yes.')])).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('in a greeting that nobody remembers', async () => {
    const desk = await startPaying()
    expect((await answering(desk, [assistant(READ_BACK), user('Yes.')])).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('when it comes in pieces', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const pieces = [...ASKED, user('Yes.'), user('...'), user('Please.')]
    expect((await answering(desk, pieces)).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it.each(['memory', 'none'])('with a marker after it, store: %s', async (type) => {
    const desk = await startEffectDesk({
      tools: (at) => ({
        find: reading(at, 'find', { assignments: [{ variable: 'clinic', value_path: 'name' }] }),
        pay: writing(at, 'pay', {
          commit: 'confirmed',
          settle_ms: 0,
          readback: 'You pay {{amount}} euros to {{clinic}}, shall I?',
          ...taking('amount'),
        }),
      }),
      flow: { variables: { clinic: {} } },
      config: { ...ALLOWED, store: { type } },
    })
    desk.webhooks.set('/find', { value: { name: 'Oak Street' } })
    const offer = { tools: [platformTool('turnstate_state')] }
    desk.upstream.reply({ calls: [{ name: 'find' }] }, { calls: [PAY] })
    const asked = await desk.turn([WISH], offer)
    expect(asked).toMatchObject({ text: READ_BACK, calls: ['turnstate_state'] })
    const heard = [WISH, asked.message, ...markerResult(asked.message), user('Yes.')]
    desk.upstream.reply({ calls: [PAY] }, { say: PAID })
    expect((await desk.turn(heard, offer)).text).toBe(PAID)
    expect(desk.webhooks.calls('/pay')).toHaveLength(1)
  })
})

/** What the platform puts behind a marker. */
function markerResult(message: object): readonly object[] {
  const { tool_calls: calls = [] } = message as { tool_calls?: { id: string }[] } // as this server sends it
  return calls.map(({ id }) => toolResult(id, 'ok'))
}

describe('a yes does not count', () => {
  it('for another tool that is asked about in the same words', async () => {
    const words = { commit: 'confirmed', settle_ms: 0, readback: 'Shall I do it now?' }
    const desk = await startEffectDesk({
      tools: (at) => ({
        pay: writing(at, 'pay', { ...words, ...taking('amount') }),
        refund: writing(at, 'refund', { ...words, ...taking('amount') }),
      }),
    })
    desk.upstream.reply({ calls: [PAY] }, { calls: [{ ...PAY, name: 'refund' }] })
    const { text } = await desk.turn([WISH])
    const again = await desk.turn([WISH, assistant(text), user('Yes.')])
    expect(again.text).toBe('Shall I do it now?')
    expect(desk.webhooks.calls('/refund')).toEqual([])
  })

  it('where the read-back depends on what has changed since', async () => {
    const desk = await startEffectDesk({
      tools: (at) => ({
        find: reading(at, 'find', { assignments: [{ variable: 'clinic', value_path: 'name' }] }),
        pay: writing(at, 'pay', {
          commit: 'confirmed',
          settle_ms: 0,
          readback: 'You pay {{amount}} euros to {{clinic}}, shall I?',
          ...taking('amount'),
        }),
      }),
      flow: { variables: { clinic: { default: 'Oak Street' } } },
    })
    desk.webhooks.set('/find', { value: { name: 'Elm Street' } })
    desk.upstream.reply({ calls: [PAY] }, { calls: [{ name: 'find' }, PAY] })
    expect((await desk.turn([WISH])).text).toBe(READ_BACK)
    const again = await desk.turn([...ASKED, user('Yes.')])
    expect(again.text).toBe('You pay 40 euros to Elm Street, shall I?')
    expect(desk.webhooks.calls('/pay')).toEqual([])
  })
})
