import { describe, expect, it } from 'vitest'
import { startDesk } from '../support/desk-flow.ts'
import { assistant, platformTool, user } from '../support/wire-messages.ts'

const PLATFORM_TOOLS = ['end_call', 'transfer_to_number', 'skip_turn'].map(platformTool)
const HI = user('Hi, Ada here.')
const OFFER = 'Hello Ada, Tuesday or Wednesday?'

function names(body: {
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}) {
  return body.tools?.map((tool) => tool.function.name)
}

describe('a server tool', () => {
  it('runs inside the turn, sets its variables, moves the state and changes prompt and tools', async () => {
    const { upstream, turn, derive } = await startDesk()
    upstream.reply({ say: 'One second.', calls: [{ name: 'find', arguments: {} }] }, { say: OFFER })
    const first = await turn([HI], { tools: PLATFORM_TOOLS, temperature: 0.9 })
    expect(first).toMatchObject({ state: 'identify', kind: 'new', exchange: '1' })
    expect(first.text).toBe(`One second. ${OFFER}`)
    expect(JSON.stringify(first.body)).not.toContain('"find"')
    const second = (await upstream.received(2)).body
    expect(second.messages[0]?.content).toContain('Offer times to Ada.')
    expect(second.temperature).toBe(0.1)
    expect(names(second)).toEqual([
      'hours',
      'transfer_to_number',
      'skip_turn',
      'transition_to_book',
      'transition_to_human',
    ])
    expect(second.messages.slice(-2)).toMatchObject([
      { role: 'assistant', content: 'One second.', tool_calls: [{ function: { name: 'find' } }] },
      { role: 'tool', content: '{"items":[{"name":"Ada"}]}' },
    ])
    const history = [HI, assistant(first.text), user('Tuesday')]
    expect(await derive(history)).toMatchObject({
      state: 'choose',
      variables: { name: 'Ada', booked: false },
      heard: 'full',
      confidence: 'exact',
    })
  })

  it('stands in the later history where it ran, so that the model does not ask again', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ calls: [{ name: 'find', arguments: {} }] }, { say: OFFER }, { say: 'Fine.' })
    await turn([HI])
    await turn([HI, assistant(OFFER), user('Tuesday')])
    const { messages } = (await upstream.received(3)).body
    expect(messages.slice(1)).toMatchObject([
      HI,
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'find' } }] },
      { role: 'tool', content: '{"items":[{"name":"Ada"}]}' },
      assistant(OFFER),
      user('Tuesday'),
    ])
  })

  it('may be called several times in one step', async () => {
    const { upstream, turn } = await startDesk()
    const calls = [
      { id: 'a', name: 'hours', arguments: {} },
      { id: 'b', name: 'find', arguments: {} },
    ]
    upstream.reply({ calls }, { say: OFFER })
    expect((await turn([HI])).text).toBe(OFFER)
    expect((await upstream.received(2)).body.messages.slice(-2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'Mon-Fri 8-18 at Oak Street' },
      { role: 'tool', tool_call_id: 'b', content: '{"items":[{"name":"Ada"}]}' },
    ])
  })

  it('that is not offered here is answered with an error and never sent on', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply(
      {
        calls: [
          { name: 'transition_to_done', arguments: {} },
          { name: 'end_call', arguments: {} },
        ],
      },
      { say: 'Sorry, who is calling?' },
    )
    const answered = await turn([HI])
    expect(answered.text).toBe('Sorry, who is calling?')
    expect(JSON.stringify(answered.body)).not.toContain('end_call')
    const results = (await upstream.received(2)).body.messages.slice(-2)
    expect(results.map((message) => String(message.content))).toEqual([
      expect.stringContaining('error'),
      expect.stringContaining('error'),
    ])
  })

  it('is not offered any more after the last round', async () => {
    const limits = { max_tool_rounds: 2 }
    const { upstream, turn } = await startDesk({ limits })
    upstream.always(({ body }) =>
      body.tool_choice === 'none'
        ? { say: 'I give up.' }
        : { calls: [{ name: 'hours', arguments: {} }] },
    )
    expect((await turn([HI])).text).toBe('I give up.')
    expect(upstream.requests).toHaveLength(3)
  })
})
