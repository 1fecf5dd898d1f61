import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Pool } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildEngine } from '../support/engine.ts'
import { listeningApp, post } from '../support/listening-app.ts'
import { openStream } from '../support/live-stream.ts'
import { postText, rawHttp } from '../support/raw-http.ts'
import { createSteppedModel } from '../support/stepped-model.ts'
import { startTurnstate } from '../support/turnstate.ts'
import { assistant, platformTool, user } from '../support/wire-messages.ts'

const FLOW = { name: 'talk', starting_state: 'talk', states: { talk: {} } }
const KEY = { 'x-conversation-id': 'call-1' }
const KEY_LINE = 'x-conversation-id: call-1\r\n'
const CHAT = '/v1/chat/completions'

function openChat(url: string, body: object, headers: Record<string, string> = KEY) {
  return openStream(`${url}${CHAT}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void // what the flag puts there
})()

function heapAfterGarbage(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** A server with a model that the test moves step by step. */
async function startStepped(drainMs: number) {
  const model = createSteppedModel()
  // Each word is to arrive as it is said.
  const config = { speech: { strip_markdown: false } }
  const engine = buildEngine({ flow: FLOW, upstream: model, config })
  const app = await listeningApp({ engine, timeouts: { drainMs } })
  return { app, model }
}

describe('ten thousand requests for one conversation', () => {
  it('all get an answer to their own words, while the server stays awake and keeps a bound', async () => {
    // The model's words are to fail for no reason but the crowd, however slow the machine is.
    const patient = { connect_timeout_ms: 60_000, first_token_timeout_ms: 60_000 }
    const config = { routing: { ...patient, turn_timeout_ms: 120_000 } }
    const { url, upstream, derive } = await startTurnstate({ flow: FLOW, config })
    upstream.always(({ body }) => ({ say: `You said ${String(body.messages.at(-1)?.content)}.` }))
    // A thousand requests a second and more: `fetch` would take most of the test's time.
    const pool = new Pool(url)
    onTestFinished(() => pool.destroy())
    const ask = async (text: string, stream: boolean) => {
      const answer = await pool.request({
        path: CHAT,
        method: 'POST',
        headers: KEY,
        body: JSON.stringify({ stream, messages: [user(text)] }),
      })
      return { text, stream, status: answer.statusCode, body: await answer.body.text() }
    }
    const heaps: number[] = []
    for (let batch = 0; batch < 50; batch++) {
      const asked = Array.from({ length: 200 }, (_, at) => {
        // Half of them are one and the same, the others grow.
        return ask(textOf(batch, at % 2 === 0 ? 3 : (at % 20) + 1), at % 3 > 0)
      })
      const askedBefore = upstream.requests.length
      for (const { text, stream, status, body } of await Promise.all(asked)) {
        expect(status).toBe(200)
        if (stream) expect(body.endsWith('data: [DONE]\n\n')).toBe(true)
        const said = stream ? streamedText(body) : jsonText(body)
        // Whoever said more since is what counts: only the answer to the longest text may not be cut.
        if (text === textOf(batch, 20)) expect(said).toBe(`You said ${text}.`)
        else expect(said.trim() === '' || `You said ${text}.`.startsWith(said)).toBe(true)
      }
      expect(upstream.requests.length).toBeGreaterThan(askedBefore)
      const health = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })
      expect(health.status).toBe(200)
      if (batch % 15 === 14) heaps.push(heapAfterGarbage())
    }
    const { discarded } = await derive([user('And now?')])
    expect(discarded).toSatisfy(
      (turns: readonly unknown[]) => turns.length > 0 && turns.length <= 2000,
    )
    // Identical requests at once are one model call.
    expect(upstream.requests.length).toBeLessThan(2000)
    const [first = 0, ...others] = heaps
    expect(Math.max(...others) - first).toBeLessThan(30_000_000)
  }, 120_000)
})

function textOf(batch: number, words: number): string {
  return `Batch ${batch} ${Array.from({ length: words }, (_, at) => `w${at}`).join(' ')}`
}

function jsonText(body: string): string {
  const { choices } = JSON.parse(body) as {
    readonly choices: readonly { readonly message: { readonly content: string } }[]
  } // the form is checked elsewhere
  return choices[0]?.message.content ?? ''
}

function streamedText(body: string): string {
  return [...body.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, text]) => JSON.parse(text ?? '""') as string) // a JSON string by its form
    .join('')
}

describe('a follower that stops reading', () => {
  // More than sockets hold for somebody who does not read, and more than a reply may say in words.
  const HUGE = JSON.stringify({ note: 'x'.repeat(8_000_000) })
  const BODY = { stream: true, messages: [user('Hi')], tools: [platformTool('show_note')] }

  async function talkToTwo(drainMs: number) {
    const { app, model } = await startStepped(drainMs)
    const stuck = await rawHttp(app.port)
    stuck.socket.pause()
    stuck.socket.write(postText(CHAT, BODY, KEY_LINE))
    const first = await model.begun(1)
    first.say('Well. ')
    const reading = await openChat(app.url, BODY)
    await reading.hear('Well. ')
    first.end([{ id: 'call_1', name: 'show_note', arguments: HUGE }])
    const whole = await reading.rest()
    expect(whole).toMatchObject({ text: 'Well. ', finish: 'tool_calls', isDone: true })
    expect(whole.calls).toHaveLength(1)
    return { app, stuck }
  }

  it('delays nobody who reads on', async () => {
    const { app, stuck } = await talkToTwo(60_000)
    // The other one still waits for room.
    expect(app.lines.map(({ message }) => message)).toEqual(['turn ended'])
    stuck.socket.resume()
    await stuck.until('[DONE]')
    expect(stuck.received()).toContain('x'.repeat(1000))
  })

  it('is dropped once its limit is over, and the others get everything', async () => {
    const { app, stuck } = await talkToTwo(300)
    while (app.lines.length < 2) await sleep(5)
    expect(app.lines.filter(({ values }) => values.closedByCaller === true)).toHaveLength(1)
    stuck.socket.resume()
    expect(await stuck.closed()).not.toContain('[DONE]')
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
  })
})

describe('a client that closes', () => {
  const HISTORY = [user('Hi'), assistant('Hello there.')]
  const ask = (text: string) => ({ stream: true, messages: [...HISTORY, user(text)] })
  const WORDS = ['One ', 'two ', 'three ', 'four.']

  it.each([
    ['in the middle of its request', null],
    ['before the headers', 0],
    ['after the first word', 1],
    ['after the second', 2],
    ['after the last', WORDS.length],
    ['before [DONE]', WORDS.length + 1],
  ])('%s leaves the server in good order', async (_name, closesAt) => {
    const { app, model } = await startStepped(1000)
    const body = postText(CHAT, ask('Book a table'), KEY_LINE)
    const caller = await rawHttp(app.port)
    caller.socket.write(closesAt === null ? body.slice(0, -20) : body)
    if (closesAt !== null) {
      const first = await model.begun(1)
      for (const word of WORDS.slice(0, closesAt)) {
        first.say(word)
        await caller.until(word)
      }
      if (closesAt > WORDS.length) {
        first.end([])
        await caller.until('"finish_reason":"stop"')
      }
    }
    caller.socket.destroy()
    const before = model.generations.length
    // The same again, which may find the turn still running, and then something else.
    const again = openChat(app.url, ask('Book a table'))
    if (closesAt === null) (await model.begun(before + 1)).say(WORDS.join(''))
    const open = model.generations.find((it) => it.isOpen())
    for (const word of WORDS.slice(closesAt ?? WORDS.length)) open?.say(word)
    open?.end([])
    expect(await (await again).rest()).toMatchObject({ text: WORDS.join(''), isDone: true })
    expect(model.generations).toHaveLength(1)
    const other = openChat(app.url, ask('Book a table for two'))
    const second = await model.begun(2)
    second.say('For two.')
    second.end([])
    expect(await (await other).rest()).toMatchObject({ text: 'For two.', isDone: true })
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
  })
})

describe('a history that was edited', () => {
  // Three exchanges were answered; the edited history shows two of them, and one more text follows.
  const u1 = user('the first thing')
  const u2 = user('a second thing')
  const u3 = user('some third thing')
  const reply = ({ content }: ReturnType<typeof user>) => assistant(`You said ${content}.`)
  const a1 = reply(u1)
  const a2 = reply(u2)
  const a3 = reply(u3)
  const foreign = assistant('Words that nobody here ever said.')

  it.each([
    ['another text of the caller', [user('quite another thing'), a1, u2, a2], 'revised 3 exact'],
    ['a reply that is none of ours', [u1, foreign, u2, a2], 'revised 3 low'],
    ['replies that changed places', [u1, a2, u2, a1], 'new 4 low'],
    ['exchanges that changed places', [u3, a3, u2, a2], 'new 5 low'],
    ['a reply that stands there twice', [u1, a1, a1, u2, a2], 'revised 3 partial'],
    ['a text that stands there twice', [u1, u1, a1, u2, a2], 'revised 3 exact'],
    ['a head that is gone', [u2, a2], 'revised 3 exact'],
  ])('is answered where it leads: %s', async (_name, edited, place) => {
    const { upstream, turn, derive } = await startTurnstate({ flow: FLOW })
    upstream.always(({ body }) => ({ say: `You said ${String(body.messages.at(-1)?.content)}.` }))
    for (const history of [[u1], [u1, a1, u2], [u1, a1, u2, a2, u3]]) await turn(history)
    const answer = await turn([...edited, user('and now')])
    expect(answer).toMatchObject({ status: 200, text: 'You said and now.' })
    const { kind, exchange, headers } = answer
    expect(`${kind} ${exchange} ${headers.get('x-turnstate-confidence')}`).toBe(place)
    // The history as it was leads on, whatever was said in between.
    const whole = await derive([u1, a1, u2, a2, u3, a3, user('and on')])
    expect(whole).toMatchObject({ kind: 'new', exchange: 4, confidence: 'exact' })
  })
})

describe('two callers with different keys who name the same conversation', () => {
  it('never hear, replace or repeat each other', async () => {
    const keys = [
      { name: 'one', secret: 'secret-of-one' },
      { name: 'two', secret: 'secret-of-two' },
    ]
    const { url, upstream } = await startTurnstate({ flow: FLOW, config: { auth: { keys } } })
    const headers = (name: string) => ({ ...KEY, authorization: `Bearer secret-of-${name}` })
    const ask = (name: string, text: string) =>
      openChat(url, { stream: true, messages: [user(text)] }, headers(name))
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    upstream.reply(async () => {
      await held
      return { say: 'For one.' }
    })
    const one = ask('one', 'Book a table')
    await upstream.received(1)
    upstream.reply({ say: 'For two.' }, { say: 'For two again.' })
    expect(await (await ask('two', 'Book a table')).rest()).toMatchObject({ text: 'For two.' })
    // More of the same text would end the other's turn if it were one conversation.
    const longer = await ask('two', 'Book a table for ten')
    expect(longer.headers.get('x-turnstate-kind')).toBe('revised')
    expect((await longer.rest()).text).toBe('For two again.')
    release()
    expect(await (await one).rest()).toMatchObject({ text: 'For one.', isDone: true })
    const again = await ask('one', 'Book a table')
    expect(again.headers.get('x-turnstate-kind')).toBe('retry')
    expect((await again.rest()).text).toBe('For one.')
    expect(upstream.requests).toHaveLength(3)
    const heard = [user('Book a table'), assistant('For one.'), user('Thanks')]
    const derive = async (name: string) =>
      (await post(`${url}/v1/conversations/derive`, { messages: heard }, headers(name))).json()
    expect(await derive('one')).toMatchObject({ heard: 'full' })
    expect(await derive('two')).toMatchObject({ heard: 'unknown', confidence: 'low' })
  })
})
