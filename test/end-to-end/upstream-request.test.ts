import { describe, expect, it } from 'vitest'
import { startDesk } from '../support/desk-flow.ts'
import { startTurnstate } from '../support/turnstate.ts'
import {
  assistant,
  assistantCall,
  platformTool,
  system,
  toolResult,
  user,
} from '../support/wire-messages.ts'

const PLATFORM_TOOLS = ['end_call', 'transfer_to_number', 'skip_turn'].map(platformTool)
const HI = user('Hi, Ada here.')

function names(body: {
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}) {
  return body.tools?.map((tool) => tool.function.name)
}

describe('the extra body', () => {
  it('decides in conditions and is read under its other names, but never forwarded', async () => {
    const vip = {
      type: 'expression',
      all: [{ var: '$extra.caller.tier', op: '==', value: 'gold' }],
    }
    const flow = {
      starting_state: 'talk',
      states: { talk: { edges: [{ to: 'vip', when: vip }] }, vip: { state_prompt: 'For gold.' } },
    }
    const { upstream, turn } = await startTurnstate({ flow })
    upstream.always({ say: 'Hello.' })
    const gold = { caller: { tier: 'gold' } }
    for (const name of ['elevenlabs_extra_body', 'custom_llm_extra_body', 'customLlmExtraBody']) {
      expect(await turn([user(`Hi by ${name}`)], { [name]: gold })).toMatchObject({ state: 'vip' })
    }
    expect(await turn([user('Hi')], { elevenlabs_extra_body: 'gold' })).toMatchObject({
      state: 'talk',
    })
    for (const { rawBody } of upstream.requests) expect(rawBody).not.toContain('tier')
  })
})

describe('the upstream request', () => {
  it('holds one system message: general prompt, platform text, state prompt', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ say: 'Hello, who is calling?' })
    const messages = [system('Platform rules.'), HI, { role: 'developer', content: 'Be kind.' }]
    await turn(messages, { elevenlabs_extra_body: { tier: 'gold' } })
    const { body } = await upstream.received()
    expect(body.messages).toEqual([
      {
        role: 'system',
        content:
          'You are the desk of Oak Street. Caller tier: gold.\n\nPlatform rules.\n\nBe kind.\n\nFind out who is calling.',
      },
      HI,
    ])
  })

  it('offers general, platform, state and transition tools, in this order', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ say: 'Hello.' })
    await turn([HI], { tools: PLATFORM_TOOLS })
    expect(names((await upstream.received()).body)).toEqual([
      'hours',
      'end_call',
      'skip_turn',
      'find',
      'transition_to_human',
    ])
  })

  it('takes only what is on the allow-list from the request', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ say: 'Hello.' })
    await turn([HI], {
      model: 'whatever',
      temperature: 0.7,
      max_tokens: -1,
      user_id: 'u-1',
      elevenlabs_extra_body: { secret: 'x' },
      metadata: { a: 1 },
      reasoning_effort: 'high',
      store: true,
    })
    const { body, headers } = await upstream.received()
    expect(Object.keys(body).sort()).toEqual(
      ['messages', 'model', 'stream', 'stream_options', 'temperature', 'tools', 'user'].sort(),
    )
    expect(body).toMatchObject({ model: 'test-model', temperature: 0.7, user: 'u-1', stream: true })
    expect(headers.authorization).toBe('Bearer sk-upstream')
    expect(headers['x-conversation-id']).toBeUndefined()
  })

  it.each([
    [{ max_tokens: 50 }, { max_completion_tokens: 500 }, { max_tokens: 50 }],
    [{ max_completion_tokens: 50 }, { max_tokens: 500 }, { max_completion_tokens: 50 }],
    [{ max_tokens: 50 }, { max_tokens: 500 }, { max_tokens: 50 }],
    [{ temperature: 0 }, { max_tokens: 500, temperature: 1 }, { max_tokens: 500, temperature: 0 }],
  ])('lets the settings %j of the state beat %j of the request', async (model, asked, sent) => {
    const flow = { starting_state: 'talk', states: { talk: { model } } }
    const { upstream, turn } = await startTurnstate({ flow })
    upstream.reply({ say: 'Hello.' })
    await turn([HI], asked)
    const { max_tokens, max_completion_tokens, temperature } = (await upstream.received()).body
    expect({ max_tokens, max_completion_tokens, temperature }).toEqual({
      max_tokens: undefined,
      max_completion_tokens: undefined,
      temperature: undefined,
      ...sent,
    })
  })

  it('holds the result of a call right after it, whatever was said in between', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ say: 'Done.' })
    await turn(
      [
        HI,
        assistantCall('c1', 'skip_turn', {}, 'Let me think.'),
        assistant('This takes a while.'),
        toolResult('c1', 'thought'),
        assistant('There it is.'),
        user('And?'),
      ],
      { tools: PLATFORM_TOOLS },
    )
    const { messages } = (await upstream.received()).body
    expect(messages.slice(1)).toEqual([
      HI,
      assistantCall('c1', 'skip_turn', {}, 'Let me think.'),
      toolResult('c1', 'thought'),
      assistant('This takes a while.'),
      assistant('There it is.'),
      user('And?'),
    ])
  })

  it('leaves out a call without its result, and a result without its call', async () => {
    const { upstream, turn } = await startDesk()
    upstream.reply({ say: 'Done.' })
    await turn([
      HI,
      assistantCall('c1', 'skip_turn', {}, 'Let me think.'),
      toolResult('c2', 'whose is this?'),
      user('And?'),
    ])
    const { messages } = (await upstream.received()).body
    expect(messages.slice(1)).toEqual([HI, assistant('Let me think.'), user('And?')])
  })
})
