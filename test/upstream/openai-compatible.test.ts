import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TurnstateError } from '../../src/errors.ts'
import { toEvents } from '../support/upstream-server.ts'
import { KEY, codeOf, failure } from '../support/connected-upstream.ts'
import { upstreamPair } from '../support/upstream-pair.ts'

const at = upstreamPair()

describe('a whole answer', () => {
  it('is streamed and then given as one', async () => {
    at.server.reply({
      say: 'Good morning, how can I help?',
      calls: [{ id: 'c1', name: 'find', arguments: { name: 'Zoë' } }],
      usage: { prompt_tokens: 5, completion_tokens: 6 },
    })
    const { texts, completion } = at.client.run()
    expect(await completion).toEqual({
      text: 'Good morning, how can I help?',
      calls: [{ id: 'c1', name: 'find', arguments: '{"name":"Zoë"}' }],
      finishReason: 'tool_calls',
      usage: { promptTokens: 5, completionTokens: 6, totalTokens: 11 },
    })
    expect(texts.join('')).toBe('Good morning, how can I help?')
    expect(at.client.upstream.isUsable()).toBe(true)
    expect(at.client.lines).toEqual([])
  })

  it('was asked for at the right path with key, headers and a known length', async () => {
    at.server.reply({ say: 'Yes.' })
    await at.client.run().completion
    const { path, headers, body, rawBody } = await at.server.received()
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
    at.server.reply({ sse: toEvents({ say: 'One two three four five.' }).join('') })
    const { texts, completion } = at.client.run()
    await completion
    expect(texts).toEqual(['One two three four five.'])
  })

  it('uses the connection again', async () => {
    at.server.always({ say: 'Yes.' })
    const ports = new Set<unknown>()
    for (let turn = 0; turn < 3; turn++) {
      await at.client.run().completion
      await (
        await at.server.received(turn + 1)
      ).closed
      ports.add(at.server.requests[turn]?.remotePort)
      await setImmediate()
    }
    expect(ports.size).toBe(1)
  })

  it('may come as one JSON body', async () => {
    const message = { role: 'assistant', content: 'Whole.' }
    at.server.reply({ body: JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }) })
    const { texts, completion } = at.client.run()
    expect(await completion).toEqual({ text: 'Whole.', calls: [], finishReason: 'stop' })
    expect(texts).toEqual(['Whole.'])
  })

  it('is whole without [DONE], once the finish reason came', async () => {
    const events = toEvents({ say: 'Bye.' }).slice(0, -1)
    at.server.reply({ sse: events.join('') })
    expect(await at.client.run().completion).toMatchObject({ text: 'Bye.' })
    at.server.reply({ sse: events.join(''), fault: 'break' })
    expect(await at.client.run().completion).toMatchObject({ text: 'Bye.' })
  })

  it('does not wait for the end of the response after [DONE]', async () => {
    at.server.reply({ sse: toEvents({ say: 'Bye.' }).join(''), fault: 'stall' })
    expect(await at.client.run().completion).toMatchObject({ text: 'Bye.' })
  })
})

describe('a failure before the first token', () => {
  it('is an answer of white space only, of which nothing is given on', async () => {
    at.server.reply({ sse: toEvents({ say: ' \n ', deltas: 3 }).join('') })
    const { texts, completion } = at.client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts).toEqual([])
    expect(at.client.warned()).toMatchObject([{ reason: 'empty' }])
  })

  it('is reported for too many calls', async () => {
    const calls = Array.from({ length: 65 }, () => ({ name: 'find' }))
    at.server.reply({ calls: calls.map((call, index) => ({ ...call, id: `c${index}` })) })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
    expect(at.client.warned()).toMatchObject([{ reason: 'too_large' }])
  })

  it.each([400, 401, 404, 429, 500, 503])('is reported for status %d', async (status) => {
    at.server.reply({ status, body: `{"error":"no, ${KEY}"}` })
    const error = await failure(at.client.run().completion)
    expect(error).toMatchObject({ code: 'upstream_failed' })
    // The line waits for what the body says; nobody else does.
    await expect
      .poll(() => at.client.warned())
      .toContainEqual({ upstream: 'primary', status, reason: 'status' })
  })

  it('does not follow redirects', async () => {
    at.server.reply({ status: 307, headers: { location: '/v1/chat/completions' } }, { say: 'No.' })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
    expect(at.server.requests).toHaveLength(1)
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
    at.server.reply(reply)
    const { texts, completion } = at.client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(at.client.warned()).toEqual([{ upstream: 'primary', status: 200, reason }])
    expect(texts).toEqual([])
  })

  it('is reported when nobody listens', async () => {
    const { url } = at.server
    await at.server.close()
    await at.reconnect(url)
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
    expect(at.client.warned()).toMatchObject([{ reason: 'connect' }])
  })

  it('is reported when the other side does not speak HTTP', async () => {
    const tcp = createServer((socket) =>
      socket.on('error', () => undefined).end('nonsense\r\n\r\n'),
    )
    await once(tcp.listen(0, '127.0.0.1'), 'listening')
    const { port } = tcp.address() as AddressInfo // a TCP server that listens has one
    await at.reconnect(`http://127.0.0.1:${port}`)
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
    tcp.close()
  })

  it('tells neither caller nor log what the upstream said, where it is or the key', async () => {
    at.server.reply(
      { status: 401, body: `{"error":"wrong key ${KEY}"}` },
      { say: 'a', fault: 'break' },
    )
    for (let turn = 0; turn < 2; turn++) {
      const { message, cause } = (await failure(at.client.run().completion)) as TurnstateError // no other error is thrown
      expect(`${message} ${String(cause)}`).not.toMatch(/sk-|127|wrong|http:/)
    }
    await expect.poll(() => JSON.stringify(at.client.lines)).toContain('wrong key ***')
    expect(JSON.stringify(at.client.warned())).not.toMatch(/sk-|127|wrong|http/)
    expect(JSON.stringify(at.client.lines)).not.toContain(KEY)
  })

  it('makes the endpoint unusable when it was the third in a row', async () => {
    at.server.always({ status: 500 })
    for (const usable of [true, true, false]) {
      await failure(at.client.run().completion)
      expect(at.client.upstream.isUsable()).toBe(usable)
    }
    at.server.reply({ say: 'Back.' })
    await at.client.run().completion
    expect(at.client.upstream.isUsable()).toBe(true)
  })
})

describe('a failure midway', () => {
  it('leaves the text that was given and rejects', async () => {
    at.server.reply({ say: 'Half a', fault: 'break' })
    const { texts, completion } = at.client.run()
    expect(await codeOf(completion)).toBe('upstream_failed')
    expect(texts.join('')).toBe('Half a')
    expect(at.client.warned()).toMatchObject([{ reason: 'broken' }])
  })

  it('is an unannounced end without finish reason', async () => {
    const sse = toEvents({ say: 'Half a' }, false).join('')
    at.server.reply({ sse, headers: { connection: 'close', 'transfer-encoding': 'identity' } })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
  })
})

describe('a stall', () => {
  it('before the headers is a time-out', async () => {
    await at.reconnect(at.server.url, { firstTokenMs: 30 })
    at.server.reply({ fault: 'hang' })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_timeout')
    expect(at.client.warned()).toMatchObject([{ reason: 'first_token_timeout' }])
    for (const { closed } of at.server.requests) expect(await closed).toBe(true)
  })

  it('of tokens is a time-out, whatever else comes', async () => {
    await at.reconnect(at.server.url, { firstTokenMs: 30 })
    at.server.reply({ sse: ': hold the line\n\n', fault: 'stall' })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_timeout')
    for (const { closed } of at.server.requests) expect(await closed).toBe(true)
  })

  it('between tokens is a time-out that leaves the text', async () => {
    await at.reconnect(at.server.url, { idleMs: 30 })
    at.server.reply({ say: 'Half a', fault: 'stall' })
    const { texts, completion } = at.client.run()
    expect(await codeOf(completion)).toBe('upstream_timeout')
    expect(texts.join('')).toBe('Half a')
    expect(at.client.warned()).toMatchObject([{ reason: 'idle_timeout' }])
    expect(await (await at.server.received()).closed).toBe(true)
  })
})
