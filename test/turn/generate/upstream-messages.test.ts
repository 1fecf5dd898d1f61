import { describe, expect, it } from 'vitest'
import { answer, buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { assistant, toolResult, user } from '../../support/history.ts'

const HI = user('Hi there.')
const flow = { name: 'test', starting_state: 'a', general_tools: ['x', 'y'], states: { a: {} } }
const tools = { x: { type: 'static', result: 'X' }, y: { type: 'static', result: 'Y' } }
const call = (id: string, name: string) => ({ id, name, arguments: '{}' })

describe('call ids that come again in one exchange', () => {
  it('are answered each by its own result', async () => {
    const model = createModel(() => ({ text: 'Fine.' }))
    const engine = buildEngine({ flow, upstream: model })
    const history = [
      HI,
      assistant('', [call('call_0', 'show')]),
      toolResult('call_0', 'first'),
      assistant('', [call('call_0', 'hide')]),
      toolResult('call_0', 'second'),
      assistant('There.'),
      user('Thanks.'),
    ]
    await answer(engine, toRequest(history))
    expect(model.requests[0]?.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', calls: [{ name: 'show' }] },
      { role: 'tool', callId: 'call_0', content: 'first' },
      { role: 'assistant', calls: [{ name: 'hide' }] },
      { role: 'tool', callId: 'call_0', content: 'second' },
      { role: 'assistant', content: 'There.' },
      { role: 'user' },
    ])
  })

  it('of two rounds of server calls stand in two messages later', async () => {
    const replies = [{ calls: [call('0', 'x')] }, { calls: [call('0', 'y')] }]
    const model = createModel(() => replies.shift() ?? { text: 'X and Y it is.' })
    const engine = buildEngine({ flow, tools, upstream: model })
    const first = await answer(engine, toRequest([HI]))
    await answer(engine, toRequest([HI, assistant(first.text), user('Thanks.')]))
    expect(model.requests.at(-1)?.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', calls: [{ name: 'x' }] },
      { role: 'tool', content: 'X' },
      { role: 'assistant', calls: [{ name: 'y' }] },
      { role: 'tool', content: 'Y' },
      { role: 'assistant', content: 'X and Y it is.' },
      { role: 'user' },
    ])
  })
})

describe('fallback words', () => {
  it.each([
    ['whole', 'Let me look that up for Sorry, say that again?'],
    ['cut', 'Let me look that up for Sorry, say...'],
    ['respelled', 'let me look that up for sorry say that again'],
  ])('that were heard %s do not go upstream', async (_, heard) => {
    const requests: unknown[] = []
    const broken = createModel(() => ({ text: 'unused' }))
    const engine = buildEngine({
      flow,
      fallback: 'Sorry, say that again?',
      upstream: {
        ...broken,
        async complete(request, { onText }) {
          requests.push(request.messages)
          await onText(requests.length === 1 ? 'Let me look that up for' : 'Yes.')
          if (requests.length === 1) throw new Error('broken')
          return { text: 'Yes.', calls: [], finishReason: 'stop' }
        },
      },
    })
    await answer(engine, toRequest([HI]))
    await answer(engine, toRequest([HI, assistant(heard), user('Hello?')]))
    expect(requests[1]).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: expect.stringMatching(/^let me look that up for$/i) as string },
      { role: 'user', content: 'Hello?' },
    ])
  })
})
