import { setImmediate as nextLoop } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { toAnswerText } from '../../../src/tools/webhook/answer-text.ts'
import { createCaller, ok, raw, startWebhook, type Step } from './scripted-webhook.ts'

const answering =
  (headers: Readonly<Record<string, string>>, body: string | Buffer): Step =>
  (response) =>
    response.writeHead(200, headers).end(body)

async function answerOf(step: Step, tool: object = {}) {
  const server = await startWebhook(step)
  const outcome = await createCaller({ url: server.url, ...tool }).run()
  expect(server.received).toHaveLength(1)
  return outcome
}

describe('the text of an answer', () => {
  it('asks for no compression', async () => {
    const server = await startWebhook(ok)
    await createCaller({ url: server.url }).run()
    expect(server.received[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from('caf\u00e9', 'latin1')],
    ['text/plain; charset="windows-1252"', Buffer.from('caf\u00e9', 'latin1')],
    ['text/plain;charset=UTF-16LE', Buffer.from('caf\u00e9', 'utf16le')],
    ['text/plain; charset=no-such-thing', Buffer.from('caf\u00e9')],
    ['text/plain', Buffer.from('caf\u00e9')],
    ['application/octet-stream', Buffer.from('\ufeffcaf\u00e9')],
  ])('is read by %s', async (contentType, body) => {
    const outcome = await answerOf(answering({ 'content-type': contentType }, body))
    expect(outcome).toMatchObject({ status: 'ok', value: 'café', content: 'café' })
  })

  it('is JSON behind a byte order mark', async () => {
    const outcome = await answerOf(answering({}, '\ufeff{"id":1}'))
    expect(outcome).toEqual({ status: 'ok', content: '{"id":1}', value: { id: 1 } })
  })

  it('is text if it is no JSON, whatever it calls itself: a write has happened', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00])
    const outcome = await answerOf(answering({ 'content-type': 'application/json' }, bytes))
    expect(outcome).toMatchObject({ status: 'ok', value: '{\ufffd\u0000' })
  })

  it.each(['gzip', 'br', 'x-unheard-of'])('is not read when it came as %s', async (encoding) => {
    const step = answering({ 'content-encoding': encoding }, gzipSync('{"id":1}'))
    expect(await answerOf(step)).toEqual({ status: 'ok', content: 'ok', value: '' })
    expect(await answerOf(step, { method: 'GET' })).toEqual({
      status: 'failed',
      content: '{"error":"the answer of the service cannot be read"}',
    })
  })

  it('is read when it only says that it is not compressed, or is empty', () => {
    expect(toAnswerText(Buffer.from('x'), { 'content-encoding': ' Identity ' })).toBe('x')
    expect(toAnswerText(Buffer.alloc(0), { 'content-encoding': 'gzip' })).toBe('')
  })
})

describe('an answer that lies about its length', () => {
  const lying = (length: number): Step =>
    raw(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n{"id":1}`)

  it('is read up to the length it tells', async () => {
    expect(await answerOf(lying(4))).toMatchObject({ status: 'ok', value: '{"id' })
  })

  it('has not come if less arrives than it tells', async () => {
    expect(await answerOf(lying(1000))).toMatchObject({ status: 'unknown' })
  })

  it('is not read twice: what follows it is no answer to the next call', async () => {
    const spoof = 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"spoof"'
    const first: Step = ({ socket }) =>
      socket?.write(`HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"first"${spoof}`)
    const server = await startWebhook(first, ok)
    const caller = createCaller({ url: server.url })
    expect(await caller.run()).toMatchObject({ value: 'first' })
    await nextLoop() // until then the connection counts as busy
    expect(await caller.run()).toMatchObject({ value: { id: 1 } })
    expect(server.connections()).toBe(2)
  })

  it.each([
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 4\r\n\r\n{}{}',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n',
    'nonsense\r\n\r\n',
  ])('is no answer if it contradicts itself: %j', async (text) => {
    expect(await answerOf(raw(text))).toMatchObject({ status: 'unknown' })
  })
})

describe('an answer whose status says that it failed', () => {
  it.each([
    ['breaks off', raw('HTTP/1.1 422 No\r\ncontent-length: 99\r\n\r\n{"x"')],
    ['is too large', answeringWith(422, 'x'.repeat(300_000))],
  ])('has failed, also if it %s', async (_, step) => {
    expect(await answerOf(step)).toEqual({
      status: 'failed',
      content: '{"error":"the service answered 422"}',
    })
  })

  function answeringWith(code: number, body: string): Step {
    return (response) => response.writeHead(code).end(body)
  }
})

it('passes over answers that are only preliminary', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\ncontent-encoding: gzip\r\n\r\n'.repeat(3)
  const outcome = await answerOf(
    raw(`${hints}HTTP/1.1 201 Created\r\ncontent-length: 8\r\n\r\n{"id":1}`),
  )
  expect(outcome).toMatchObject({ status: 'ok', value: { id: 1 } })
})

it.each([
  ['write', 'unknown', 'the tool broke while it ran; it is not known whether this was done'],
  ['read', 'failed', 'the tool broke while it ran'],
])('says of a %s that broke here that it is %s', async (effect, status, error) => {
  const server = await startWebhook((response) => response.writeHead(500).end())
  const onLine = ({ message }: { readonly message: string }): void => {
    if (message === 'webhook failed') throw new Error('the disk is full')
  }
  const caller = createCaller({ url: server.url, effect }, { onLine })
  expect(await caller.run()).toEqual({ status, content: JSON.stringify({ error }) })
})
