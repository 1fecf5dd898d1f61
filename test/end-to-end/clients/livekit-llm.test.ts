import { expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { startMapDesk } from '../../support/map-flow.ts'
import { describeWithClients, startClient } from '../../support/official-clients.ts'
import { user } from '../../support/wire-messages.ts'

const HI = user('Where is')
const HI_MORE = user('Where is the clinic?')

interface Ask {
  /** The context to go on from: that of an earlier question. */
  readonly from?: string
  readonly say?: readonly object[]
  readonly withTools?: boolean
  readonly maxRetry?: number
}

async function startPlugin() {
  const turnstate = await startMapDesk()
  const { order, ...client } = startClient('livekit-llm.mjs')
  const ask = (id: string, question: Ask) =>
    order({ do: 'ask', id, baseURL: `${turnstate.url}/v1`, jobId: 'AJ_1', ...question })
  return { ...turnstate, ...client, ask, cancel: (id: string) => order({ do: 'cancel', id }) }
}

describeWithClients('LiveKit’s OpenAI plugin', () => {
  it('hears an answer to its end, with what it cost', async () => {
    const { upstream, ask, told, text, all } = await startPlugin()
    upstream.reply({
      say: 'In Oak Street, number nine.',
      usage: { prompt_tokens: 7, completion_tokens: 5 },
    })
    ask('q1', { say: [HI_MORE] })
    await told('ended')
    expect(text()).toBe('In Oak Street, number nine.')
    expect(all('usage')).toMatchObject([{ tokens: 12 }])
    expect(all('error')).toEqual([])
    expect((await upstream.received()).headers).not.toHaveProperty('x-livekit-job-id')
  })

  it('runs a tool, whose result moves the flow once, and goes on with the same answer', async () => {
    const { upstream, ask, told, text, all } = await startPlugin()
    upstream.reply(
      { say: 'Look. ', calls: [{ name: 'show_map', arguments: { place: 'Oak Street' } }] },
      { say: 'That is the way.' },
      { say: 'Goodbye.' },
    )
    ask('q1', { say: [HI_MORE], withTools: true })
    await told('ended')
    expect(all('tool-call')).toMatchObject([{ name: 'show_map' }])
    expect(all('tool-run')).toMatchObject([{ place: 'Oak Street' }])
    ask('q2', { from: 'q1', withTools: true })
    await told('ended', 2)
    const followUp = (await upstream.received(2)).body.messages
    expect(followUp[0]?.content).toContain('They look at the map.')
    expect(followUp.at(-1)).toMatchObject({ role: 'tool' })
    expect(followUp.at(-1)?.content).toContain('Oak Street')

    ask('q3', { from: 'q2', say: [user('Thanks.')], withTools: true })
    await told('ended', 3)
    expect((await upstream.received(3)).body.messages[0]?.content).toContain(
      'They look at the map.',
    )
    expect(text()).toBe('Look. That is the way.Goodbye.')
    expect(all('error')).toEqual([])
  })

  it('asks too early and cancels: the longer words take the place of the shorter', async () => {
    const { upstream, ask, cancel, told, text, all } = await startPlugin()
    const held = heldReply({ say: 'Too early.' })
    upstream.reply(held.answer, { say: 'In Oak Street.' })
    ask('early', { say: [HI] })
    const early = await upstream.received()
    cancel('early')
    await told('ended')
    ask('late', { say: [HI_MORE] })
    await told('ended', 2)
    expect(await early.closed).toBe(true)
    held.release()
    expect(text()).toBe('In Oak Street.')
    expect((await upstream.received(2)).body.messages.slice(1)).toEqual([HI_MORE])
    expect(all('error')).toEqual([])
  })

  it('cancels in the middle of the words, and asks again with more', async () => {
    const { upstream, ask, cancel, told, all } = await startPlugin()
    upstream.reply({ say: 'You should go ', fault: 'stall' }, { say: 'In Oak Street.' })
    ask('early', { say: [HI] })
    await told('text')
    cancel('early')
    await told('ended')
    ask('late', { say: [HI_MORE] })
    await told('ended', 2)
    expect(await (await upstream.received()).closed).toBe(true)
    expect((await upstream.received(2)).body.messages.slice(1)).toEqual([HI_MORE])
    expect(all('text').filter(({ id }) => id === 'late')).toMatchObject([
      { text: 'In Oak Street.' },
    ])
  })

  it('sends two users in a row after a reply that nobody heard: what its call did is undone', async () => {
    const { upstream, ask, told, all } = await startPlugin()
    upstream.reply(
      { say: 'Look. ', calls: [{ name: 'show_map', arguments: {} }] },
      { say: 'That is the way.' },
      { say: 'Yes?' },
    )
    ask('unheard', { say: [HI_MORE], withTools: true })
    await told('ended')
    ask('unheard too', { from: 'unheard', withTools: true })
    await told('ended', 2)
    ask('next', { say: [HI_MORE, user('Hello?')], withTools: true })
    await told('ended', 3)
    expect(all('text').at(-1)).toMatchObject({ id: 'next', text: 'Yes?' })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('look at the map')
    const { messages } = (await upstream.received(3)).body
    expect(messages[0]?.content).toContain('Find out where they want to go.')
    expect(messages.slice(1)).toEqual([user('Where is the clinic? Hello?')])
  })

  it('reports a failure before the first word with its status', async () => {
    const { upstream, ask, told, text } = await startPlugin()
    upstream.reply({ status: 503 })
    ask('q1', { say: [HI_MORE] })
    expect(await told('error')).toMatchObject({ status: 502, recoverable: false })
    await told('ended')
    expect(text()).toBe('')
  })

  it('tries again by itself after such a failure, and hears the answer once', async () => {
    const { upstream, ask, told, text, all } = await startPlugin()
    upstream.reply({ status: 503 }, { say: 'In Oak Street.' })
    ask('q1', { say: [HI_MORE], maxRetry: 1 })
    await told('ended')
    expect(all('error')).toMatchObject([{ status: 502, recoverable: true }])
    expect(text()).toBe('In Oak Street.')
  })
})
