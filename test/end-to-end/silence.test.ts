import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { assistant, platformTool, system, user } from '../support/wire-messages.ts'

const HI = user('Hi there.')
const TALK = { starting_state: 'talk', states: { talk: { state_prompt: 'Talk.' } } }

describe('silence and openings', () => {
  const skip = [platformTool('skip_turn')]
  const silent = [HI, assistant('Hello, how can I help?'), user('...')]

  it('re-engages a silent caller twice, then stays quiet and never sends an empty stream', async () => {
    const { upstream, turn } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'Hello, how can I help?' })
    await turn([HI])
    upstream.reply({ say: 'Are you there?' }, { say: 'Hello?' })
    expect(await turn(silent)).toMatchObject({
      kind: 'silence',
      exchange: '1',
      text: 'Are you there?',
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toContain('still there')
    expect(await turn(silent)).toMatchObject({ kind: 'silence', text: 'Hello?' })
    expect(await turn(silent)).toMatchObject({ kind: 'silence', text: '... ' })
    expect(await turn(silent, { tools: skip })).toMatchObject({ text: '', calls: ['skip_turn'] })
    expect(upstream.requests).toHaveLength(3)
  })

  it('are answered with the prompt of the state, its templates filled in', async () => {
    const prompt = 'Ask {{name}} at {{extra.place}} whether they can hear you.'
    const states = { talk: { on_silence: { prompt, max: 1 } } }
    const { upstream, turn } = await startTurnstate({
      flow: { starting_state: 'talk', default_dynamic_variables: { name: 'Ada' }, states },
    })
    upstream.reply({ say: 'Hello, how can I help?' }, { say: 'Can you hear me, Ada?' })
    const more = { elevenlabs_extra_body: { place: 'Oak Street' } }
    await turn([HI], more)
    expect(await turn(silent, more)).toMatchObject({
      kind: 'silence',
      text: 'Can you hear me, Ada?',
    })
    expect((await upstream.received(2)).body.messages[0]?.content).toBe(
      'Ask Ada at Oak Street whether they can hear you.',
    )
    expect((await turn(silent, more)).text).toBe('... ')
    expect(upstream.requests).toHaveLength(2)
  })

  it('are answered with the words of the state, without a model call', async () => {
    const states = { talk: { on_silence: { say: 'Still there, {{name}}?' } } }
    const { upstream, turn } = await startTurnstate({
      flow: { starting_state: 'talk', default_dynamic_variables: { name: 'Ada' }, states },
    })
    upstream.reply({ say: 'Hello, how can I help?' })
    await turn([HI])
    expect(await turn(silent)).toMatchObject({ kind: 'silence', text: 'Still there, Ada?' })
    expect(upstream.requests).toHaveLength(1)
  })

  it('greets when there is nothing but a system text', async () => {
    const { upstream, turn } = await startTurnstate({ flow: TALK })
    upstream.reply({ say: 'Good morning!' })
    const opening = await turn([system('Hi {{name}}')])
    expect(opening).toMatchObject({ kind: 'opening', exchange: '0', text: 'Good morning!' })
  })

  it('opens with the say of the starting state, without a model call', async () => {
    const flow = { starting_state: 'talk', states: { talk: { say: 'Oak Street, hello!' } } }
    const { upstream, turn } = await startTurnstate({ flow })
    expect(await turn([system('x')])).toMatchObject({
      kind: 'opening',
      text: 'Oak Street, hello!',
      body: { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
    })
    expect(upstream.requests).toHaveLength(0)
    upstream.reply({ say: 'Yes?' })
    const first = await turn([assistant('Oak Street, hello!'), HI])
    expect(first).toMatchObject({ kind: 'new', exchange: '1', text: 'Yes?' })
    expect(first.headers.get('x-turnstate-heard')).toBe('full')
  })
})
