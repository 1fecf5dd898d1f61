import { expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { startMapDesk } from '../../support/map-flow.ts'
import { describeWithClients, startClient } from '../../support/official-clients.ts'
import { assistant, user } from '../../support/wire-messages.ts'

const HI = user('Where is the clinic?')

async function startSdk() {
  const turnstate = await startMapDesk()
  const { order, ...client } = startClient('ai-sdk.mjs')
  const ask = (messages: readonly object[], more: object = {}) =>
    order({
      do: 'ask',
      baseURL: `${turnstate.url}/v1`,
      conversationId: 'call-1',
      messages,
      ...more,
    })
  return { ...turnstate, ...client, ask, abort: () => order({ do: 'abort' }) }
}

describeWithClients('the AI SDK’s streamText', () => {
  it('hears an answer to its end, with what it cost', async () => {
    const { upstream, ask, told, text, all } = await startSdk()
    const usage = { prompt_tokens: 7, completion_tokens: 5 }
    upstream.reply({ say: 'In Oak Street, number nine.', usage })
    ask([HI])
    expect(await told('finished')).toMatchObject({
      reason: 'stop',
      usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 },
    })
    expect(text()).toBe('In Oak Street, number nine.')
    expect(all('error')).toEqual([])
  })

  it('runs a tool, whose result moves the flow once, and goes on with the same answer', async () => {
    const { upstream, ask, told, text, all, turn } = await startSdk()
    upstream.reply(
      { say: 'Look. ', calls: [{ name: 'show_map', arguments: { place: 'Oak Street' } }] },
      { say: 'That is the way.' },
    )
    ask([HI], { withTools: true })
    await told('ended')
    expect(all('error')).toEqual([])
    expect(all('tool-call')).toMatchObject([{ name: 'show_map', input: { place: 'Oak Street' } }])
    expect(all('tool-run')).toMatchObject([{ place: 'Oak Street' }])
    expect(text()).toBe('Look. That is the way.')
    const { messages, tools } = (await upstream.received(2)).body
    expect(tools?.map((tool) => tool.function.name)).toContain('show_map')
    expect(messages[0]?.content).toContain('They look at the map.')
    expect(messages.at(-1)).toMatchObject({ role: 'tool', content: '{"shown":"Oak Street"}' })

    upstream.reply({ say: 'Goodbye.' })
    const history = [...messages.slice(1), { role: 'assistant', content: 'That is the way.' }]
    expect(await turn([...history, user('Thanks.')])).toMatchObject({ kind: 'new', state: 'shown' })
  })

  it('leaves in the middle: its next words end the upstream’s stream, and count as an interruption', async () => {
    const { upstream, ask, abort, told, text, all } = await startSdk()
    upstream.reply({ say: 'First you go left and then ', fault: 'stall' }, { say: 'Then right.' })
    ask([HI])
    await told('text')
    abort()
    await told('aborted')
    await told('ended')
    const heard = text()
    expect('First you go left and then').toContain(heard.trimEnd())

    ask([HI, assistant(heard), user('I am on foot!')])
    await told('finished')
    expect(await (await upstream.received()).closed).toBe(true)
    expect(text()).toBe(`${heard}Then right.`)
    const { messages } = (await upstream.received(2)).body
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(messages[2]?.content).toContain(heard.trimEnd())
    expect(all('error')).toEqual([])
  })

  it('leaves before the first word: what it asks next gets the only answer', async () => {
    const { upstream, ask, abort, told, text, all } = await startSdk()
    const held = heldReply({ say: 'Too late.' })
    upstream.reply(held.answer, { say: 'In Oak Street.' })
    ask([HI])
    const request = await upstream.received()
    abort()
    await told('ended')
    ask([user('Where is the clinic, please?')])
    await told('finished')
    expect(await request.closed).toBe(true)
    held.release()
    expect(text()).toBe('In Oak Street.')
    expect(all('error')).toEqual([])
  })

  it('reports a failure before the first word as an API error with its status', async () => {
    const { upstream, ask, told, text } = await startSdk()
    upstream.reply({ status: 503 })
    ask([HI])
    expect(await told('error')).toMatchObject({ name: 'AI_APICallError', statusCode: 502 })
    await told('ended')
    expect(text()).toBe('')
  })
})
