import { describe, expect, it } from 'vitest'
import { ended, kindOf, speaking } from '../support/paced-model.ts'
import { goTo, startPacedRooms, startRooms } from '../support/rooms-flow.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const HI = user('I need an appointment, please.')
const REPLY = 'Let me see, there is one on Tuesday at ten.'
const MAP = { id: 'p1', name: 'show_map', arguments: { place: 'Oslo' } }

describe('the same request again', () => {
  it('attach: while the answer is streamed, it is given from its start and followed', async () => {
    const server = await startPacedRooms()
    const { model, stream } = server
    const { call, answer: first } = await speaking(server, [HI], 'Let me see, ')
    const others = await Promise.all(Array.from({ length: 7 }, () => stream([HI])))
    call.say('there is one on Tuesday at ten.')
    call.end()
    for (const answer of [first, ...others]) {
      expect(await answer.rest()).toMatchObject({ text: REPLY, finish: 'stop', isDone: true })
    }
    expect(others.map(kindOf)).toEqual(Array.from(others, () => 'retry'))
    expect(model.calls).toHaveLength(1)
  })

  it('replay: when the answer is finished, it is given again word for word', async () => {
    const { upstream, stream, turn } = await startRooms()
    upstream.reply(...goTo('b', REPLY))
    const first = await stream([HI])
    expect(await first.rest()).toMatchObject({ text: REPLY, isDone: true })
    const again = await stream([HI])
    expect(await again.rest()).toMatchObject({
      text: REPLY,
      calls: [],
      finish: 'stop',
      isDone: true,
    })
    expect(kindOf(again)).toBe('retry')
    expect(again.headers.get('x-turnstate-state')).toBe('a')
    expect(await turn([HI])).toMatchObject({ kind: 'retry', exchange: '1', text: REPLY })
    expect(upstream.requests).toHaveLength(2)
  })

  it('regenerate: when the answer failed, it is generated anew and nothing is booked twice', async () => {
    const { upstream, turn, webhook } = await startRooms()
    upstream.reply({ calls: [{ id: 's1', name: 'book', arguments: {} }] }, { status: 500 })
    expect(await turn([HI])).toMatchObject({ status: 502, kind: 'new' })
    upstream.reply({ calls: [{ id: 's2', name: 'book', arguments: {} }] }, { say: 'It is booked.' })
    expect(await turn([HI])).toMatchObject({ status: 200, kind: 'retry', text: 'It is booked.' })
    const result = (await upstream.received(4)).body.messages.at(-1)
    expect(result).toMatchObject({ role: 'tool', tool_call_id: 's2' })
    expect(result?.content).toContain('booking-7')
    expect(webhook.received).toHaveLength(1)
  })

  it('client_abort: a hang-up leaves the model call open, and the history decides what was heard', async () => {
    const server = await startPacedRooms()
    const { model, stream, derive } = server
    const { call, answer } = await speaking(server, [HI], 'Let me see, there is')
    answer.hangUp()
    await ended(server, 1)
    const cut = [HI, assistant('Let me see'), user('Hello?')]
    expect(await derive(cut)).toMatchObject({ kind: 'new', heard: 'partial' })
    expect(await derive([HI, user('Hello?')])).toMatchObject({ kind: 'revised', exchange: 1 })
    call.say(' one on Tuesday at ten.')
    call.end()
    expect(await call.closed).toBe(false)
    const again = await stream([HI])
    expect(kindOf(again)).toBe('retry')
    expect(await again.rest()).toMatchObject({ text: REPLY, isDone: true })
    expect(model.calls).toHaveLength(1)
  })

  it('no_identity: without a key each stands alone, and nothing may be changed', async () => {
    const { upstream, turn, webhook } = await startRooms()
    upstream.always(({ body }) =>
      body.messages.at(-1)?.role === 'tool'
        ? { say: 'I cannot do that here.' }
        : { calls: [{ name: 'book', arguments: {} }] },
    )
    const answers = await Promise.all([turn([HI], {}, {}), turn([HI], {}, {})])
    for (const answer of [...answers, await turn([HI], {}, {})]) {
      expect(answer).toMatchObject({ kind: 'new', exchange: '1', text: 'I cannot do that here.' })
      expect(answer.headers.get('x-turnstate-conversation')).toBe('none')
      expect(answer.headers.get('x-turnstate-confidence')).toBe('low')
    }
    expect(upstream.requests).toHaveLength(6)
    expect(upstream.requests.at(-1)?.body.messages.at(-1)?.content).toContain('Not done')
    expect(webhook.received).toHaveLength(0)
  })
})

describe('after a platform call', () => {
  const tools = [platformTool('show_map')]

  it('tool_followup: its result is answered in the same exchange', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ say: 'Here is a map.', calls: [MAP] }, { say: 'Do you see it?' })
    const first = await turn([HI], { tools })
    expect(first).toMatchObject({ kind: 'new', exchange: '1', calls: ['show_map'] })
    const history = [HI, first.message, toolResult('p1', 'shown')]
    expect(await turn(history, { tools })).toMatchObject({
      kind: 'follow_up',
      exchange: '1',
      text: 'Do you see it?',
    })
    expect((await upstream.received(2)).body.messages.slice(1)).toEqual([
      HI,
      assistantCall('p1', 'show_map', { place: 'Oslo' }, 'Here is a map.'),
      toolResult('p1', 'shown'),
    ])
  })

  it('tool_followup_bare: the same history again goes on, and the call is not issued again', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ say: 'Here is a map.', calls: [MAP] }, { calls: [MAP] }, { say: 'See it?' })
    await turn([HI], { tools })
    expect(await turn([HI], { tools })).toMatchObject({
      kind: 'follow_up',
      exchange: '1',
      text: 'See it?',
      calls: [],
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain(
      'Already done by you in this turn: show_map({"place":"Oslo"})',
    )
  })

  it('tool_late_result: a result that changed in place is answered anew', async () => {
    const { upstream, turn } = await startRooms()
    upstream.reply({ calls: [MAP] }, { say: 'It is loading.' }, { say: 'There it is.' })
    const first = await turn([HI], { tools })
    const report = (result: string) => [HI, first.message, toolResult('p1', result)]
    const followUp = { kind: 'follow_up', exchange: '1' }
    expect(await turn(report('in progress'), { tools })).toMatchObject({
      ...followUp,
      text: 'It is loading.',
    })
    expect(await turn(report('shown'), { tools })).toMatchObject({
      ...followUp,
      text: 'There it is.',
    })
    expect(await turn(report('shown'), { tools })).toMatchObject({
      ...followUp,
      text: 'There it is.',
    })
    expect(upstream.requests).toHaveLength(3)
    expect((await upstream.received(3)).body.messages.at(-1)).toEqual(toolResult('p1', 'shown'))
  })

  it('marker_followup: the report on a state marker is answered without a model call', async () => {
    const { upstream, turn } = await startRooms()
    const tools = [platformTool('turnstate_state')]
    upstream.reply(...goTo('b', 'Here is the second room.'))
    const { message, calls } = await turn([HI], { tools })
    expect(calls).toEqual(['turnstate_state'])
    const [{ id }] = (message as { tool_calls: readonly [{ id: string }] }).tool_calls // the one above
    const report = await turn([HI, message, toolResult(id, 'ok')], { tools })
    expect(report).toMatchObject({ kind: 'follow_up', state: 'b', text: ' ', calls: [] })
    expect(upstream.requests).toHaveLength(2)
  })
})
