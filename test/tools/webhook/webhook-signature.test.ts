import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HttpCall } from '../../../src/tools/webhook/http-call.ts'
import { WebhookOptions } from '../../../src/tools/options.ts'
import { createStamper } from '../../../src/tools/webhook/webhook-signature.ts'
import { createCaller, ok, startWebhook, status } from './scripted-webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const KEY = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')

/** As a receiver that follows the specification does it. */
function isGenuine(key: Buffer, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const id = String(headers['webhook-id'])
  const timestamp = String(headers['webhook-timestamp'])
  if (!/^\d{10}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) {
    return false
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  const expected = createHmac('sha256', key).update(signed).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .map((each) => each.split(','))
    .some(([version, text = '']) => {
      const given = Buffer.from(text, 'base64')
      return (
        version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
      )
    })
}

describe('the published example of Standard Webhooks', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_614_265_330_000 })
  })
  afterEach(() => vi.useRealTimers())

  it('is signed as it says', () => {
    const call: HttpCall = {
      url: new URL('https://api.example/'),
      method: 'POST',
      headers: {},
      body: '{"test": 2432232314}',
    }
    expect(createStamper(SECRET)('msg_p5jXN8AQM9LWM0D4loKWxJek')(call).headers).toEqual({
      'idempotency-key': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })
})

describe('a webhook call', () => {
  it('carries its key under both names', async () => {
    const server = await startWebhook(ok)
    await createCaller({ url: server.url }).run({ idempotencyKey: 'wish-1' })
    expect(server.received[0]?.headers).toMatchObject({
      'idempotency-key': 'wish-1',
      'webhook-id': 'wish-1',
    })
    expect(server.received[0]?.headers).not.toHaveProperty('webhook-signature')
  })

  it('carries no name when it has no key and is not signed', async () => {
    const server = await startWebhook(ok)
    await createCaller({ url: server.url }).run()
    const names = Object.keys(server.received[0]?.headers ?? {})
    expect(names.filter((name) => /^(webhook|idempotency)-/.test(name))).toEqual([])
  })

  it.each([
    [SECRET, KEY],
    ['plain words as a secret, äöü', Buffer.from('plain words as a secret, äöü')],
  ])('is signed over the bytes that leave, with %s', async (secret, key) => {
    const server = await startWebhook(ok)
    await createCaller({ url: server.url }, { secret }).run(
      { idempotencyKey: 'wish-1' },
      { name: 'Zoë ☃ \ud800' },
    )
    const [call] = server.received
    expect(call?.body.toString()).toContain('Zoë ☃')
    expect(call && isGenuine(key, call.headers, call.body)).toBe(true)
    expect(call && isGenuine(Buffer.from('another key'), call.headers, call.body)).toBe(false)
    expect(call && isGenuine(key, call.headers, Buffer.concat([call.body, Buffer.from(' ')]))).toBe(
      false,
    )
  })

  it.each(['GET', 'DELETE'])('with %s is signed over its body, empty or not', async (method) => {
    const server = await startWebhook(ok)
    await createCaller({ url: server.url, method }, { secret: SECRET }).run()
    const [call] = server.received
    expect(call?.body.toString()).toBe(method === 'GET' ? '' : '{}')
    expect(call && isGenuine(KEY, call.headers, call.body)).toBe(true)
  })

  it('without a key has an id of its own when it is signed, the same for both tries', async () => {
    const server = await startWebhook(status(503), ok)
    const caller = createCaller({ url: server.url, method: 'GET' }, { secret: SECRET })
    await caller.run()
    await caller.run()
    const ids = server.received.map(({ headers }) => String(headers['webhook-id']))
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
    expect(server.received.every(({ headers }) => !('idempotency-key' in headers))).toBe(true)
    expect(server.received.every(({ headers, body }) => isGenuine(KEY, headers, body))).toBe(true)
  })

  it('that is repeated keeps its key and is signed anew', async () => {
    const server = await startWebhook(status(503), ok)
    const tool = { url: server.url, idempotent: true }
    await createCaller(tool, { secret: SECRET }).run({ idempotencyKey: 'wish-1' })
    expect(server.received.map(({ headers }) => headers['idempotency-key'])).toEqual([
      'wish-1',
      'wish-1',
    ])
    expect(server.received.every(({ headers, body }) => isGenuine(KEY, headers, body))).toBe(true)
  })

  it('leaves secret and signature out of the log', async () => {
    const server = await startWebhook(status(500))
    const caller = createCaller({ url: server.url }, { secret: SECRET })
    await caller.run({ idempotencyKey: 'wish-1' })
    expect(JSON.stringify(caller.lines)).not.toMatch(/whsec|v1,|wish-1/)
  })
})

describe('a signing secret', () => {
  const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64')

  it.each(['plain', 'whsec', SECRET, `whsec_${base64(24)}`, `whsec_${base64(64)}`])(
    'may be %s',
    (signing_secret) => {
      expect(WebhookOptions.safeParse({ signing_secret }).success).toBe(true)
    },
  )

  it.each([
    '',
    'whsec_',
    `whsec_${base64(23)}`,
    `whsec_${base64(65)}`,
    `whsec_${base64(25).replaceAll('=', '')}`,
    `whsec_${base64(30)}!`,
    `whsec_ ${base64(30)}`,
    `whsec_${'-_'.repeat(20)}`,
  ])('may not be %j', (signing_secret) => {
    expect(WebhookOptions.safeParse({ signing_secret }).success).toBe(false)
  })

  it('is not told when it is refused', () => {
    const parsed = WebhookOptions.safeParse({ signing_secret: 'whsec_hush' })
    expect(parsed.error?.issues).toHaveLength(1)
    expect(parsed.error?.issues[0]?.message).toMatch(/base64 of 24 to 64 bytes/)
    expect(parsed.error?.issues[0]?.message).not.toContain('hush')
  })
})
