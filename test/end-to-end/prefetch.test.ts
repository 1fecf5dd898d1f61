import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, taking, writing } from '../support/effect-desk.ts'
import { heldReply } from '../support/gate.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('What is free?')
const DONE = 'Ten is free.'
const slots = (patient: string) => ({ name: 'slots', arguments: { patient } })
const KNOWN = { default_dynamic_variables: { patient: 'P1' } }
/** What ends before its time was cut off. */
const AHEAD = { prefetch: true, timeout_ms: 20_000, ...taking('patient') }

/** A desk whose one read is asked ahead of the model. */
async function startAhead(slotsTool: object = {}, flow: object = KNOWN) {
  const desk = await startEffectDesk({
    tools: (at) => ({ slots: reading(at, 'slots', { ...AHEAD, ...slotsTool }) }),
    flow: { variables: { patient: {} }, ...flow },
  })
  desk.webhooks.set('/slots', { value: ['ten'] })
  return desk
}

const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('a read that is begun ahead', () => {
  it('runs beside the model, which then has the result at once', async () => {
    const desk = await startAhead({ execution_message: 'Let me look... ' })
    const model = heldReply({ calls: [slots('P1')] })
    desk.upstream.reply(model.answer, { say: DONE })
    const asked = desk.turn([HI])
    await model.reached
    const { query } = await desk.webhooks.received('/slots')
    expect(query).toEqual({ patient: 'P1' })
    model.release()
    // There is nothing to bridge either.
    expect((await asked).text).toBe(DONE)
    expect(await desk.resultsOf(2)).toEqual(['["ten"]'])
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
  })

  it('is waited for where the model is faster', async () => {
    const desk = await startAhead()
    desk.webhooks.set('/slots', { fault: 'hold' })
    desk.upstream.reply({ calls: [slots('P1')] }, { say: DONE })
    const asked = desk.turn([HI])
    const call = await desk.webhooks.received('/slots')
    await desk.upstream.received(1)
    await aWhile()
    expect(desk.upstream.requests).toHaveLength(1)
    call.answer({ value: ['eleven'] })
    await asked
    expect(await desk.resultsOf(2)).toEqual(['["eleven"]'])
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
  })

  it('does not answer a call with other arguments', async () => {
    const desk = await startAhead()
    desk.upstream.reply({ calls: [slots('P2')] }, { say: DONE })
    await desk.turn([HI])
    expect(desk.webhooks.calls('/slots').map(({ query }) => query.patient)).toContain('P2')
    expect(await desk.resultsOf(2)).toEqual(['["ten"]'])
  })

  it('is tried again, in the ordinary way, where it failed', async () => {
    const desk = await startAhead()
    desk.webhooks.set('/slots', { status: 404 })
    const model = heldReply({ calls: [slots('P1')] })
    desk.upstream.reply(model.answer, { say: DONE })
    const asked = desk.turn([HI])
    expect(await (await desk.webhooks.received('/slots')).closed).toBe(false)
    desk.webhooks.set('/slots', { value: ['noon'] })
    model.release()
    await asked
    expect(await desk.resultsOf(2)).toEqual(['["noon"]'])
    expect(desk.webhooks.calls('/slots')).toHaveLength(2)
  })

  it('ends with a turn that did not need it', async () => {
    const desk = await startAhead()
    desk.webhooks.set('/slots', { fault: 'hold' })
    const model = heldReply({ say: 'Good morning.' })
    desk.upstream.reply(model.answer)
    const asked = desk.turn([HI])
    const call = await desk.webhooks.received('/slots')
    model.release()
    expect((await asked).text).toBe('Good morning.')
    expect(await call.closed).toBe(true)
  })

  it('ends with a turn that another one replaces, and leaves nothing behind', async () => {
    const desk = await startAhead()
    desk.webhooks.set('/slots', { fault: 'hold' })
    const model = heldReply({ say: 'Good morning.' })
    desk.upstream.reply(model.answer, { calls: [slots('P1')] }, { say: DONE })
    const first = desk.turn([HI])
    const call = await desk.webhooks.received('/slots')
    desk.webhooks.set('/slots', { value: ['one'] })
    expect((await desk.turn([user('What is free? Tomorrow.')])).text).toBe(DONE)
    expect(await call.closed).toBe(true)
    model.release()
    await first
    expect(await desk.resultsOf(3)).toEqual(['["one"]'])
  })

  it('is not asked again by the next attempt at the same exchange', async () => {
    const desk = await startAhead()
    desk.upstream.reply({ calls: [slots('P1')] }, { say: DONE })
    await desk.turn([HI])
    desk.upstream.reply({ calls: [slots('P1')] }, { say: 'Ten is free tomorrow.' })
    await desk.turn([user('What is free? Tomorrow.')])
    expect(await desk.resultsOf(4)).toEqual(['["ten"]'])
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
  })

  it('works for a caller without a key', async () => {
    const desk = await startAhead()
    desk.upstream.reply({ calls: [slots('P1')] }, { say: DONE })
    expect((await desk.turn([HI], {}, {})).text).toBe(DONE)
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
  })
})

describe('nothing is begun ahead', () => {
  /** The model answers with words only, and takes its time. */
  async function callsOf(desk: Awaited<ReturnType<typeof startAhead>>) {
    const model = heldReply({ say: 'Good morning.' })
    desk.upstream.reply(model.answer)
    const asked = desk.turn([HI])
    await model.reached
    await aWhile()
    model.release()
    expect((await asked).text).toBe('Good morning.')
    return desk.webhooks.calls('/slots').length
  }

  it.each([
    ['where an argument is not known', {}, {}],
    ['where what is known is no valid argument', {}, { patient: { type: 'integer', default: 7 } }],
    ['without prefetch', { prefetch: false }, { patient: { default: 'P1' } }],
    ['of a tool that writes', { method: 'POST' }, { patient: { default: 'P1' } }],
    ['of a tool that may write', { effect: 'write' }, { patient: { default: 'P1' } }],
  ])('%s', async (_, tool, variables) => {
    const desk = await startAhead(tool, { variables: { patient: {}, ...variables } })
    expect(await callsOf(desk)).toBe(0)
  })

  it('of a tool that is not offered here', async () => {
    const flow = { ...KNOWN, general_tools: [], states: { desk: {}, other: { tools: ['slots'] } } }
    expect(await callsOf(await startAhead({}, flow))).toBe(0)
  })
})

describe('in the course of a turn', () => {
  it('the tools of a state that was entered are asked ahead as well', async () => {
    const edges = [{ to: 'choose', when: { type: 'llm', description: 'Choose' } }]
    const flow = {
      ...KNOWN,
      general_tools: [],
      states: { desk: { edges }, choose: { tools: ['slots'] } },
    }
    const desk = await startAhead({}, flow)
    const first = heldReply({ calls: [{ name: 'transition_to_choose' }] })
    const second = heldReply({ calls: [slots('P1')] })
    desk.upstream.reply(first.answer, second.answer, { say: DONE })
    const asked = desk.turn([HI])
    await first.reached
    await aWhile()
    expect(desk.webhooks.calls('/slots')).toEqual([])
    first.release()
    await second.reached
    await desk.webhooks.received('/slots')
    second.release()
    await asked
    expect(desk.webhooks.calls('/slots')).toHaveLength(1)
  })

  it('what was asked before a variable changed counts no more', async () => {
    const desk = await startEffectDesk({
      tools: (at) => ({
        find: writing(at, 'find', {
          effect: 'read',
          assignments: [{ variable: 'patient', value_path: 'id' }],
        }),
        slots: reading(at, 'slots', { prefetch: true, query: { of: '{{patient}}' } }),
      }),
      flow: { variables: { patient: {} }, ...KNOWN },
    })
    desk.webhooks.set('/find', { value: { id: 'P2' } })
    desk.upstream.reply(
      { calls: [{ name: 'find' }] },
      { calls: [{ name: 'slots' }] },
      { say: DONE },
    )
    await desk.turn([HI])
    const asked = desk.webhooks.calls('/slots').map(({ query }) => query.of)
    expect(asked.at(-1)).toBe('P2')
    expect(asked.filter((of) => of === 'P2')).toHaveLength(1)
    await desk.turn([HI, assistant(DONE), user('Bye.')])
  })
})
