import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createUpstreams } from '../../src/upstream/create-upstreams.ts'
import { OpenAiCompatibleOptions, RoutingOptions } from '../../src/upstream/options.ts'
import type { Completion } from '../../src/upstream/upstream.ts'
import { codeOf, failure } from '../support/connected-upstream.ts'
import { createGate } from '../support/gate.ts'
import { REQUEST } from '../support/hand-made-endpoint.ts'
import { closeServer, listenOnLoopback } from '../support/loopback-server.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'
import type { Reply, UpstreamServer } from '../support/upstream-server.ts'

interface Served {
  readonly texts: readonly string[]
  readonly completion: Promise<Completion>
  readonly counted: (line: string) => Promise<boolean>
}

async function startServer(): Promise<UpstreamServer> {
  const server = await startUpstreamServer()
  onTestFinished(() => server.close())
  return server
}

/** One completion over the endpoints at these addresses; the first one has little time. */
function serve(
  urls: readonly string[],
  { routing = {}, signal = new AbortController().signal, primary = {} } = {},
): Served {
  const metrics = createMetrics()
  const upstreams = urls.map((url, index) => {
    const limits = index === 0 ? primary : {}
    const options = { base_url: url, model: 'm', warm_connections: 0, ...limits }
    return [`u${index + 1}`, OpenAiCompatibleOptions.parse(options)] as const
  })
  const upstream = createUpstreams({
    upstreams: Object.fromEntries(upstreams),
    routing: RoutingOptions.parse(routing),
    stripThink: true,
    log: createLog('silent'),
    metrics,
  })
  onTestFinished(() => upstream.close())
  const texts: string[] = []
  const onText = (text: string) => void texts.push(text)
  return {
    texts,
    completion: upstream.complete(REQUEST, { signal, onText }),
    counted: async (line) => (await metrics.text()).split('\n').includes(line),
  }
}

describe('an answer whose connection dies in mid-speech', () => {
  const SAID = 'Your appointment is on Tuesday at half pa'

  it.each([
    ['repeats the last words', 'on Tuesday at half past nine. See you then.'],
    ['goes on at once', 'st nine. See you then.'],
    ['begins anew', 'Your appointment is on Tuesday at half past nine. See you then.'],
  ])('is finished by the second endpoint, which %s', async (how, rest) => {
    const [a, b] = [await startServer(), await startServer()]
    a.reply({ say: SAID, deltas: 5, fault: 'break' })
    b.reply({ say: rest, deltas: 9 })
    const { texts, completion, counted } = serve([a.url, b.url])
    const whole = 'Your appointment is on Tuesday at half past nine. See you then.'
    // That a word was cut in its middle can only be seen from the words before it.
    const expected = how === 'goes on at once' ? whole.replace('past', 'pa st') : whole
    expect(await completion).toEqual({ text: expected, calls: [], finishReason: 'stop' })
    expect(texts.join('')).toBe(expected)
    const { messages } = (await b.received()).body
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(messages[1]?.content).toBe(SAID)
    expect([a.requests.length, b.requests.length]).toEqual([1, 1])
    expect(await counted('turnstate_continuations_total{result="completed"} 1')).toBe(true)
  })

  it('fails as the first one did when the second cannot finish it', async () => {
    const [a, b] = [await startServer(), await startServer()]
    a.reply({ say: 'Your appointment', fault: 'break' })
    b.reply({ status: 503 })
    const { texts, completion, counted } = serve([a.url, b.url])
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts.join('')).toMatch(/^Your appointment ?$/)
    expect(await counted('turnstate_continuations_total{result="failed"} 1')).toBe(true)
  })

  it('is finished also when the tokens only stop', async () => {
    const [a, b] = [await startServer(), await startServer()]
    a.reply({ say: 'We open at nine and', fault: 'stall' })
    b.reply({ say: 'at nine and close at five.' })
    const { completion } = serve([a.url, b.url], { primary: { idle_timeout_ms: 30 } })
    expect(await completion).toMatchObject({ text: 'We open at nine and close at five.' })
    expect(await a.requests[0]?.closed).toBe(true)
  })
})

describe('a second request that is started early', () => {
  const routing = { hedge: { after_ms: 20, max_share: 1 } }

  it('wins over one that hangs, whose connection is closed at once', async () => {
    const [a, b] = [await startServer(), await startServer()]
    a.reply({ fault: 'hang' })
    b.reply({ say: 'I am b.' })
    const { texts, completion, counted } = serve([a.url, b.url], { routing })
    expect(await completion).toMatchObject({ text: 'I am b.' })
    expect(texts.join('')).toBe('I am b.')
    expect(await (await a.received()).closed).toBe(true)
    expect(await counted('turnstate_hedges_total{result="won"} 1')).toBe(true)
  })

  it('loses, and its connection is closed, when the first one speaks after all', async () => {
    const [a, b] = [await startServer(), await startServer()]
    const gate = createGate()
    a.reply(async (): Promise<Reply> => {
      await gate.released
      return { calls: [{ name: 'book', arguments: { slot: 9 } }] }
    })
    b.reply({ fault: 'hang' })
    const { completion, counted } = serve([a.url, b.url], { routing })
    const second = await b.received()
    gate.release()
    const { calls } = await completion
    expect(calls.map(({ name }) => name)).toEqual(['book'])
    expect(await second.closed).toBe(true)
    expect(await counted('turnstate_hedges_total{result="lost"} 1')).toBe(true)
  })

  it('goes to the only endpoint again', async () => {
    const a = await startServer()
    a.reply({ fault: 'hang' }, { say: 'I am back.' })
    const { completion } = serve([a.url], { routing })
    expect(await completion).toMatchObject({ text: 'I am back.' })
    expect(await a.requests[0]?.closed).toBe(true)
  })

  it('is aborted together with the first when the caller hangs up', async () => {
    const [a, b] = [await startServer(), await startServer()]
    a.reply({ fault: 'hang' })
    b.reply({ fault: 'hang' })
    const call = new AbortController()
    const { completion } = serve([a.url, b.url], { routing, signal: call.signal })
    const asked = [await a.received(), await b.received()]
    const reason = new Error('hung up')
    call.abort(reason)
    expect(await failure(completion)).toBe(reason)
    expect(await Promise.all(asked.map(({ closed }) => closed))).toEqual([true, true])
  })
})

const SSE = { 'content-type': 'text/event-stream' }
const emptyChunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: '' } }] })}\n\n`

const BAD_ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  garbage: (response) => response.writeHead(200, SSE).end('data: {"choices": <oops>\n\n'),
  'half a UTF-8 character': (response) => {
    const text = 'data: {"choices":[{"index":0,"delta":{"content":"caf'
    response.writeHead(200, SSE).end(Buffer.concat([Buffer.from(text), Buffer.from([0xc3])]))
  },
  'an HTML page': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>'),
  'a redirect': (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'an empty body': (response) => response.writeHead(200, SSE).end(),
  'headers and then nothing': (response) => response.writeHead(200, SSE).flushHeaders(),
  'nothing at all': () => undefined,
  'endless empty chunks': (response) => {
    response.writeHead(200, SSE)
    const timer = setInterval(() => response.write(emptyChunk), 5)
    response.once('close', () => clearInterval(timer))
  },
  'a line of ten megabytes': (response) => {
    response.writeHead(200, SSE).write('data: {"choices":[{"index":0,"delta":{"content":"')
    response.end(Buffer.alloc(10 * 1024 * 1024, 'a'))
  },
  'a closed connection': (response) => response.destroy(),
}

describe('a first endpoint whose answer is no use', () => {
  it.each(Object.entries(BAD_ANSWERS))('is followed by the second: %s', async (_, answer) => {
    const paths: (string | undefined)[] = []
    const bad = createServer((incoming, response) => {
      paths.push(incoming.url)
      incoming.resume()
      response.on('error', () => undefined)
      answer(response)
    })
    const port = await listenOnLoopback(bad)
    onTestFinished(() => closeServer(bad))
    const good = await startServer()
    good.reply({ say: 'We open at nine.' })
    const { texts, completion, counted } = serve([`http://127.0.0.1:${port}/v1`, good.url], {
      primary: { first_token_timeout_ms: 150 },
    })
    expect(await completion).toMatchObject({ text: 'We open at nine.' })
    expect(texts.join('')).toBe('We open at nine.')
    expect((await good.received()).body.messages).toEqual(REQUEST.messages)
    expect(paths).toEqual(['/v1/chat/completions'])
    expect(await counted('turnstate_failovers_total{upstream="u1"} 1')).toBe(true)
  })
})
