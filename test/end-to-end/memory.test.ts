import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('Hi there.')

/** Lets the server's clock run ahead by so many milliseconds. */
function fastForward(): (ms: number) => void {
  const real = performance.now.bind(performance)
  let ahead = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
  onTestFinished(() => clock.mockRestore())
  return (ms) => (ahead += ms)
}

describe('a conversation', () => {
  it('is forgotten once no request came for the time it is retained', async () => {
    const pass = fastForward()
    const config = { conversation: { retain: '10m' } }
    const flow = { starting_state: 'talk', states: { talk: {} } }
    const { upstream, turn, derive } = await startTurnstate({ flow, config })
    upstream.reply({ say: 'Hello, how can I help?' }, { say: 'For how many?' })
    const messages = [HI, assistant('Hello, how can I help?'), user('A table, please.')]
    await turn([HI])
    pass(9 * 60_000)
    expect(await turn(messages)).toMatchObject({ text: 'For how many?', kind: 'new' })
    pass(9 * 60_000)
    const later = [...messages, assistant('For how many?'), user('Two.')]
    expect(await derive(later)).toMatchObject({ heard: 'full', confidence: 'exact' })
    pass(60_000)
    expect(await derive(later)).toMatchObject({ heard: 'unknown', confidence: 'low', exchange: 3 })
  })
})
