import { describe, expect, it } from 'vitest'
import { startDesk } from '../support/desk-flow.ts'
import { startTurnstate } from '../support/turnstate.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const PLATFORM_TOOLS = ['end_call', 'transfer_to_number', 'skip_turn'].map(platformTool)
const HI = user('Hi, Ada here.')

describe('a step with server and platform calls', () => {
  it('runs the server call, sends the platform call and goes on from both in the follow-up', async () => {
    const { upstream, turn } = await startDesk()
    const calls = [
      { id: 's1', name: 'find', arguments: {} },
      { id: 'p1', name: 'skip_turn', arguments: { reason: 'thinking' } },
    ]
    upstream.reply({ say: 'Take your time.', calls })
    const first = await turn([HI], { tools: PLATFORM_TOOLS })
    expect(first.body).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Take your time.',
            tool_calls: [{ id: 'p1', function: { name: 'skip_turn' } }],
          },
        },
      ],
    })
    upstream.reply({ say: 'Are you ready?' })
    const history = [HI, first.message, toolResult('p1', '{}')]
    expect(await turn(history, { tools: PLATFORM_TOOLS })).toMatchObject({
      kind: 'follow_up',
      state: 'choose',
    })
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toMatchObject([
      HI,
      { role: 'assistant', tool_calls: [{ id: 's1' }] },
      { role: 'tool', tool_call_id: 's1' },
      { role: 'assistant', content: 'Take your time.', tool_calls: [{ id: 'p1' }] },
      { role: 'tool', tool_call_id: 'p1' },
    ])
  })
})

describe('the last round', () => {
  it('runs no server tool, also not beside a platform call', async () => {
    const { upstream, turn, derive } = await startDesk({ limits: { max_tool_rounds: 1 } })
    upstream.reply(
      { calls: [{ name: 'hours' }] },
      {
        say: 'Goodbye then.',
        calls: [
          { id: 's1', name: 'find' },
          { id: 'p1', name: 'end_call' },
          { id: 't1', name: 'transition_to_human' },
        ],
      },
    )
    const ended = await turn([HI], { tools: PLATFORM_TOOLS })
    expect(ended).toMatchObject({ text: 'Goodbye then.', calls: ['end_call'] })
    expect(upstream.requests).toHaveLength(2)
    const offered = (await upstream.received(2)).body.tools?.map((tool) => tool.function.name)
    expect(offered).toEqual(['end_call', 'skip_turn'])
    const after = await derive([HI, ended.message, toolResult('p1', 'ok'), user('Hello?')])
    expect(after).toMatchObject({ state: 'identify', heard: 'full' })
    expect(after.variables).not.toHaveProperty('name')
  })
})

describe('the same history again after a platform call', () => {
  const FLOW = { starting_state: 'talk', general_tools: ['a', 'b'], states: { talk: {} } }
  const TOOLS = {
    a: { type: 'static', description: 'A', result: 'result of a' },
    b: { type: 'static', description: 'B', result: 'result of b' },
  }
  const tools = ['show_map', 'play_sound', 'end_call'].map(platformTool)
  const start = () => startTurnstate({ flow: FLOW, tools: TOOLS })

  it('never issues that call again, however often the model calls it', async () => {
    const { upstream, turn } = await start()
    upstream.always({ calls: [{ name: 'end_call', arguments: { reason: 'done' } }] })
    expect(await turn([HI], { tools })).toMatchObject({ kind: 'new', calls: ['end_call'] })
    for (let again = 0; again < 3; again++) {
      const answer = await turn([HI], { tools })
      expect(answer).toMatchObject({ kind: 'follow_up', exchange: '1', text: '... ', calls: [] })
      expect(answer.body).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    }
  })

  it('says the words that come with a repeated call once, not once per round', async () => {
    const { upstream, turn } = await start()
    upstream.always({ say: 'Bye.', calls: [{ name: 'end_call', arguments: {} }] })
    await turn([HI], { tools })
    expect(await turn([HI], { tools })).toMatchObject({
      kind: 'follow_up',
      text: 'Bye.',
      calls: [],
    })
    expect(upstream.requests).toHaveLength(2)
  })

  it('never issues it again as a stream either, and answers with the words of the model', async () => {
    const { upstream, stream } = await start()
    const call = { name: 'end_call', arguments: { reason: 'done' } }
    upstream.reply({ calls: [call] }, { calls: [call] }, { say: 'Goodbye.' })
    const first = await (await stream([HI], { tools })).rest()
    expect(first).toMatchObject({ calls: [{ name: 'end_call' }], finish: 'tool_calls' })
    const second = await (await stream([HI], { tools })).rest()
    expect(second).toMatchObject({ text: 'Goodbye.', calls: [], finish: 'stop', isDone: true })
    const refused = (await upstream.received(3)).body.messages.at(-1)
    expect(refused?.content).toContain('Already done')
  })

  it.each([
    ['', 'p1', 'p2'],
    [', also of an upstream that numbers its calls anew in every answer', 'call_0', 'call_0'],
  ])('may issue another call%s', async (_, firstId, secondId) => {
    const { upstream, turn } = await start()
    const show = (id: string, place: string) => ({
      calls: [{ id, name: 'show_map', arguments: { place } }],
    })
    upstream.reply(show(firstId, 'Oslo'), show(secondId, 'Bergen'), { say: 'Not possible.' })
    await turn([HI], { tools })
    expect(await turn([HI], { tools })).toMatchObject({ kind: 'follow_up', calls: ['show_map'] })
  })

  it('keeps what all the turns did that the history does not show', async () => {
    const { upstream, turn } = await start()
    upstream.reply(
      { calls: [{ id: 'a1', name: 'a' }] },
      { calls: [{ id: 'p1', name: 'show_map', arguments: { place: 'Oslo' } }] },
      { calls: [{ id: 'b1', name: 'b' }] },
      { calls: [{ id: 'p2', name: 'play_sound' }] },
      { say: 'Anything else?' },
      { say: 'Goodbye then.' },
    )
    const kinds = []
    for (let count = 0; count < 3; count++) kinds.push((await turn([HI], { tools })).kind)
    expect(kinds).toEqual(['new', 'follow_up', 'follow_up'])
    const third = (await upstream.received(5)).body.messages
    const doneBefore = [
      assistantCall('a1', 'a'),
      toolResult('a1', 'result of a'),
      assistantCall('b1', 'b'),
      toolResult('b1', 'result of b'),
    ]
    expect(third.slice(1)).toEqual([HI, ...doneBefore])
    expect(third[0]?.content).toContain('show_map({"place":"Oslo"}), play_sound({})')
    const shown = [HI, assistant('Anything else?'), user('No.')]
    expect(await turn(shown, { tools })).toMatchObject({ kind: 'new', exchange: '2' })
    const later = (await upstream.received(6)).body.messages
    expect(later).toMatchObject([
      HI,
      { role: 'assistant', content: null, tool_calls: [{ id: 'a1' }, { id: 'b1' }] },
      toolResult('a1', 'result of a'),
      toolResult('b1', 'result of b'),
      assistant('Anything else?'),
      user('No.'),
    ])
  })
})
