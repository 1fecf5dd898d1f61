import { constants } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { codeOf, connectUpstream, failure } from '../support/connected-upstream.ts'
import type { ConnectedUpstream } from '../support/connected-upstream.ts'
import { answer, beginAnswer, endAnswer, startHttp2Upstream } from '../support/http2-upstream.ts'
import type { Http2Upstream } from '../support/http2-upstream.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'

let certificate: Certificate
let server: Http2Upstream
let client: ConnectedUpstream

type OnStream = (stream: ServerHttp2Stream, number: number) => void
type Settings = Parameters<typeof connectUpstream>[1]

async function start(
  { isSecure = true, ...rest }: { isSecure?: boolean; maxConcurrentStreams?: number },
  onStream: OnStream,
  { options, ...settings }: NonNullable<Settings> = {},
): Promise<void> {
  server = await startHttp2Upstream({ ...rest, ...(isSecure && { tls: certificate }), onStream })
  client = connectUpstream(server.url, {
    ca: certificate.cert,
    options: { http2: true, ...options },
    ...settings,
  })
}

const alive = () => server.sessions.filter(({ closed, destroyed }) => !closed && !destroyed).length

beforeAll(async () => {
  certificate = await createCertificate()
})

afterEach(async () => {
  await client.upstream.close()
  await server.close()
})

describe.each([
  ['over TLS', true],
  ['in clear text', false],
])('HTTP/2 %s', (_, isSecure) => {
  it('streams an answer', async () => {
    await start({ isSecure }, (stream) => answer(stream, 'Good morning.'))
    const { texts, completion } = client.run()
    expect(await completion).toMatchObject({ text: 'Good morning.', finishReason: 'stop' })
    expect(texts.join('')).toBe('Good morning.')
    expect(client.lines).toEqual([])
    const [stream] = server.streams
    expect(stream?.sentHeaders[':status']).toBe(200)
  })

  it('carries 50 answers at once on few connections', async () => {
    const held: ServerHttp2Stream[] = []
    await start({ isSecure }, (stream, number) => {
      beginAnswer(stream, `Answer ${number}`)
      held.push(stream)
    })
    const runs = Array.from({ length: 50 }, () => client.run())
    await expect.poll(() => held.length).toBe(50)
    await expect.poll(() => runs.every(({ texts }) => texts.length > 0)).toBe(true)
    for (const stream of held) endAnswer(stream, '.')
    const texts = (await Promise.all(runs.map(({ completion }) => completion))).map(
      ({ text }) => text,
    )
    expect(new Set(texts).size).toBe(50)
    expect(server.sessions.length).toBeLessThanOrEqual(3)
    expect(server.mostAtOnce()).toBeGreaterThan(10)
  })

  it('resets the stream of a caller who hangs up, and goes on using the connection', async () => {
    let code: number | undefined
    await start(
      { isSecure },
      (stream, number) => {
        if (number > 1) {
          answer(stream, 'Next.')
          return
        }
        stream.once('close', () => (code = stream.rstCode))
        beginAnswer(stream, 'Half a')
      },
      { options: { warm_connections: 1 } },
    )
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal, onText: () => call.abort('gone') })
    expect(await failure(completion)).toBe('gone')
    await expect.poll(() => code).toBe(constants.NGHTTP2_CANCEL)
    expect((await client.run().completion).text).toBe('Next.')
    expect(server.sessions).toHaveLength(1)
    expect(server.sessionOf(1)).toBe(0)
  })
})

describe('an endpoint that does not speak HTTP/2', () => {
  it('is spoken to in HTTP/1.1 over TLS', async () => {
    await start({}, () => undefined)
    await client.upstream.close()
    const older = await startUpstreamServer(certificate)
    older.always({ say: 'Older.' })
    client = connectUpstream(older.url, { ca: certificate.cert, options: { http2: true } })
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.run().completion))
    expect(answers.map(({ text }) => text)).toEqual(answers.map(() => 'Older.'))
    await client.upstream.close()
    await older.close()
  })

  it('fails in clear text', async () => {
    await start({}, () => undefined)
    await client.upstream.close()
    const older = await startUpstreamServer()
    client = connectUpstream(older.url, { options: { http2: true } })
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
    expect(client.warned()).toMatchObject([{ reason: 'connect' }])
    await client.upstream.close()
    await older.close()
  })
})

describe('a GOAWAY', () => {
  it('lets the answers finish that run, and moves new ones to another connection', async () => {
    let first: ServerHttp2Stream | undefined
    await start(
      {},
      (stream, number) => {
        if (number > 1) {
          answer(stream, 'Next.')
          return
        }
        first = stream
        beginAnswer(stream, 'Half an')
        stream.session?.goaway()
      },
      { options: { warm_connections: 1 } },
    )
    const { texts, completion } = client.run()
    await expect.poll(() => texts.length).toBeGreaterThan(0)
    await expect.poll(() => server.sessions.length).toBe(2)
    expect((await client.run().completion).text).toBe('Next.')
    expect(server.sessionOf(1)).toBe(1)
    if (first) endAnswer(first, ' answer.')
    expect((await completion).text).toBe('Half an answer.')
    expect(client.warned()).toEqual([])
  })

  it('with an error before any answer costs nothing but a new connection', async () => {
    await start(
      {},
      (stream, number) => {
        if (number > 1) answer(stream, 'After all.')
        else stream.session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
      },
      { options: { warm_connections: 1 } },
    )
    await expect.poll(() => server.sessions.length).toBe(1)
    await setImmediate()
    await expect.poll(() => client.upstream.isUsable()).toBe(true)
    expect((await client.run().completion).text).toBe('After all.')
  })
})

describe('a stream', () => {
  it('that the server refuses is asked for once more', async () => {
    await start({}, (stream, number) => {
      if (number > 1) answer(stream, 'After all.')
      else stream.close(constants.NGHTTP2_REFUSED_STREAM)
    })
    await expect.poll(alive).toBe(2)
    expect((await client.run().completion).text).toBe('After all.')
    expect(server.streams).toHaveLength(2)
  })

  it('that the server resets is a broken answer, and the connection is not', async () => {
    await start({}, (stream) => {
      beginAnswer(stream, 'Half a')
      stream.write(': \n\n', () => stream.destroy(new Error('broken')))
    })
    await expect.poll(alive).toBe(2)
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts.join('')).toBe('Half a')
    expect(client.warned()).toMatchObject([{ reason: 'broken' }])
    expect(alive()).toBe(2)
  })

  it('that stalls is a time-out and is reset', async () => {
    let code: number | undefined
    await start(
      {},
      (stream) => {
        stream.once('close', () => (code = stream.rstCode))
        beginAnswer(stream, 'Half a')
      },
      { idleMs: 30 },
    )
    expect(await codeOf(client.run().completion)).toBe('upstream_timeout')
    await expect.poll(() => code).toBe(constants.NGHTTP2_CANCEL)
  })
})

describe('a connection', () => {
  it('that the server closes in the middle breaks the answers on it', async () => {
    await start({}, (stream) => {
      beginAnswer(stream, 'Half a')
      stream.write(': \n\n', () => server.cut())
    })
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts.join('')).toBe('Half a')
    expect(client.warned()).toMatchObject([{ reason: 'broken' }])
  })

  it('that stood ready and is dead costs nothing but a new one', async () => {
    await start({}, (stream, number) => {
      if (number > 1) answer(stream, 'After all.')
      else server.cut()
    })
    await expect.poll(alive).toBe(2)
    expect((await client.run().completion).text).toBe('After all.')
    expect(client.warned()).toEqual([])
  })

  it('that has gone silent is left for a new one', async () => {
    await start({ isSecure: false }, (stream) => answer(stream, 'Yes.'))
    const proxy = await startTcpProxy(Number(new URL(server.url).port))
    await client.upstream.close()
    client = connectUpstream(`http://127.0.0.1:${proxy.port}/v1`, {
      options: { http2: true, warm_connections: 1 },
      firstTokenMs: 300,
    })
    await client.run().completion
    proxy.mute()
    proxy.restore()
    const turn = () => client.run().completion.then(({ text }) => text, String)
    await expect.poll(turn, { timeout: 10_000 }).toBe('Yes.')
    await expect.poll(() => proxy.open()).toBe(1)
  })

  it('takes no more streams than the server allows', async () => {
    const held: ServerHttp2Stream[] = []
    await start(
      { maxConcurrentStreams: 4 },
      (stream) => {
        beginAnswer(stream, 'Yes')
        held.push(stream)
      },
      { options: { warm_connections: 1 } },
    )
    const runs = Array.from({ length: 12 }, () => client.run())
    await expect.poll(() => held.length).toBe(12)
    expect(server.mostAtOnce()).toBe(4)
    for (const stream of held) endAnswer(stream, '.')
    await Promise.all(runs.map(({ completion }) => completion))
  })

  it('is held back by a listener that cannot take more, without stopping the others', async () => {
    const word = 'word '.repeat(4000)
    let sent = 0
    await start(
      {},
      (stream, number) => {
        if (number > 1) {
          answer(stream, 'Free.')
          return
        }
        stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
        const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`
        for (let count = 0; count < 200; count++) stream.write(event, () => sent++)
        endAnswer(stream, '')
      },
      { options: { warm_connections: 1 } },
    )
    let release: (() => void) | undefined
    let calls = 0
    const { completion } = client.run({
      onText: () => {
        if (calls++ > 0) return undefined
        return new Promise<void>((resolve) => {
          release = resolve
        })
      },
    })
    await expect.poll(() => release).toBeDefined()
    expect((await client.run().completion).text).toBe('Free.')
    expect(server.sessionOf(1)).toBe(0)
    expect(sent).toBeLessThan(100)
    release?.()
    expect((await completion).text).toBe(word.repeat(200))
  })

  it('takes nothing that nobody asked for: an error in it would end the process', async () => {
    let mayPush: boolean | undefined
    await start({}, (stream) => {
      mayPush = stream.pushAllowed
      answer(stream, 'Yes.')
    })
    await client.run().completion
    expect(mayPush).toBe(false)
  })

  it('is renewed while nobody uses it', async () => {
    await start({}, (stream) => answer(stream, 'Yes.'), {
      warmthTimes: { renewAfterMs: 50 },
      options: { warm_connections: 1 },
    })
    await expect.poll(() => server.sessions.length).toBeGreaterThanOrEqual(3)
    expect((await client.run().completion).text).toBe('Yes.')
    await client.upstream.close()
    await expect.poll(alive).toBe(0)
  })
})
