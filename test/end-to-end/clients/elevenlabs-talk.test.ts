import { expect, it } from 'vitest'
import { startEmulatedAgent } from '../../support/emulated-agent.ts'
import { describeWithClients } from '../../support/official-clients.ts'

interface Part {
  readonly type: 'start' | 'delta' | 'stop'
  readonly text: string
  readonly event_id: number
}
interface Correction {
  readonly original_agent_response: string
  readonly corrected_agent_response: string
}

describeWithClients('a conversation of ElevenLabs’ client', () => {
  it('brings the greeting and an answer, whose parts are the whole of it', async () => {
    const agent = { first_message: 'Clinic, hello!' }
    const { upstream, start, started, say, answer, calledWith } = await startEmulatedAgent({
      agent,
    })
    start()
    expect(await started()).toMatch(/^conv_/)
    expect(await answer()).toBe('Clinic, hello!')
    upstream.reply({ say: 'In Oak Street, number nine.' })
    say('Where is the clinic?')
    expect(await answer(2)).toBe('In Oak Street, number nine.')

    const parts = calledWith('onAgentChatResponsePart') as readonly Part[] // the client's own type
    const messages = calledWith('onMessage')
    const ids = [...new Set(parts.map((part) => part.event_id))]
    expect(messages).toMatchObject(
      ids.map((id) => {
        const group = parts.filter((part) => part.event_id === id)
        expect(group.at(0)?.type).toBe('start')
        expect(group.at(-1)?.type).toBe('stop')
        const message = group.map(({ text }) => text).join('')
        return { role: 'agent', event_id: id, message }
      }),
    )
    expect(ids).toEqual([...ids].sort((one, other) => one - other))
    expect(calledWith('onError')).toEqual([])
  })

  it('interrupts: the next request has only the words that were heard', async () => {
    const { upstream, start, started, say, answer, told } = await startEmulatedAgent()
    upstream.reply({ say: 'First you go left and then ', fault: 'stall' }, { say: 'Then right.' })
    start()
    await started()
    say('Where is the clinic?')
    await told('onAgentChatResponsePart', 2)
    say('I am on foot!')
    await told('onInterruption')
    const { props } = await told('onAgentResponseCorrection')
    const correction = props as Correction // the client's own type
    expect(await answer()).toBe('Then right.')
    expect(correction.original_agent_response).toContain(correction.corrected_agent_response)
    expect(await (await upstream.received()).closed).toBe(true)
    const { messages } = (await upstream.received(2)).body
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(messages[2]?.content).toBe(correction.corrected_agent_response)
    expect(messages[3]?.content).toBe('I am on foot!')
  })

  it('interrupts before a word came: the next request has both of the caller’s sentences', async () => {
    const { upstream, start, started, say, answer, calledWith } = await startEmulatedAgent()
    upstream.reply({ fault: 'hang' }, { say: 'In Oak Street.' })
    start()
    await started()
    say('Where is')
    await upstream.received()
    say('the clinic?')
    expect(await answer()).toBe('In Oak Street.')
    const { messages } = (await upstream.received(2)).body
    const words = messages.slice(1).map(({ content }) => content)
    expect(words.join(' ')).toBe('Where is the clinic?')
    expect(calledWith('onAgentResponseCorrection')).toEqual([])
  })

  it('tells what it knows without asking for an answer', async () => {
    const { upstream, start, started, say, addContext, answer } = await startEmulatedAgent()
    upstream.reply({ say: 'Right.' })
    start()
    await started()
    addContext('The caller looks at page seven.')
    say('And now?')
    expect(await answer()).toBe('Right.')
    expect(upstream.requests).toHaveLength(1)
    expect((await upstream.received()).rawBody).toContain('page seven')
  })

  it('ends with 1002 once the server has failed three times', async () => {
    const { upstream, start, started, say, told } = await startEmulatedAgent()
    upstream.always({ status: 503 })
    start()
    await started()
    say('Where is the clinic?')
    expect((await told('onError')).props).toContain('Server error')
    expect((await told('onDisconnect')).props).toMatchObject({ reason: 'error', closeCode: 1002 })
  })

  it('answers pings', async () => {
    const { start, started, told } = await startEmulatedAgent()
    start()
    await started()
    const { props: ping } = await told('onPing')
    const { props: pong } = await told('onOutgoingEvent')
    expect(pong).toEqual({ type: 'pong', event_id: (ping as { event_id: number }).event_id }) // the client's own type
    // Under load the next ping may go out before this pong is in.
    let number = 2
    while (isUnmeasured((await told('onPing', number)).props)) number += 1
  })

  it('begins anew after its end: another id, and nothing of what was said', async () => {
    const { upstream, start, started, say, answer, end, told } = await startEmulatedAgent()
    upstream.always({ say: 'In Oak Street.' })
    start()
    const first = await started()
    say('Where is the clinic?')
    await answer()
    end()
    expect((await told('onDisconnect')).props).toMatchObject({ reason: 'user' })
    start()
    expect(await started()).not.toBe(first)
    say('Good morning.')
    await answer(2)
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toEqual([{ role: 'user', content: 'Good morning.' }])
  })
})

function isUnmeasured(ping: unknown): boolean {
  return (ping as { ping_ms: number | null }).ping_ms === null // the client's own type
}
