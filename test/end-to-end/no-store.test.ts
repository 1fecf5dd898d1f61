import { describe, expect, it } from 'vitest'
import { post } from '../support/listening-app.ts'
import { startTurnstate } from '../support/turnstate.ts'
import { assistant, platformTool, system, toolResult, user } from '../support/wire-messages.ts'

const STATE_TOOL = 'turnstate_state'
const tools = [STATE_TOOL, 'end_call'].map(platformTool)
const llm = (to: string) => ({ to, when: { type: 'llm', description: `On to ${to}.` } })
const FLOW = {
  starting_state: 'a',
  platform_tools: { allow: [] },
  states: { a: { edges: [llm('b')] }, b: { edges: [llm('c')] }, c: {} },
}
const HI = user('Hi, I need an appointment.')
const ADA = user('My name is Ada Lovelace.')
const OK = user('Tuesday is fine.')

const start = (flow: object = {}) =>
  startTurnstate({ flow: { ...FLOW, ...flow }, config: { store: { type: 'none' } } })
type Server = Awaited<ReturnType<typeof start>>

const goTo = (state: string, say: string) =>
  [{ calls: [{ name: `transition_to_${state}`, arguments: {} }] }, { say }] as const

interface WireCall {
  readonly id: string
  readonly function: { readonly name: string; readonly arguments: string }
}
const callsOf = (message: object) =>
  (message as { readonly tool_calls?: readonly WireCall[] }).tool_calls ?? [] // as OpenAI says
/** The answer as a platform keeps it: with the results of its calls. */
const kept = (message: object) => [
  message,
  ...callsOf(message).map(({ id }) => toolResult(id, '{"status":"ok"}')),
]

/** An answer that led into b; its message carries the marker. */
async function answerInB({ upstream, turn }: Server) {
  upstream.reply(...goTo('b', 'Who is calling, please?'))
  const { message, calls, status } = await turn([HI], { tools })
  expect({ calls, status }).toEqual({ calls: [STATE_TOOL], status: 200 })
  return message
}

describe('without a store, a marker', () => {
  it('carries the state from answer to answer, and only when it changed', async () => {
    const server = await start()
    const { upstream, turn } = server
    const first = await answerInB(server)
    expect(callsOf(first)[0]).toMatchObject({ id: expect.stringMatching(/^\w{1,40}$/) as string })
    upstream.reply({ say: 'Tuesday or Wednesday?' })
    const history = [HI, ...kept(first), ADA]
    const second = await turn(history, { tools })
    expect(second).toMatchObject({ state: 'b', exchange: '2', calls: [] })
    expect(second.headers.get('x-turnstate-confidence')).toBe('low')
    upstream.reply(...goTo('c', 'It is booked.'))
    const third = await turn([...history, second.message, OK], { tools })
    expect(third).toMatchObject({ state: 'b', calls: [STATE_TOOL] })
    const later = [...history, second.message, OK, ...kept(third.message), user('Thanks!')]
    upstream.reply({ say: 'Goodbye.' })
    expect(await turn(later, { tools })).toMatchObject({ state: 'c', calls: [] })
  })

  it('ends a streamed answer, after its words', async () => {
    const { upstream, url } = await start()
    upstream.reply(...goTo('b', 'Who is calling?'))
    const body = { stream: true, messages: [HI], tools }
    const text = await (await post(`${url}/v1/chat/completions`, body)).text()
    expect(text.indexOf(STATE_TOOL)).toBeGreaterThan(text.indexOf('calling'))
    expect(text).toContain('"finish_reason":"tool_calls"')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it('is taken back with the answer that it came with', async () => {
    const server = await start()
    const { upstream, turn, derive } = server
    const first = await answerInB(server)
    upstream.reply(...goTo('c', 'Tuesday or Wednesday?'))
    const history = [HI, ...kept(first), ADA]
    const second = await turn(history, { tools })
    expect(await derive([...history, ...kept(second.message), OK])).toMatchObject({ state: 'c' })
    expect(await derive([...history, OK])).toMatchObject({ state: 'b' })
    expect(
      await derive([HI, ...kept(first), user('Bob.'), ...kept(second.message), OK]),
    ).toMatchObject({
      state: 'b',
    })
    expect(await derive([HI, OK])).toMatchObject({ state: 'a' })
    const unheard = { ...second.message, content: '' }
    expect(await derive([...history, ...kept(unheard), OK])).toMatchObject({ state: 'b' })
    expect(
      await derive([...history, ...kept({ ...second.message, content: 'Tues' }), OK]),
    ).toMatchObject({
      state: 'c',
    })
  })

  it('is hidden from the model, as a tool and in the history', async () => {
    const server = await start({ platform_tools: {} })
    const { upstream, turn } = server
    const first = await answerInB(server)
    upstream.reply({ say: 'Hello Ada.' })
    await turn([HI, ...kept(first), ADA], { tools })
    for (const { rawBody, body } of upstream.requests) {
      expect(rawBody).not.toContain(STATE_TOOL)
      expect(rawBody).not.toContain(callsOf(first)[0]?.id)
      expect(body.tools?.map((tool) => tool.function.name)).toContain('end_call')
    }
    expect(upstream.requests.at(-1)?.body.messages).toEqual([
      HI,
      assistant('Who is calling, please?'),
      ADA,
    ])
  })

  it('is not sent to a platform that does not offer its tool', async () => {
    const { upstream, turn } = await start()
    upstream.reply(...goTo('b', 'Who is calling?'))
    expect(await turn([HI], { tools: [platformTool('end_call')] })).toMatchObject({ calls: [] })
    upstream.reply(...goTo('b', 'Who is calling?'))
    expect(await turn([HI])).toMatchObject({ calls: [] })
  })

  it('goes out beside a call of the platform’s own', async () => {
    const { upstream, turn, derive } = await start({ platform_tools: {} })
    upstream.reply(goTo('b', '')[0], { say: 'Goodbye.', calls: [{ name: 'end_call' }] })
    const { message, calls } = await turn([HI], { tools })
    expect(calls).toEqual(['end_call', STATE_TOOL])
    expect(await derive([HI, ...kept(message)], { tools })).toMatchObject({
      kind: 'follow_up',
      state: 'b',
    })
  })
})

describe('with a journal, a marker', () => {
  it('is no call that the model is told of, where a history comes again unchanged', async () => {
    const { upstream, turn } = await startTurnstate({
      flow: { ...FLOW, platform_tools: { allow: ['show_map'] } },
    })
    const offered = [STATE_TOOL, 'show_map'].map(platformTool)
    const [lead] = goTo('b', '')
    upstream.reply(lead, { say: 'Here is a map.', calls: [{ name: 'show_map' }] })
    const shown = await turn([HI], { tools: offered })
    expect(shown.calls).toEqual(['show_map', STATE_TOOL])
    upstream.reply({ say: 'Can you see it?' })
    expect(await turn([HI], { tools: offered })).toMatchObject({ kind: 'follow_up' })
    const { rawBody } = await upstream.received(3)
    expect(rawBody).toContain('Already done by you in this turn: show_map({})')
    expect(rawBody).not.toContain(STATE_TOOL)
  })
})

describe('the report on a marker', () => {
  it('is answered without a model call, and changes nothing', async () => {
    const server = await start()
    const { upstream, turn } = server
    const first = await answerInB(server)
    const asked = upstream.requests.length
    const report = [HI, ...kept(first)]
    const answer = await turn(report, { tools })
    expect(answer).toMatchObject({ status: 200, state: 'b', calls: [] })
    expect(answer.text.trim()).toBe('')
    expect(upstream.requests).toHaveLength(asked)
    upstream.reply({ say: 'Hello Ada.' })
    expect(await turn([...report, ADA], { tools })).toMatchObject({ state: 'b', exchange: '2' })
  })

  it('missing, the same request is answered again, with its marker', async () => {
    const server = await start()
    const first = await answerInB(server)
    expect(await answerInB(server)).toEqual(first)
  })
})

describe('without a store, a state that is not ours to use', () => {
  const sealedIn = (message: object) => {
    const { state } = JSON.parse(callsOf(message)[0]?.function.arguments ?? '{}') as {
      readonly state: string // our own marker
    }
    return state
  }
  const carrying = (state: string) => ({
    ...assistant('Who is calling, please?'),
    tool_calls: [
      {
        id: 'm1',
        type: 'function',
        function: { name: STATE_TOOL, arguments: JSON.stringify({ state }) },
      },
    ],
  })
  const asToken = (state: string) => ({ elevenlabs_extra_body: { turnstate_token: state } })

  it('is ignored and logged when it was forged, cut or made too long', async () => {
    const server = await start()
    const { turn, upstream, logged } = server
    const state = sealedIn(await answerInB(server))
    upstream.always({ say: 'Well.' })
    const flipped = `${state.slice(0, 30)}${state[30] === 'A' ? 'B' : 'A'}${state.slice(31)}`
    expect(await turn([HI, ...kept(carrying(state)), ADA])).toMatchObject({ state: 'b' })
    for (const forged of [flipped, state.slice(0, -6), `${state}${'A'.repeat(2000)}`, 'x', '']) {
      const before = logged.length
      expect(await turn([HI, ...kept(carrying(forged)), ADA])).toMatchObject({ state: 'a' })
      expect(logged.slice(before).join()).toMatch(/sealed state/)
    }
    const plain = [HI, assistant('Who is calling, please?'), ADA]
    expect(await turn(plain, asToken(state))).toMatchObject({ state: 'b' })
    expect(await turn(plain, asToken(flipped))).toMatchObject({ state: 'a' })
  })

  it('is ignored in another conversation, for another caller, flow and server', async () => {
    const keys = [
      { name: 'one', secret: 'secret-one' },
      { name: 'two', secret: 'secret-two' },
    ]
    const config = { store: { type: 'none' }, auth: { keys, signing_secret: 'x'.repeat(20) } }
    const begin = (flow: typeof FLOW & { general_prompt?: string }, more = config) =>
      startTurnstate({ flow, config: more })
    const as = (secret: string, call = 'call-1') => ({
      'x-conversation-id': call,
      'x-api-key': secret,
    })
    const server = await begin(FLOW)
    server.upstream.reply(...goTo('b', 'Who is calling, please?'))
    const { message } = await server.turn([HI], { tools }, as('secret-one'))
    const heard = [HI, ...kept(message), ADA]
    const stateFor = async ({ turn, upstream }: typeof server, headers: Record<string, string>) => {
      upstream.always({ say: 'Well.' })
      return (await turn(heard, { tools }, headers)).state
    }
    expect(await stateFor(server, as('secret-one'))).toBe('b')
    expect(await stateFor(server, as('secret-two'))).toBe('a')
    expect(await stateFor(server, as('secret-one', 'call-2'))).toBe('a')
    const twin = await begin(FLOW)
    expect(await stateFor(twin, as('secret-one'))).toBe('b')
    const changed = await begin({ ...FLOW, general_prompt: 'Be brief.' })
    expect(await stateFor(changed, as('secret-one'))).toBe('a')
    const rekeyed = await begin(FLOW, {
      ...config,
      auth: { ...config.auth, signing_secret: 'y'.repeat(20) },
    })
    expect(await stateFor(rekeyed, as('secret-one'))).toBe('a')
  })

  it('leaves the answer whole when the state is too large to be carried', async () => {
    const edge = {
      to: 'b',
      when: {
        type: 'llm',
        description: 'On.',
        parameters: { type: 'object', properties: { note: { type: 'string' } } },
      },
    }
    const { upstream, turn, logged } = await start({
      variables: { note: { type: 'string' } },
      states: { a: { edges: [edge] }, b: {} },
    })
    const call = { name: 'transition_to_b', arguments: { note: 'x'.repeat(3000) } }
    upstream.reply({ calls: [call] }, { say: 'Noted.' })
    expect(await turn([system('s'), HI], { tools })).toMatchObject({
      status: 200,
      text: 'Noted.',
      calls: [],
    })
    expect(logged.join()).toMatch(/too large/)
  })
})
