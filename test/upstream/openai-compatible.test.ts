import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TurnstateError } from '../../src/errors.ts'
import { startUpstreamServer, toEvents } from '../support/upstream-server.ts'
import type { UpstreamServer } from '../support/upstream-server.ts'
import { KEY, codeOf, connectUpstream, failure } from '../support/connected-upstream.ts'

let server: UpstreamServer
let client: ReturnType<typeof connectUpstream>

async function reconnect(...to: Parameters<typeof connectUpstream>): Promise<void> {
  await client.upstream.close()
  client = connectUpstream(...to)
}

beforeEach(async () => {
  server = await startUpstreamServer()
  client = connectUpstream(server.url)
})

afterEach(async () => {
  await client.upstream.close()
  await server.close()
})

describe('a whole answer', () => {
  it('is streamed and then given as one', async () => {
    server.reply({
      say: 'Good morning, how can I help?',
      calls: [{ id: 'c1', name: 'find', arguments: { name: 'Zoë' } }],
      usage: { prompt_tokens: 5, completion_tokens: 6 },
    })
    const { texts, completion } = client.run()
    expect(await completion).toEqual({
      text: 'Good morning, how can I help?',
      calls: [{ id: 'c1', name: 'find', arguments: '{"name":"Zoë"}' }],
      finishReason: 'tool_calls',
      usage: { promptTokens: 5, completionTokens: 6, totalTokens: 11 },
    })
    expect(texts.join('')).toBe('Good morning, how can I help?')
    expect(client.upstream.isUsable()).toBe(true)
    expect(client.lines).toEqual([])
  })

  it('was asked for at the right path with key, headers and a known length', async () => {
    server.reply({ say: 'Yes.' })
    await client.run().completion
    const { path, headers, body, rawBody } = await server.received()
    expect(path).toBe('/v1/chat/completions')
    expect(headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-title': 'desk',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(rawBody)),
    })
    expect(body).toMatchObject({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('gives the text of one read in one call', async () => {
    server.reply({ sse: toEvents({ say: 'One two three four five.' }).join('') })
    const { texts, completion } = client.run()
    await completion
    expect(texts).toEqual(['One two three four five.'])
  })

  it('uses the connection again', async () => {
    server.always({ say: 'Yes.' })
    const ports = new Set<unknown>()
    for (let turn = 0; turn < 3; turn++) {
      await client.run().completion
      await (
        await server.received(turn + 1)
      ).closed
      ports.add(server.requests[turn]?.remotePort)
      await setImmediate()
    }
    expect(ports.size).toBe(1)
  })

  it('may come as one JSON body', async () => {
    const message = { role: 'assistant', content: 'Whole.' }
    server.reply({ body: JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }) })
    const { texts, completion } = client.run()
    expect(await completion).toEqual({ text: 'Whole.', calls: [], finishReason: 'stop' })
    expect(texts).toEqual(['Whole.'])
  })

  it('is whole without [DONE], once the finish reason came', async () => {
    const events = toEvents({ say: 'Bye.' }).slice(0, -1)
    server.reply({ sse: events.join('') })
    expect(await client.run().completion).toMatchObject({ text: 'Bye.' })
    server.reply({ sse: events.join(''), fault: 'break' })
    expect(await client.run().completion).toMatchObject({ text: 'Bye.' })
  })

  it('does not wait for the end of the response after [DONE]', async () => {
    server.reply({ sse: toEvents({ say: 'Bye.' }).join(''), fault: 'stall' })
    expect(await client.run().completion).toMatchObject({ text: 'Bye.' })
  })
})

describe('a failure before the first token', () => {
  it('is an answer of white space only, of which nothing is given on', async () => {
    server.reply({ sse: toEvents({ say: ' \n ', deltas: 3 }).join('') })
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts).toEqual([])
    expect(client.warned()).toMatchObject([{ reason: 'empty' }])
  })

  it('is reported for too many calls', async () => {
    const calls = Array.from({ length: 65 }, () => ({ name: 'find' }))
    server.reply({ calls: calls.map((call, index) => ({ ...call, id: `c${index}` })) })
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
    expect(client.warned()).toMatchObject([{ reason: 'too_large' }])
  })

  it.each([400, 401, 404, 429, 500, 503])('is reported for status %d', async (status) => {
    server.reply({ status, body: `{"error":"no, ${KEY}"}` })
    const error = await failure(client.run().completion)
    expect(error).toMatchObject({ code: 'upstream_failed' })
    // The line waits for what the body says; nobody else does.
    await expect
      .poll(() => client.warned())
      .toContainEqual({ upstream: 'primary', status, reason: 'status' })
  })

  it('does not follow redirects', async () => {
    server.reply({ status: 307, headers: { location: '/v1/chat/completions' } }, { say: 'No.' })
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['HTML', { sse: '<html>', headers: { 'content-type': 'text/html' } }, 'content_type'],
    ['compression', { sse: 'x', headers: { 'content-encoding': 'gzip' } }, 'content_type'],
    ['an error in the stream', { sse: 'data: {"error":{"message":"x"}}\n\n' }, 'error_event'],
    ['garbage', { sse: 'data: garbage\n\n' }, 'not_json'],
    ['an empty completion', { say: '' }, 'empty'],
    ['an empty stream', { sse: '' }, 'empty'],
    ['JSON that is no completion', { body: '{}' }, 'empty'],
    ['a broken connection', { fault: 'break' as const }, 'broken'],
  ])('is reported for %s', async (_, reply, reason) => {
    server.reply(reply)
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(client.warned()).toEqual([{ upstream: 'primary', status: 200, reason }])
    expect(texts).toEqual([])
  })

  it('is reported when nobody listens', async () => {
    const { url } = server
    await server.close()
    await reconnect(url)
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
    expect(client.warned()).toMatchObject([{ reason: 'connect' }])
  })

  it('is reported when the other side does not speak HTTP', async () => {
    const tcp = createServer((socket) =>
      socket.on('error', () => undefined).end('nonsense\r\n\r\n'),
    )
    await once(tcp.listen(0, '127.0.0.1'), 'listening')
    const { port } = tcp.address() as AddressInfo // a TCP server that listens has one
    await reconnect(`http://127.0.0.1:${port}`)
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
    tcp.close()
  })

  it('tells neither caller nor log what the upstream said, where it is or the key', async () => {
    server.reply(
      { status: 401, body: `{"error":"wrong key ${KEY}"}` },
      { say: 'a', fault: 'break' },
    )
    for (let turn = 0; turn < 2; turn++) {
      const { message, cause } = (await failure(client.run().completion)) as TurnstateError // no other error is thrown
      expect(`${message} ${String(cause)}`).not.toMatch(/sk-|127|wrong|http:/)
    }
    await expect.poll(() => JSON.stringify(client.lines)).toContain('wrong key ***')
    expect(JSON.stringify(client.warned())).not.toMatch(/sk-|127|wrong|http/)
    expect(JSON.stringify(client.lines)).not.toContain(KEY)
  })

  it('makes the endpoint unusable when it was the third in a row', async () => {
    server.always({ status: 500 })
    for (const usable of [true, true, false]) {
      await failure(client.run().completion)
      expect(client.upstream.isUsable()).toBe(usable)
    }
    server.reply({ say: 'Back.' })
    await client.run().completion
    expect(client.upstream.isUsable()).toBe(true)
  })
})

describe('a failure midway', () => {
  it('leaves the text that was given and rejects', async () => {
    server.reply({ say: 'Half a', fault: 'break' })
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts.join('')).toBe('Half a')
    expect(client.warned()).toMatchObject([{ reason: 'broken' }])
  })

  it('is an unannounced end without finish reason', async () => {
    const sse = toEvents({ say: 'Half a' }, false).join('')
    server.reply({ sse, headers: { connection: 'close', 'transfer-encoding': 'identity' } })
    expect(await codeOf(client.run().completion)).toBe('upstream_failed')
  })
})

describe('a stall', () => {
  it('before the headers is a time-out', async () => {
    await reconnect(server.url, { firstTokenMs: 30 })
    server.reply({ fault: 'hang' })
    expect(await codeOf(client.run().completion)).toBe('upstream_timeout')
    expect(client.warned()).toMatchObject([{ reason: 'first_token_timeout' }])
    for (const { closed } of server.requests) expect(await closed).toBe(true)
  })

  it('of tokens is a time-out, whatever else comes', async () => {
    await reconnect(server.url, { firstTokenMs: 30 })
    server.reply({ sse: ': hold the line\n\n', fault: 'stall' })
    expect(await codeOf(client.run().completion)).toBe('upstream_timeout')
    for (const { closed } of server.requests) expect(await closed).toBe(true)
  })

  it('between tokens is a time-out that leaves the text', async () => {
    await reconnect(server.url, { idleMs: 30 })
    server.reply({ say: 'Half a', fault: 'stall' })
    const { texts, completion } = client.run()
    expect(await codeOf(completion)).toBe('upstream_timeout')
    expect(texts.join('')).toBe('Half a')
    expect(client.warned()).toMatchObject([{ reason: 'idle_timeout' }])
    expect(await (await server.received()).closed).toBe(true)
  })
})
