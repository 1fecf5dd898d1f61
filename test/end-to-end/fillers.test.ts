import { describe, expect, it } from 'vitest'
import { reading, startEffectDesk, writing } from '../support/effect-desk.ts'
import { heldReply } from '../support/gate.ts'
import { startTurnstate } from '../support/turnstate.ts'
import { assistant, system, user } from '../support/wire-messages.ts'

/** Another conversation: what its system text says comes before the header. */
const OTHER_CALL = system('CALL_ID=conv_other')
const WISH = user('Book ten, please.')
const LOOK = { name: 'look', arguments: {} }
const BOOK = { name: 'book', arguments: { at: 'ten' } }
const ONE = 'One moment... '
const STILL = 'Still with you... '
const DONE = 'It is booked.'
const FILLER = { after_ms: 30, texts: [ONE, STILL], again_after_ms: 60_000 }

/** None is said but those of tools. */
const SILENT = { states: { desk: { filler: false } } }

interface Setting {
  readonly look?: Readonly<Record<string, unknown>>
  readonly book?: object
  readonly flow?: Readonly<Record<string, unknown>>
  readonly config?: object
}

const startDesk = ({ look = {}, book = {}, flow = {}, config = {} }: Setting = {}) =>
  startEffectDesk({
    tools: (at) => ({
      look: reading(at, 'look', look),
      book: writing(at, 'book', { settle_ms: 0, ...book }),
    }),
    flow,
    config: { webhooks: { allow_hosts: ['127.0.0.1'] }, filler: FILLER, ...config },
  })

async function countOf(url: string, name: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1])
}

describe('a model that begins late', () => {
  it('is bridged by a filler, which counts as no answer and never goes upstream', async () => {
    const desk = await startDesk()
    const model = heldReply({ say: DONE })
    desk.upstream.reply(model.answer, { say: 'Bye.' })
    const answer = await desk.stream([WISH])
    await answer.hear(ONE)
    model.release()
    expect(await answer.rest()).toMatchObject({ text: ONE + DONE, finish: 'stop', isDone: true })
    expect(await countOf(desk.url, 'turnstate_fillers_total')).toBe(1)
    const history = [WISH, assistant(ONE + DONE), user('Thanks.')]
    expect(await desk.derive(history)).toMatchObject({ heard: 'full', confidence: 'exact' })
    expect((await desk.turn(history)).text).toBe('Bye.')
    const { messages } = (await desk.upstream.received(2)).body
    expect(messages.slice(-3).map(({ content }) => content)).toEqual([
      WISH.content,
      DONE,
      'Thanks.',
    ])
  })

  it('has its first token with the answer, not with the filler', async () => {
    const desk = await startDesk()
    const model = heldReply({ say: DONE })
    desk.upstream.reply(model.answer)
    const answer = await desk.stream([WISH])
    await answer.hear(ONE)
    const firstTokens = () => countOf(desk.url, 'turnstate_first_token_seconds_count')
    expect(await firstTokens()).toBe(0)
    model.release()
    await answer.rest()
    expect(await firstTokens()).toBe(1)
  })

  it('was not heard where the caller spoke over the filler', async () => {
    const desk = await startDesk()
    desk.upstream.reply(heldReply({ say: DONE }).answer)
    const answer = await desk.stream([WISH])
    await answer.hear(ONE)
    const over = [WISH, assistant('One mo'), user('At noon, rather.')]
    expect(await desk.derive(over)).toMatchObject({ kind: 'revised', exchange: 1 })
    desk.upstream.reply({ say: 'At noon, then.' })
    expect(await desk.turn(over)).toMatchObject({ kind: 'revised', text: 'At noon, then.' })
    const { messages } = (await desk.upstream.received(2)).body
    expect(messages.at(-1)).toMatchObject({ content: 'Book ten, please. At noon, rather.' })
    expect((await answer.rest()).text).toBe(ONE)
  })

  it('says the other text in the next turn', async () => {
    const desk = await startDesk()
    const models = [heldReply({ say: DONE }), heldReply({ say: 'Bye.' })]
    desk.upstream.reply(...models.map(({ answer }) => answer))
    const first = await desk.stream([WISH])
    await first.hear(ONE)
    models[0]?.release()
    const { text } = await first.rest()
    const second = await desk.stream([WISH, assistant(text), user('Thanks.')])
    await second.hear(STILL)
    models[1]?.release()
    expect((await second.rest()).text).toBe(`${STILL}Bye.`)
  })

  it('says nothing of the kind in an answer that is one body', async () => {
    const desk = await startDesk()
    const [model, other] = [heldReply({ say: DONE }), heldReply({ say: DONE })]
    desk.upstream.reply(model.answer, other.answer)
    const body = desk.turn([WISH])
    await model.reached
    // Its filler would have been due sooner than that of a stream which came later.
    const later = await desk.stream([OTHER_CALL, WISH])
    await later.hear(ONE)
    model.release()
    other.release()
    expect((await body).text).toBe(DONE)
  })

  it('lets whoever joins hear the filler once', async () => {
    const desk = await startDesk()
    const model = heldReply({ say: DONE })
    desk.upstream.reply(model.answer)
    const first = await desk.stream([WISH])
    await first.hear(ONE)
    first.hangUp()
    const again = await desk.stream([WISH])
    expect(again.headers.get('x-turnstate-kind')).toBe('retry')
    await again.hear(ONE)
    model.release()
    expect((await again.rest()).text).toBe(ONE + DONE)
    expect(desk.upstream.requests).toHaveLength(1)
  })

  it('and fails is followed by the fallback, spoken', async () => {
    const desk = await startDesk({ config: { fallback: 'Sorry, once more?' } })
    const model = heldReply({ status: 500 })
    desk.upstream.reply(model.answer)
    const answer = await desk.stream([WISH])
    await answer.hear(ONE)
    model.release()
    expect(await answer.rest()).toMatchObject({
      text: `${ONE}Sorry, once more?`,
      finish: 'stop',
      isDone: true,
    })
  })

  it('goes to the next upstream although a filler was said', async () => {
    const config = (url: string) => ({
      filler: FILLER,
      webhooks: { allow_hosts: ['127.0.0.1'] },
      upstreams: {
        one: { base_url: url, model: 'one' },
        two: { base_url: url, model: 'two' },
      },
    })
    const flow = { starting_state: 'desk', states: { desk: {} } }
    const { upstream, stream } = await startTurnstate({ flow, config })
    const model = heldReply({ status: 500 })
    upstream.reply(model.answer, { say: DONE })
    const answer = await stream([WISH])
    await answer.hear(ONE)
    model.release()
    expect((await answer.rest()).text).toBe(ONE + DONE)
    expect(upstream.requests.map(({ body }) => body.model)).toEqual(['one', 'two'])
  })
})

describe('a tool that takes long', () => {
  it('is bridged by a filler of its own, again and again', async () => {
    const filler = { after_ms: 20, texts: ['Looking... ', 'Nearly there... '], again_after_ms: 100 }
    const desk = await startDesk({ look: { filler }, flow: SILENT })
    desk.webhooks.set('/look', { fault: 'hold' })
    desk.upstream.reply({ calls: [LOOK] }, { say: DONE })
    const answer = await desk.stream([WISH])
    await answer.hear('Looking... Nearly there... Looking... ')
    const running = await desk.webhooks.received('/look')
    running.answer()
    expect((await answer.rest()).text).toMatch(/^(Looking... |Nearly there... )+It is booked\.$/)
  })

  it('is bridged by that of the state, if it has none of its own', async () => {
    const states = { desk: { filler: { texts: ['At the desk... ', 'Right here... '] } } }
    const desk = await startDesk({ flow: { states } })
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ say: 'Gladly.', calls: [BOOK] }, { say: DONE })
    const answer = await desk.stream([WISH])
    await answer.hear(/Gladly\. (At the desk|Right here)\.{3} $/)
    const running = await desk.webhooks.received('/book')
    running.answer()
    expect((await answer.rest()).text).toContain(`... ${DONE}`)
  })

  it('is not bridged where the state says so, unless the tool says otherwise', async () => {
    const desk = await startDesk({ book: { filler: FILLER }, flow: SILENT })
    desk.webhooks.set('/look', { fault: 'hold' })
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ say: 'Well.', calls: [LOOK] }, { calls: [BOOK] })
    const answer = await desk.stream([WISH])
    const looking = await desk.webhooks.received('/look')
    // A filler that is due later shows that the time of this one would be over.
    const beside = await desk.stream([OTHER_CALL, WISH])
    await beside.hear(ONE)
    desk.upstream.reply({ say: DONE })
    looking.answer()
    expect((await answer.rest()).text).toBe(`Well. ${DONE}`)
  })

  it('is bridged with a pause where the model stopped in half a sentence', async () => {
    const desk = await startDesk()
    desk.webhooks.set('/look', { fault: 'hold' })
    desk.upstream.reply({ say: 'Let me check', calls: [LOOK] }, { say: DONE }, { say: 'Bye.' })
    const answer = await desk.stream([WISH])
    await answer.hear(`Let me check... ${ONE}`)
    const running = await desk.webhooks.received('/look')
    running.answer()
    expect((await answer.rest()).text).toBe(`Let me check... ${ONE}${DONE}`)
    await desk.turn([WISH, assistant('Let me check... One mo'), user('Thanks.')])
    const { messages } = (await desk.upstream.received(3)).body
    expect(messages.slice(-2).map(({ content }) => content)).toEqual(['Let me check', 'Thanks.'])
  })

  it('has its filler later where it was announced', async () => {
    const filler = { ...FILLER, again_after_ms: 100 }
    const desk = await startDesk({
      look: { execution_message: 'Let me look... ' },
      config: { filler },
    })
    desk.webhooks.set('/look', { fault: 'hold' })
    desk.upstream.reply({ calls: [LOOK] }, { say: DONE })
    const answer = await desk.stream([WISH])
    await answer.hear(/Let me look\.{3} (One moment|Still with you)\.{3} /)
    const running = await desk.webhooks.received('/look')
    running.answer()
    expect((await answer.rest()).text).toContain(DONE)
  })

  it('is bridged while a write waits for more words', async () => {
    const desk = await startDesk({ book: { settle_ms: 5000, filler: FILLER }, flow: SILENT })
    desk.upstream.reply({ calls: [BOOK] })
    const answer = await desk.stream([WISH])
    await answer.hear(ONE)
    expect(desk.webhooks.calls('/book')).toEqual([])
  })

  it('is bridged while the next turn waits for it', async () => {
    const desk = await startDesk()
    desk.webhooks.set('/book', { fault: 'hold' })
    desk.upstream.reply({ say: 'Gladly, I book ten.', calls: [BOOK] }, { say: DONE })
    const first = await desk.stream([WISH])
    const running = await desk.webhooks.received('/book')
    await first.hear('Gladly, I book ten.')
    const next = await desk.stream([WISH, assistant(first.heard()), user('Is it done?')])
    await next.hear('... ')
    expect(desk.upstream.requests).toHaveLength(1)
    running.answer()
    expect((await next.rest()).text).toContain(DONE)
  })
})

it('is recognised in a history that nobody remembers, wherever and in whichever language it is configured', async () => {
  const desk = await startDesk({
    look: { filler: { texts: { en: ['Looking... '], de: ['Ich schaue nach... '] } } },
    flow: { states: { desk: {}, other: { filler: { texts: ['Somewhere else... '] } } } },
  })
  for (const text of ['Ich schaue nach...', 'Somewhere else... Looking...', ONE + STILL]) {
    const history = [WISH, assistant(text), user('At noon, rather.')]
    expect(await desk.derive(history)).toMatchObject({ kind: 'new', exchange: 1 })
  }
  const history = [WISH, assistant('Something else...'), user('At noon, rather.')]
  expect(await desk.derive(history)).toMatchObject({ exchange: 2 })
})
