import { describe, expect, it } from 'vitest'
import { startTurnstate } from '../../support/turnstate.ts'
import { shown, told } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const DESK = { starting_state: 'desk', states: { desk: { state_prompt: 'AT DESK' } } }

function startWith(actions: object, flow: Readonly<Record<string, unknown>> = DESK) {
  return startTurnstate({ flow, config: { conversation_relay: { actions } } })
}

describe('an action of the platform', () => {
  it('is offered to the model as a tool', async () => {
    const { url, upstream } = await startWith({
      hang_up: { type: 'end', description: 'The caller says goodbye.' },
      press: { type: 'send_digits' },
      language: { type: 'language', languages: ['en-US', 'es-ES'] },
      music: { type: 'play', source: 'https://media.example/music.mp3' },
    })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Yes?' })
    line.prompt('Hello?')
    await line.answer()
    const { tools = [] } = (await upstream.received()).body
    expect(tools.map((tool) => tool.function)).toMatchObject([
      { name: 'hang_up', description: 'The caller says goodbye.' },
      { name: 'press', parameters: { required: ['digits'] } },
      {
        name: 'language',
        parameters: { properties: { language: { enum: ['en-US', 'es-ES'] } } },
      },
      { name: 'music' },
    ])
  })

  it('is offered only where the flow allows it', async () => {
    const flow = { ...DESK, platform_tools: { allow: ['hang_up'] } }
    const { url, upstream } = await startWith(
      { hang_up: { type: 'end' }, press: { type: 'send_digits' } },
      flow,
    )
    const line = await dialRelay(url)
    upstream.reply({ say: 'Yes?' })
    line.prompt('Hello?')
    await line.answer()
    const { tools = [] } = (await upstream.received()).body
    expect(tools.map((tool) => tool.function.name)).toEqual(['hang_up'])
  })

  it('that ends the session comes after the last words, with what the application is to know', async () => {
    const { url, upstream } = await startWith({
      to_human: { type: 'end', handoff_data: { queue: 'support' } },
    })
    const line = await dialRelay(url)
    upstream.reply({
      say: 'I will put you through.',
      calls: [{ name: 'to_human', arguments: { reason: 'wants a person' } }],
    })
    line.prompt('A person, please.')
    expect(await line.answer()).toBe('I will put you through.')
    const { handoffData } = await line.frame('end')
    expect(JSON.parse(String(handoffData))).toEqual({ reason: 'wants a person', queue: 'support' })
  })

  it('that ends the session is the last of it, whatever the caller still says', async () => {
    const { url, upstream, stop } = await startWith({ bye: { type: 'end' } })
    const line = await dialRelay(url)
    upstream.reply({ say: 'Goodbye.', calls: [{ name: 'bye' }] })
    upstream.always({ say: 'Hello again.' })
    line.prompt('Goodbye.')
    expect(await line.frame('end')).toEqual({ type: 'end' })
    line.prompt('Are you there?')
    line.send({ type: 'dtmf', digit: '#' })
    await stop(1000)
    expect(line.frames.at(-1)).toEqual({ type: 'end' })
    expect(upstream.requests).toHaveLength(1)
  })

  it('that changes the language goes before the words in that language', async () => {
    const { url, upstream } = await startWith({
      language: { type: 'language', languages: ['en-US', 'es-ES'] },
    })
    const line = await dialRelay(url)
    upstream.reply(
      { say: 'Sure.', calls: [{ name: 'language', arguments: { language: 'es-ES' } }] },
      { say: 'Hola, dígame.' },
      { say: 'A las nueve.' },
    )
    line.prompt('Spanish, please.')
    expect(await line.answer()).toBe('Sure.')
    expect(await line.frame('language')).toEqual({
      type: 'language',
      ttsLanguage: 'es-ES',
      transcriptionLanguage: 'es-ES',
    })
    expect(await line.answer()).toBe('Hola, dígame.')
    line.prompt('¿Cuándo abren?', { lang: 'es-ES' })
    expect(await line.answer()).toBe('A las nueve.')
    const seen = await upstream.received(3)
    expect(shown(seen).filter((message) => message.startsWith('user'))).toEqual([
      'user: Spanish, please.',
      'user: ¿Cuándo abren?',
    ])
    expect(seen.body.messages.flatMap((message) => message.tool_calls ?? [])).toHaveLength(1)
    expect(upstream.requests).toHaveLength(3)
  })

  it('presses the keys of the configuration, or those that the model names', async () => {
    const { url, upstream } = await startWith({
      press: { type: 'send_digits' },
      extension: { type: 'send_digits', digits: '12w#' },
    })
    const line = await dialRelay(url)
    upstream.reply(
      {
        calls: [
          { name: 'press', arguments: { digits: '555-01 00' } },
          { name: 'extension', arguments: { digits: '9' } },
        ],
      },
      { say: 'Done.' },
    )
    line.prompt('Dial, please.')
    expect(await line.frame('sendDigits')).toEqual({ type: 'sendDigits', digits: '5550100' })
    expect(await line.frame('sendDigits')).toEqual({ type: 'sendDigits', digits: '12w#' })
    expect(await line.answer()).toBe('Done.')
  })

  it('plays only what the configuration names', async () => {
    const source = 'https://media.example/music.mp3'
    const { url, upstream } = await startWith({
      music: { type: 'play', source, loop: 2, interruptible: false },
    })
    const line = await dialRelay(url)
    upstream.reply(
      { calls: [{ name: 'music', arguments: { source: 'https://evil.example/x' } }] },
      { say: 'Nice, was it not?' },
    )
    line.prompt('Play something.')
    const played = { type: 'play', source, loop: 2, interruptible: false }
    expect(await line.frame('play')).toEqual(played)
    expect(await line.answer()).toBe('Nice, was it not?')
  })

  it('that names no key is not done, and the call goes on', async () => {
    const { url, upstream } = await startWith({ press: { type: 'send_digits' } })
    const line = await dialRelay(url)
    upstream.reply({ calls: [{ name: 'press', arguments: { digits: 'one' } }] }, { say: 'Hm.' })
    line.prompt('Press one.')
    expect(await line.answer()).toBe('Hm.')
    expect(line.frames.some(({ type }) => type === 'sendDigits')).toBe(false)
  })

  it('leads on to another state where an edge waits for it', async () => {
    const when = { type: 'result', tool: 'language', status: 'ok' }
    const { url, upstream } = await startWith(
      { language: { type: 'language', languages: ['es-ES'] } },
      {
        starting_state: 'desk',
        states: {
          desk: { state_prompt: 'AT DESK', edges: [{ to: 'spanish', when }] },
          spanish: { state_prompt: 'IN SPANISH' },
        },
      },
    )
    const line = await dialRelay(url)
    upstream.reply({ calls: [{ name: 'language' }] }, { say: 'Hola.' })
    line.prompt('Spanish, please.')
    expect(await line.answer()).toBe('Hola.')
    expect(told(await upstream.received(2))).toContain('IN SPANISH')
  })

  it('is asked for a few times at most in one answer', async () => {
    const { url, upstream } = await startWith({ press: { type: 'send_digits', digits: '1' } })
    const line = await dialRelay(url)
    let calls = 0
    upstream.always(() => ({ calls: [{ id: `c${String(calls++)}`, name: 'press' }] }))
    line.prompt('Press.')
    await line.frame('sendDigits')
    for (let round = 0; round < 4; round++) await line.frame('sendDigits')
    upstream.always({ say: 'Yes?' })
    line.prompt('Hello?')
    expect(await line.answer()).toBe('Yes?')
    expect(line.frames.filter(({ type }) => type === 'sendDigits')).toHaveLength(5)
  })
})
