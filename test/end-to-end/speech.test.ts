import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { toEvents } from '../support/upstream-server.ts'
import { assistant, system, user } from '../support/wire-messages.ts'

const HI = user('Which days are free?')
const FLOW = { starting_state: 'talk', states: { talk: {} } }
const MARKED =
  '**Sure!** See _here_: https://clinic.example/days \u{1f600}\n\n- Tuesday\n- `Friday`'

const start = (speech?: object, flow: object = {}) =>
  startTurnstate({ flow: { ...FLOW, ...flow }, config: speech ? { speech } : {} })

describe('what a model writes for the eye', () => {
  it.each([1, 7, 40, 200])('reaches the caller clean, cut into %i deltas', async (deltas) => {
    const { upstream, stream } = await start()
    upstream.reply({ say: MARKED, deltas })
    const { text, finish, isDone } = await (await stream([HI])).rest()
    expect(text).toMatch(/^Sure! See here: link\s+Tuesday\s+Friday$/)
    expect([finish, isDone]).toEqual(['stop', true])
  })

  it('is left out of an answer in one body, too', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ say: MARKED })
    expect((await turn([HI])).text).toMatch(/^Sure! See here: link\s+Tuesday\s+Friday$/)
  })

  it('is known in the form that was spoken: the next request has heard the whole turn', async () => {
    const { upstream, turn, derive } = await start()
    upstream.reply({ say: MARKED }, { say: 'Bye.' })
    const { text } = await turn([HI])
    const history = [HI, assistant(text), user('Tuesday.')]
    expect(await derive(history)).toMatchObject({ kind: 'new', heard: 'full', confidence: 'exact' })
    await turn(history)
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-2)).toMatchObject({ role: 'assistant', content: text })
  })

  it('is said as it is written where the filter is off', async () => {
    const { upstream, turn } = await start({ strip_markdown: false })
    upstream.reply({ say: MARKED })
    expect((await turn([HI])).text).toBe(MARKED)
  })

  it('keeps the marks that a voice understands, where they are allowed', async () => {
    const marks = 'Well [warmly] then. <break time="1s"/> Tuesday.'
    for (const [allow, expected] of [
      [[], /^Well then\.\s+Tuesday\.$/],
      [['break'], /^Well then\. <break time="1s"\/> Tuesday\.$/],
      [['tags'], /^Well \[warmly\] then\.\s+Tuesday\.$/],
    ] as const) {
      const { upstream, turn } = await start({ allow })
      upstream.reply({ say: marks, deltas: 9 })
      expect((await turn([HI])).text).toMatch(expected)
    }
  })
})

describe('around a tool call', () => {
  const tools = { hours: { type: 'static', result: 'Tuesday' } }
  const flow = { general_tools: ['hours'] }

  it('what was held back is said before it, and the model sees its own words again', async () => {
    const { upstream, turn } = await startTurnstate({ flow: { ...FLOW, ...flow }, tools })
    // The last letters could still become a link.
    const first = 'I look for **you** at ht'
    upstream.reply({ say: first, calls: [{ name: 'hours' }] }, { say: '*Tuesday*, it is.' })
    expect((await turn([HI])).text).toBe('I look for you at ht Tuesday, it is.')
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-2)).toMatchObject({ role: 'assistant', content: first })
  })
})

describe('an answer of which nothing can be spoken', () => {
  it('is a failure like an empty one', async () => {
    const { upstream, turn } = await start()
    upstream.reply({ say: '\u{1f600} \u{1f44d}' })
    expect((await turn([HI])).status).toBe(502)
  })

  it('is a failure also where something was said meanwhile', async () => {
    const server = await startTurnstate({
      flow: FLOW,
      config: {
        fallback: 'Sorry, once more?',
        filler: { after_ms: 10, texts: ['One moment... '] },
      },
    })
    let go: () => void = () => undefined
    const gone = new Promise<void>((resolve) => (go = resolve))
    server.upstream.reply(async () => {
      await gone
      return { sse: toEvents({ say: ' \u{1f600} \n', deltas: 4 }).join('') }
    })
    const answer = await server.stream([HI])
    await answer.hear('One moment... ')
    go()
    expect((await answer.rest()).text).toBe('One moment... Sorry, once more?')
  })
})

it('leaves the texts of the configuration alone', async () => {
  const say = '**Hello** [1] (laughs) https://clinic.example'
  const { turn } = await start(undefined, { states: { talk: { say } } })
  expect((await turn([system('Be kind.')])).text).toBe(say)
})
