import { expect, it } from 'vitest'
import { post } from '../../support/listening-app.ts'
import { describeWithRedis } from '../../support/redis-server.ts'
import { uniquePrefix } from '../../support/redis-stores.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { shown } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const FLOW = { starting_state: 'desk', states: { desk: { say: 'Clinic, hello!' } } }
const LIMIT = { timeout: 5000 }

describeWithRedis('a call that comes back to another instance', (redis) => {
  async function startTwo(relay: object = {}) {
    const store = { type: 'redis', url: redis().url, prefix: uniquePrefix() }
    const config = { store, conversation_relay: relay }
    const [one, two] = [
      await startTurnstate({ flow: FLOW, config }),
      await startTurnstate({ flow: FLOW, config }),
    ]
    for (const { url } of [one, two]) {
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, LIMIT).toBe(200)
    }
    return { one, two }
  }

  it('goes on where it was, with what was heard', async () => {
    const { one, two } = await startTwo()
    one.upstream.reply({ say: 'I have Tuesday at nine or Wednesday.' }, { say: 'Really?' })
    const first = await dialRelay(one.url)
    first.prompt('When are you free?')
    await first.answer()
    first.interrupt('I have Tuesday at')
    first.prompt('Tuesday.')
    await first.answer()
    first.socket.close()
    await first.closed
    two.upstream.reply({ say: 'Booked.' })
    const second = await dialRelay(two.url, { setup: { sessionId: 'VX2' } })
    second.prompt('Yes.')
    expect(await second.answer()).toBe('Booked.')
    expect(shown(await two.upstream.received(1))).toEqual([
      'user: When are you free?',
      'assistant: I have Tuesday at',
      'user: Tuesday.',
      'assistant: Really?',
      'user: Yes.',
    ])
  })

  it('ends an answer of the first there, of which counts what was said', async () => {
    const { one, two } = await startTwo()
    one.upstream.reply({ say: 'I have Tuesday at nine', fault: 'stall' })
    two.upstream.reply({ say: 'Booked.' })
    const first = await dialRelay(one.url)
    first.prompt('When are you free?')
    await first.token()
    await expect.poll(() => isSeen(two.url, 'I have Tuesday at nine'), LIMIT).toBe(true)
    const second = await dialRelay(two.url, { setup: { sessionId: 'VX2' } })
    second.interrupt('Welcome back')
    expect(await (await one.upstream.received(1)).closed).toBe(true)
    second.prompt('Yes.')
    expect(await second.answer()).toBe('Booked.')
    // What the platform tells was spoken over there is its own greeting.
    expect(shown(await two.upstream.received(1))[1]).toBe('assistant: I have Tuesday at nine')
  })

  it('is not greeted a second time', async () => {
    const { one, two } = await startTwo({ first_speaker: 'agent' })
    const first = await dialRelay(one.url)
    expect(await first.answer()).toBe('Clinic, hello!')
    first.socket.close()
    await first.closed
    two.upstream.reply({ say: 'Nine.' })
    const second = await dialRelay(two.url, { setup: { sessionId: 'VX2' } })
    second.prompt('When do you open?')
    expect(await second.answer()).toBe('Nine.')
    expect(shown(await two.upstream.received(1))[0]).toBe('assistant: Clinic, hello!')
  })
})

/** Whether the instance knows that this was said first in the call. */
async function isSeen(url: string, content: string): Promise<boolean> {
  const messages = [
    { role: 'user', content: 'When are you free?' },
    { role: 'assistant', content },
    { role: 'user', content: 'What?' },
  ]
  const key = { 'x-conversation-id': 'CA1' }
  const answer = await post(`${url}/v1/conversations/derive`, { messages }, key)
  const { confidence } = (await answer.json()) as { readonly confidence: string } // as documented
  return confidence !== 'low'
}
