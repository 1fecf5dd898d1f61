import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUpstream, failure } from '../support/connected-upstream.ts'
import type { ConnectedUpstream } from '../support/connected-upstream.ts'
import { CHUNKED_HEAD, chunk, startRawUpstream, writeForEver } from '../support/raw-upstream.ts'
import type { RawUpstream } from '../support/raw-upstream.ts'
import { toEvents } from '../support/upstream-server.ts'

let server: RawUpstream
let client: ConnectedUpstream

async function start(
  onRequest: (socket: Socket) => void,
  settings: Parameters<typeof connectUpstream>[1] = {},
): Promise<void> {
  server = await startRawUpstream(onRequest)
  client = connectUpstream(server.url, { options: { warm_connections: 0 }, ...settings })
}

afterEach(async () => {
  await client.upstream.close()
  await server.close()
})

const whole = (say: string) => toEvents({ say }).join('')

async function reasonOf(run: ReturnType<ConnectedUpstream['run']>): Promise<unknown> {
  await failure(run.completion)
  await expect.poll(() => client.warned().length).toBeGreaterThan(0)
  return client.warned()[0]
}

describe('an answer that is none', () => {
  it.each([
    ['garbage bytes', Buffer.from([0, 255, 17, 3, 13, 10, 200, 1]), 'broken'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 'broken'],
    ['an end without a head', '', 'broken'],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-', 'broken'],
    ['a huge head', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 'too_large'],
    ['a 100 that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n', 'broken'],
    [
      'another protocol that it switches to',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'broken',
    ],
    ['a head and an end', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n', 'ended_early'],
    ['an empty body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'empty'],
    [
      'HTML',
      'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>',
      'content_type',
    ],
    [
      'gzip',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b',
      'content_type',
    ],
    [
      'a redirect',
      'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
      'status',
    ],
    ['garbage in the stream', `${CHUNKED_HEAD}${chunk('data: {"a\n\n').toString()}`, 'not_json'],
    ['a broken chunk', `${CHUNKED_HEAD}zz\r\n`, 'broken'],
    ['a cut in the head of a chunk', `${CHUNKED_HEAD}1f`, 'broken'],
    ['a cut in a chunk', `${CHUNKED_HEAD}ff\r\ndata: {`, 'broken'],
    [
      'a body shorter than announced',
      'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ndata: {}\n\n',
      'broken',
    ],
  ])('fails for what it is: %s', async (_, bytes, reason) => {
    await start((socket) => socket.end(bytes))
    const run = client.run()
    expect(await reasonOf(run)).toMatchObject({ reason })
    expect(run.texts).toEqual([])
    expect(server.asked).toHaveLength(1)
  })

  it.each([
    ['a head and then nothing', CHUNKED_HEAD],
    ['half a head and then nothing', 'HTTP/1.1 200 OK\r\ncont'],
    ['a chunk that does not go on', `${CHUNKED_HEAD}ff\r\ndata: {"choices"`],
  ])('is given up in time: %s', async (_, bytes) => {
    await start((socket) => socket.write(bytes), { firstTokenMs: 50 })
    expect(await reasonOf(client.run())).toMatchObject({ reason: 'first_token_timeout' })
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
  })

  it.each([
    ['empty events', 'data: {"choices":[{"index":0,"delta":{}}]}\n\n'],
    ['comments', ': wait\n\n'],
    ['white space in words', 'data: {"choices":[{"index":0,"delta":{"content":"    \\n"}}]}\n\n'],
    ['empty lines', '\n\r\n\n'],
  ])('is given up in time though it never ends: %s', async (_, event) => {
    const before = process.memoryUsage().rss
    const bytes = chunk(event.repeat(50))
    await start(
      (socket) => {
        socket.write(CHUNKED_HEAD)
        writeForEver(socket, bytes)
      },
      { firstTokenMs: 150 },
    )
    const run = client.run()
    expect(['first_token_timeout', 'too_large']).toContain(
      ((await reasonOf(run)) as { reason: string }).reason, // a warning has one
    )
    expect(run.texts).toEqual([])
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })

  it('is given up where one line does not end', async () => {
    let written = 0
    await start((socket) => {
      socket.write(CHUNKED_HEAD)
      const bytes = chunk('x'.repeat(64 * 1024))
      for (; written < 10 * 1024 * 1024; written += 64 * 1024) socket.write(bytes)
    })
    expect(await reasonOf(client.run())).toMatchObject({ reason: 'too_large' })
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
  })

  it('is given up where heads of 1xx never end', async () => {
    await start((socket) => writeForEver(socket, 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'), {
      firstTokenMs: 100,
    })
    expect(await reasonOf(client.run())).toMatchObject({ reason: 'first_token_timeout' })
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
  })

  it('is given up in time though a byte of it comes now and then', async () => {
    const answer = Buffer.from(`${CHUNKED_HEAD}${chunk(whole('Slow.')).toString()}`)
    await start(
      (socket) => {
        let at = 0
        const timer = setInterval(() => socket.write(answer.subarray(at, ++at)), 2)
        socket.once('close', () => clearInterval(timer))
      },
      { firstTokenMs: 60 },
    )
    expect(await reasonOf(client.run())).toMatchObject({ reason: 'first_token_timeout' })
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
  })

  it('is told by a status that comes before the request was sent whole', async () => {
    await start((socket) => {
      socket.pause()
      socket.end('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n')
    })
    const { completion } = client.run(undefined, {
      messages: [{ role: 'user', content: 'x'.repeat(20 * 1024 * 1024) }],
    })
    await failure(completion)
    await expect.poll(() => client.warned().length).toBe(1)
    expect(client.warned()).toMatchObject([{ reason: 'status', status: 413 }])
  })
})

describe('an answer that is odd but one', () => {
  it('may hold a character that is cut in two', async () => {
    const bytes = Buffer.from(whole('Zoë says hello.'))
    const at = bytes.indexOf('ë') + 1
    await start((socket) => {
      socket.write(Buffer.concat([Buffer.from(CHUNKED_HEAD), chunk(bytes.subarray(0, at))]), () => {
        socket.write(Buffer.concat([chunk(bytes.subarray(at)), Buffer.from('0\r\n\r\n')]))
      })
    })
    expect((await client.run().completion).text).toBe('Zoë says hello.')
  })

  it('may follow hints and be followed by trailers', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'
    const body = chunk(whole('Here.')).toString()
    await start((socket) => socket.write(`${hints}${CHUNKED_HEAD}${body}0\r\nx-sum: 1\r\n\r\n`))
    expect((await client.run().completion).text).toBe('Here.')
    expect(client.lines).toEqual([])
  })

  it('may end without a word of it where the end of the body is announced', async () => {
    const head = CHUNKED_HEAD.replace('chunked', 'Chunked')
    const body = chunk('data: {"choices":[{"delta":{"content":"Here."}}]}\n\n').toString()
    await start((socket) => socket.write(`${head}${body}0\r\n\r\n`))
    expect((await client.run().completion).text).toBe('Here.')
  })

  it('is whole at [DONE]: what never ends behind it does not keep the connection', async () => {
    await start((socket) => {
      socket.write(CHUNKED_HEAD)
      socket.write(chunk(whole('Done.')))
      writeForEver(socket, chunk(': and on\n\n'.repeat(1000)))
    })
    expect((await client.run().completion).text).toBe('Done.')
    await expect.poll(() => server.asked[0]?.destroyed).toBe(true)
    expect(client.warned()).toEqual([])
  })

  it('is whole at [DONE]: silence behind it does not keep the connection for long', async () => {
    await start((socket) => {
      socket.write(CHUNKED_HEAD)
      socket.write(chunk(whole('Done.')))
    })
    expect((await client.run().completion).text).toBe('Done.')
    await expect.poll(() => server.asked[0]?.destroyed, { timeout: 5000 }).toBe(true)
  })
})
