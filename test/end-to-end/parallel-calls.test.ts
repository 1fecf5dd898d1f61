import { describe, expect, it, vi } from 'vitest'
import { reading, startEffectDesk, taking, writing } from '../support/effect-desk.ts'
import { startTimedDesk } from '../support/timed-desk.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('Look it all up.')
const DONE = 'That is all.'
const READS = ['one', 'two', 'three', 'four', 'five']
/** Longer than any test lasts: what ends before that was cut off. */
const PATIENT = { timeout_ms: 20_000 }
const call = (name: string, args: object = {}) => ({ id: `id_${name}`, name, arguments: args })

const startReads = (more: object = {}, flow: object = {}) =>
  startEffectDesk({
    tools: (at) =>
      Object.fromEntries(
        READS.map((name) => [name, reading(at, name, { ...PATIENT, ...taking('q'), ...more })]),
      ),
    flow: { ...flow },
  })

type Desk = Awaited<ReturnType<typeof startReads>>

const holdAll = ({ webhooks }: Pick<Desk, 'webhooks'>, names = READS) => {
  for (const name of names) webhooks.set(`/${name}`, { fault: 'hold' })
}

const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('the reads of one step', () => {
  it('run four at a time, and the fifth begins when one of them has ended', async () => {
    const desk = await startReads()
    holdAll(desk)
    desk.upstream.reply({ calls: READS.map((name) => call(name)) }, { say: DONE })
    const asked = desk.turn([HI])
    const first = await Promise.all(
      READS.slice(0, 4).map((name) => desk.webhooks.received(`/${name}`)),
    )
    await aWhile()
    expect(desk.webhooks.calls('/five')).toEqual([])
    // Not the first one: whichever is done makes room.
    first[2]?.answer({ value: 'three' })
    const fifth = await desk.webhooks.received('/five')
    fifth.answer({ value: 'five' })
    for (const at of [3, 1, 0]) first[at]?.answer({ value: READS[at] })
    expect((await asked).text).toBe(DONE)
    expect(await desk.resultsOf(2)).toEqual(READS.map((name) => JSON.stringify(name)))
  })

  it('are told in the order of the calls, and the later one sets the variable', async () => {
    const desk = await startReads(
      { assignments: [{ variable: 'found', value_path: 'name' }] },
      { variables: { found: {} } },
    )
    holdAll(desk, ['one', 'two'])
    desk.upstream.reply({ calls: [call('one'), call('two')] }, { say: DONE })
    const asked = desk.turn([HI])
    const one = await desk.webhooks.received('/one')
    const two = await desk.webhooks.received('/two')
    two.answer({ value: { name: 'second' } })
    await two.closed
    one.answer({ value: { name: 'first' } })
    await asked
    expect(await desk.resultsOf(2)).toEqual(['{"name":"first"}', '{"name":"second"}'])
    const heard = [HI, assistant(DONE), user('Thanks.')]
    expect(await desk.derive(heard)).toMatchObject({ variables: { found: 'second' } })
  })

  it('do not suffer from one that fails', async () => {
    const desk = await startReads()
    desk.webhooks.set('/one', { status: 404 })
    desk.webhooks.set('/two', { fault: 'reset' })
    desk.webhooks.set('/three', { value: 3 })
    desk.upstream.reply({ calls: ['one', 'two', 'three'].map((name) => call(name)) }, { say: DONE })
    expect((await desk.turn([HI])).text).toBe(DONE)
    const [one, two, three] = await desk.resultsOf(2)
    expect(one).toContain('404')
    expect(two).toContain('could not be reached')
    expect(three).toBe('3')
  })

  it('are told beside those that were refused', async () => {
    const desk = await startReads()
    desk.webhooks.set('/one', { value: 1 })
    const calls = [call('nothing'), call('one', { q: 5 }), { ...call('one', { q: 'x' }), id: 'ok' }]
    desk.upstream.reply({ calls }, { say: DONE })
    expect((await desk.turn([HI])).text).toBe(DONE)
    const { messages } = (await desk.upstream.received(2)).body
    const results = messages.slice(-3).map(({ tool_call_id: id, content }) => [id, content])
    expect(Object.fromEntries(results)).toEqual({
      id_nothing: expect.stringContaining('There is no tool nothing') as string,
      id_one: expect.stringContaining('Wrong arguments') as string,
      ok: '1',
    })
    expect(desk.webhooks.calls('/one')).toHaveLength(1)
  })

  it('end with a turn that another one replaces, and those that wait are not begun', async () => {
    const desk = await startReads()
    holdAll(desk)
    desk.upstream.reply({ calls: READS.map((name) => call(name)) })
    const first = desk.stream([HI])
    const calls = await Promise.all(
      READS.slice(0, 4).map((name) => desk.webhooks.received(`/${name}`)),
    )
    desk.upstream.reply({ say: 'Only this, then.' })
    await desk.turn([user('Look it all up. No, do not.')])
    expect(await Promise.all(calls.map(({ closed }) => closed))).toEqual([true, true, true, true])
    expect((await (await first).rest()).isDone).toBe(true)
    await aWhile()
    expect(desk.webhooks.calls('/five')).toEqual([])
  })

  it('end where nobody listens any more', async () => {
    const desk = await startTimedDesk({
      tools: (at) => ({ one: reading(at, 'one', PATIENT) }),
      attachGraceMs: 20,
    })
    holdAll(desk, ['one'])
    desk.upstream.reply({ say: 'Let me look.', calls: [call('one')] })
    const answer = await desk.stream([HI])
    const one = await desk.webhooks.received('/one')
    answer.hangUp()
    expect(await one.closed).toBe(true)
  })

  it('go on with cancel_on_interruption: false, and the next request has the result', async () => {
    const desk = await startTimedDesk({
      tools: (at) => ({ one: reading(at, 'one', { cancel_on_interruption: false }) }),
      attachGraceMs: 20,
    })
    holdAll(desk, ['one'])
    desk.upstream.reply({ calls: [call('one')] })
    const answer = await desk.stream([HI])
    const one = await desk.webhooks.received('/one')
    desk.upstream.reply({ say: 'Yes?' })
    const second = [user('Look it all up. Please.')]
    await desk.turn(second)
    expect((await answer.rest()).isDone).toBe(true)
    one.answer({ value: 'found' })
    expect(await one.closed).toBe(false)
    await vi.waitFor(() => expect(desk.logged).toContain('tool run'), {
      interval: 5,
      timeout: 5000,
    })
    desk.upstream.reply({ calls: [call('one')] }, { say: DONE })
    expect((await desk.turn([user('Look it all up. Please, now.')])).text).toBe(DONE)
    expect(await desk.resultsOf(4)).toEqual(['"found"'])
    expect(desk.webhooks.calls('/one')).toHaveLength(1)
  })

  it('that wait for room are not begun any more with cancel_on_interruption: false either', async () => {
    const desk = await startReads({ cancel_on_interruption: false })
    holdAll(desk)
    desk.upstream.reply({ calls: READS.map((name) => call(name)) })
    const first = desk.stream([HI])
    const calls = await Promise.all(
      READS.slice(0, 4).map((name) => desk.webhooks.received(`/${name}`)),
    )
    desk.upstream.reply({ say: 'Only this, then.' })
    await desk.turn([user('Look it all up. No, do not.')])
    await (await first).rest()
    for (const each of calls) each.answer()
    await aWhile()
    expect(desk.webhooks.calls('/five')).toEqual([])
  })
})

describe('the writes of one step', () => {
  /** Two writes and a read; what is said in the end is led to by a transition. */
  async function startMixed(more: object = {}) {
    const edges = [{ to: 'end', when: { type: 'llm', description: 'It is over' } }]
    return startEffectDesk({
      tools: (at) => ({
        look: reading(at, 'look'),
        first: writing(at, 'first', { settle_ms: 0, ...PATIENT, ...more }),
        second: writing(at, 'second', { settle_ms: 0, ...PATIENT, ...more }),
      }),
      flow: { states: { desk: { edges }, end: { say: 'All of it is done.' } } },
    })
  }
  const ALL = ['transition_to_end', 'first', 'second', 'look'].map((name) => call(name))

  it('run one after another, after the reads, and the transitions come last', async () => {
    const desk = await startMixed()
    for (const name of ['look', 'first', 'second']) {
      desk.webhooks.set(`/${name}`, { fault: 'hold' })
    }
    desk.upstream.reply({ calls: ALL })
    const asked = desk.turn([HI])
    const look = await desk.webhooks.received('/look')
    await aWhile()
    expect(desk.webhooks.calls('/first')).toEqual([])
    look.answer()
    const first = await desk.webhooks.received('/first')
    await aWhile()
    expect(desk.webhooks.calls('/second')).toEqual([])
    first.answer()
    ;(await desk.webhooks.received('/second')).answer()
    expect(await asked).toMatchObject({ text: 'All of it is done.' })
    expect(await desk.derive([HI, assistant('All of it is done.'), user('Bye.')])).toMatchObject({
      state: 'end',
    })
  })

  it('go on after one that failed', async () => {
    const desk = await startMixed()
    desk.webhooks.set('/first', { status: 500 })
    desk.webhooks.set('/second', { value: 2 })
    desk.upstream.reply({ calls: [call('first'), call('second')] }, { say: DONE })
    expect((await desk.turn([HI])).text).toBe(DONE)
    const [first, second] = await desk.resultsOf(2)
    expect(first).toContain('500')
    expect(second).toBe('2')
  })

  it('run once where the same is called twice', async () => {
    const desk = await startMixed()
    desk.webhooks.set('/first', { value: 1 })
    const calls = [
      { id: 'a', name: 'first', arguments: '{"a":1,"b":2}' },
      { id: 'b', name: 'first', arguments: '{ "b": 2, "a": 1 }' },
    ]
    desk.upstream.reply({ calls }, { say: DONE })
    await desk.turn([HI])
    expect(await desk.resultsOf(2)).toEqual(['1', '1'])
    expect(desk.webhooks.calls('/first')).toHaveLength(1)
  })

  it('are cut off with cancel_on_interruption: true by other words, and then nobody knows', async () => {
    const desk = await startMixed({ cancel_on_interruption: true })
    desk.webhooks.set('/first', { fault: 'hold' })
    desk.upstream.reply({ calls: [call('first')] })
    const asked = desk.stream([HI])
    const first = await desk.webhooks.received('/first')
    desk.upstream.reply({ say: 'As you wish.' })
    const second = [user('Look it all up. No, do not.')]
    await desk.turn(second)
    expect(await first.closed).toBe(true)
    expect((await (await asked).rest()).isDone).toBe(true)
    desk.upstream.reply({ calls: [call('first')] }, { say: 'I cannot tell.' })
    await desk.turn([...second, assistant('As you wish.'), user('Was it done?')])
    expect(await desk.systemOf(3)).toContain('not known whether it was done: first({})')
    expect((await desk.resultsOf(4))[0]).toContain('not known whether this was done')
    expect(desk.webhooks.calls('/first')).toHaveLength(1)
  })

  it('are not cut off with cancel_on_interruption: true by a caller who hangs up', async () => {
    const desk = await startTimedDesk({
      tools: (at) => ({
        first: writing(at, 'first', { settle_ms: 0, cancel_on_interruption: true }),
      }),
      attachGraceMs: 20,
    })
    desk.webhooks.set('/first', { fault: 'hold' })
    desk.upstream.reply({ say: 'One moment.', calls: [call('first')] })
    const answer = await desk.stream([HI])
    const first = await desk.webhooks.received('/first')
    answer.hangUp()
    await vi.waitFor(() => expect(desk.logged).toContain('turn ended'), {
      interval: 5,
      timeout: 5000,
    })
    // Longer than the turn goes on for nobody.
    await aWhile()
    first.answer({ value: 1 })
    expect(await first.closed).toBe(false)
  })
})
