import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, taking } from '../support/effect-desk.ts'
import { startTimedDesk } from '../support/timed-desk.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('What is free?')
const MORE = user('What is free? Tomorrow.')
const DONE = 'Ten is free.'
const slots = (on: string) => ({ name: 'slots', arguments: { on } })

/** Each call of the model's is followed by words. */
async function startLooking(config: object = {}) {
  const desk = await startEffectDesk({
    tools: (at) => ({ slots: reading(at, 'slots', taking('on')) }),
    config: { webhooks: { allow_hosts: ['127.0.0.1'] }, ...config },
  })
  desk.webhooks.set('/slots', { value: ['ten'] })
  const look = (
    messages: readonly object[],
    on = 'monday',
    more: Parameters<typeof desk.turn>[1] = {},
    headers?: Record<string, string>,
  ) => {
    desk.upstream.reply({ calls: [slots(on)] }, { say: DONE })
    return desk.turn(messages, more, headers)
  }
  return { ...desk, look, reads: () => desk.webhooks.calls('/slots').length }
}

describe('what a read said', () => {
  it('answers the next attempt at the same exchange', async () => {
    const desk = await startLooking()
    await desk.look([HI])
    expect(await desk.look([MORE])).toMatchObject({ kind: 'revised', text: DONE })
    expect(await desk.resultsOf(4)).toEqual(['["ten"]'])
    expect(desk.reads()).toBe(1)
  })

  it('answers a retry that generates anew, and sets its variables there too', async () => {
    const desk = await startEffectDesk({
      tools: (at) => ({
        slots: reading(at, 'slots', { assignments: [{ variable: 'first', value_path: '0' }] }),
      }),
      flow: { variables: { first: {} } },
    })
    desk.webhooks.set('/slots', { value: ['ten'] })
    desk.upstream.reply({ calls: [{ name: 'slots' }] }, { status: 500 })
    expect((await desk.turn([HI])).status).toBe(502)
    desk.upstream.reply({ calls: [{ name: 'slots' }] }, { say: DONE })
    expect(await desk.turn([HI])).toMatchObject({ kind: 'retry', text: DONE })
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
    expect(await desk.derive([HI, assistant(DONE), user('Thanks.')])).toMatchObject({
      variables: { first: 'ten' },
    })
  })

  it('does not answer other arguments', async () => {
    const desk = await startLooking()
    await desk.look([HI])
    await desk.look([MORE], 'tuesday')
    expect(desk.reads()).toBe(2)
  })

  it('does not answer where the request brings other values', async () => {
    const desk = await startLooking()
    await desk.look([HI], 'monday', { elevenlabs_extra_body: { tier: 'gold' } })
    await desk.look([MORE], 'monday', { elevenlabs_extra_body: { tier: 'tin' } })
    expect(desk.reads()).toBe(2)
  })

  it('does not answer in the next exchange', async () => {
    const desk = await startLooking()
    await desk.look([HI])
    await desk.look([HI, assistant(DONE), user('And now?')])
    expect(desk.reads()).toBe(2)
  })

  it('does not answer another conversation', async () => {
    const desk = await startLooking()
    await desk.look([HI])
    await desk.look([HI], 'monday', {}, { 'x-conversation-id': 'call-2' })
    expect(desk.reads()).toBe(2)
  })

  it('is not kept for a caller without a key', async () => {
    const desk = await startLooking()
    await desk.look([HI], 'monday', {}, {})
    await desk.look([HI], 'monday', {}, {})
    expect(desk.reads()).toBe(2)
  })

  it('is not kept where it failed', async () => {
    const desk = await startLooking()
    desk.webhooks.set('/slots', { status: 404 })
    await desk.look([HI])
    desk.webhooks.set('/slots', { value: ['noon'] })
    await desk.look([MORE])
    expect(await desk.resultsOf(4)).toEqual(['["noon"]'])
    expect(desk.reads()).toBe(2)
  })

  it.each([
    ['answers for fifteen seconds', 14_000, 1],
    ['does not answer after them', 15_001, 2],
  ])('%s', async (_, passedMs, reads) => {
    const clock = { now: 1000 }
    const desk = await startTimedDesk({
      tools: (at) => ({ slots: reading(at, 'slots') }),
      now: () => clock.now,
    })
    desk.upstream.always(({ body }) =>
      body.messages.at(-1)?.role === 'tool' ? { say: DONE } : { calls: [{ name: 'slots' }] },
    )
    await desk.turn([HI])
    clock.now += passedMs
    await desk.turn([MORE])
    expect(desk.webhooks.calls('/slots')).toHaveLength(reads)
  })
})
