import { describe, expect, it, onTestFinished } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { startUpstreamServer, type Reply, type UpstreamServer } from '../support/upstream-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const HI = user('When do you open?')
const TALK = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }
const FALLBACK = 'Say that again?'

/** A server with two upstreams, the first of which dies after these words. */
async function startWithSpare(said: string, ...spareReplies: readonly Reply[]) {
  const spare: UpstreamServer = await startUpstreamServer()
  onTestFinished(() => spare.close())
  const turnstate = await startTurnstate({
    flow: TALK,
    config: (url) => ({
      fallback: FALLBACK,
      upstreams: {
        primary: { base_url: url, model: 'm' },
        spare: { base_url: spare.url, model: 'm' },
      },
    }),
  })
  turnstate.upstream.reply({ say: said, fault: 'break' })
  spare.reply(...spareReplies)
  return turnstate
}

describe('a streamed answer whose upstream dies in mid-speech', () => {
  it.each<[string, Reply, string]>([
    [
      'repeats the last words',
      { say: 'open at nine and close at five.' },
      'We open at nine and close at five.',
    ],
    [
      'apologises all the same',
      { say: 'Sorry. We open at nine.' },
      'We open at Sorry. We open at nine.',
    ],
    ['breaks too', { say: 'open at ten or', fault: 'break' }, `We open at ten or... ${FALLBACK}`],
    ['breaks in its repetition', { say: 'We open', fault: 'break' }, `We open at... ${FALLBACK}`],
    ['has nothing to add', { say: 'We open at' }, `We open at... ${FALLBACK}`],
    ['refuses', { status: 429 }, `We open at... ${FALLBACK}`],
    ['is no use', { sse: 'data: {"oops"\n\n' }, `We open at... ${FALLBACK}`],
  ])('ends in form when the next one %s', async (_, reply, text) => {
    const { stream } = await startWithSpare('We open at', reply)
    const answer = await stream([HI])
    expect(answer.status).toBe(200)
    expect(await answer.rest()).toMatchObject({ text, finish: 'stop', isDone: true })
  })

  it('ends with the call that the next one makes', async () => {
    const calls = [{ name: 'end_call', arguments: {} }]
    const { stream } = await startWithSpare('We are closed.', { calls })
    const tools = [{ type: 'function', function: { name: 'end_call', parameters: {} } }]
    const ended = await (await stream([HI], { tools })).rest()
    expect(ended).toMatchObject({ text: 'We are closed.', finish: 'tool_calls', isDone: true })
    expect(ended.calls.map(({ name }) => name)).toEqual(['end_call'])
  })

  it('is one heard reply in the next request, from whichever upstream its words came', async () => {
    const whole = 'We open at nine and close at five.'
    const { stream, turn, upstream } = await startWithSpare('We open at', {
      say: 'We open at nine and close at five.',
    })
    await (await stream([HI])).rest()
    upstream.reply({ say: 'Yes.' })
    const next = await turn([HI, assistant(whole), user('Also on Friday?')])
    expect(next).toMatchObject({ kind: 'new', exchange: '2', text: 'Yes.' })
    const { messages } = (await upstream.received(2)).body
    expect(messages.slice(1)).toEqual([HI, assistant(whole), user('Also on Friday?')])
  })
})
