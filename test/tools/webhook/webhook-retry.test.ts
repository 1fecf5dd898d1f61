import { createServer } from 'node:http'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { closeServer } from '../../support/loopback-server.ts'
import {
  createCaller,
  cutOff,
  half,
  hang,
  ok,
  raw,
  reset,
  startWebhook,
  status,
  type Step,
} from './scripted-webhook.ts'

const AGAIN = 'webhook tried again'

describe('a read', () => {
  it.each([
    ['429', status(429)],
    ['429 with a retry-after that fits', status(429, { 'retry-after': '0' })],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
    ['a reset', reset],
    ['a connection that ends midway', cutOff],
  ])('is sent once more after %s', async (_, step) => {
    const server = await startWebhook(step, ok)
    const caller = createCaller({ url: server.url, method: 'GET' })
    expect(await caller.run()).toMatchObject({ status: 'ok', value: { id: 1 } })
    expect(server.received).toHaveLength(2)
    expect(caller.lines.filter(({ message }) => message === AGAIN)).toHaveLength(1)
  })

  it.each([
    ['503', status(503)],
    ['a reset', reset],
  ])('is sent twice and no more if %s goes on', async (_, step) => {
    const server = await startWebhook(step)
    const outcome = await createCaller({ url: server.url, method: 'GET' }).run()
    expect(outcome.status).toBe('failed')
    expect(outcome).not.toHaveProperty('sent')
    expect(server.received).toHaveLength(2)
  })

  it.each([
    ['500', status(500)],
    ['404', status(404)],
    ['409', status(409)],
    ['a redirect', status(307, { location: '/elsewhere' })],
    ['a retry-after that does not fit', status(503, { 'retry-after': '30' })],
    ['an answer that is no HTTP', raw('SSH-2.0-x\r\n')],
  ])('is not repeated after %s', async (_, step) => {
    const server = await startWebhook(step, ok)
    const outcome = await createCaller({ url: server.url, method: 'GET' }).run()
    expect(outcome.status).toBe('failed')
    expect(server.received).toHaveLength(1)
  })

  it.each([
    ['silence', hang],
    ['half an answer', half],
  ])('is not repeated when its time is over in %s', async (_, step) => {
    const server = await startWebhook(step, ok)
    const outcome = await createCaller({ url: server.url, method: 'GET', timeout_ms: 500 }).run()
    expect(outcome.content).toContain('did not answer in time')
    expect(server.received).toHaveLength(1)
  })

  it('has one time limit for both tries', async () => {
    const server = await startWebhook(status(503), hang)
    const outcome = await createCaller({ url: server.url, method: 'GET', timeout_ms: 1000 }).run()
    expect(outcome.content).toContain('did not answer in time')
    expect(server.received).toHaveLength(2)
  })

  it('with another method than GET is repeated too', async () => {
    const server = await startWebhook(reset, ok)
    const caller = createCaller({ url: server.url, method: 'POST', effect: 'read' })
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    expect(server.received).toHaveLength(2)
  })

  it('that is cancelled in the pause is not repeated', async () => {
    const server = await startWebhook(status(503), ok)
    const turn = new AbortController()
    const onLine = ({ message }: { readonly message: string }): void => {
      if (message === AGAIN) turn.abort()
    }
    const outcome = await createCaller({ url: server.url, method: 'GET' }, { onLine }).run({
      signal: turn.signal,
    })
    expect(outcome.content).toBe('{"error":"the service answered 503"}')
    expect(server.received).toHaveLength(1)
  })

  it('that is cancelled in its second try ends', async () => {
    const server = await startWebhook(status(503), hang)
    const turn = new AbortController()
    const outcome = createCaller({ url: server.url, method: 'GET' }).run({ signal: turn.signal })
    await server.waitFor(2)
    turn.abort()
    expect((await outcome).content).toContain('cancelled')
  })
})

describe('a write', () => {
  it.each([
    ['429', status(429), 'failed'],
    ['500', status(500), 'failed'],
    ['501', status(501), 'failed'],
    ['503', status(503), 'failed'],
    ['502, of a gateway', status(502), 'unknown'],
    ['504, of a gateway', status(504), 'unknown'],
    ['a reset', reset, 'unknown'],
    ['a connection that ends midway', cutOff, 'unknown'],
    ['half an answer', half, 'unknown'],
    ['silence', hang, 'unknown'],
  ] as const)('that may have left is sent once only: %s', async (_, step, expected) => {
    const server = await startWebhook(step, ok)
    const caller = createCaller({ url: server.url, timeout_ms: 600 })
    const outcome = await caller.run({ idempotencyKey: 'wish-1' })
    expect(outcome.status).toBe(expected)
    expect(outcome).not.toHaveProperty('sent')
    expect(server.received).toHaveLength(1)
  })

  it('that a gateway gave up may be done, and the model is told so', async () => {
    const server = await startWebhook(status(504))
    const outcome = await createCaller({ url: server.url }).run({ idempotencyKey: 'wish-1' })
    expect(outcome.content).toBe(
      '{"error":"the service answered 504; it is not known whether this was done"}',
    )
  })

  it('is never repeated without our knowledge, however many run at once', async () => {
    const server = await startWebhook(reset)
    const caller = createCaller({ url: server.url, method: 'PUT' })
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => caller.run()))
    expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(4).fill('unknown'))
    expect(server.received).toHaveLength(4)
  })

  it('goes over a new connection when the kept one has died before', async () => {
    const server = await startWebhook(ok)
    const caller = createCaller({ url: server.url })
    await caller.run()
    await nextLoop() // until then the connection counts as busy
    server.hangUp()
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    expect(server.received).toHaveLength(2)
    expect(server.connections()).toBe(2)
  })

  it('that nobody listened for is tried once more', async () => {
    const port = await freePort()
    let bodies = 0
    const server = createServer((request, response) => {
      bodies += 1
      request.resume()
      response.end('{"id":1}')
    })
    onTestFinished(() => closeServer(server))
    const onLine = ({ message }: { readonly message: string }): void => {
      if (message === AGAIN) server.listen(port, '127.0.0.1')
    }
    const caller = createCaller({ url: `http://127.0.0.1:${port}` }, { onLine })
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    expect(bodies).toBe(1)
  })

  it('that nobody ever listens for has surely not happened', async () => {
    const caller = createCaller({ url: `http://127.0.0.1:${await freePort()}` })
    expect(await caller.run()).toEqual({
      status: 'failed',
      content: '{"error":"the service could not be reached"}',
      sent: false,
    })
    expect(caller.lines.filter(({ message }) => message === AGAIN)).toHaveLength(1)
  })

  it('whose TLS handshake fails has surely not happened', async () => {
    const server = await startWebhook(ok)
    const caller = createCaller({ url: `https://127.0.0.1:${server.port}` })
    expect(await caller.run()).toMatchObject({ status: 'failed', sent: false })
    expect(server.received).toHaveLength(0)
    expect(server.connections()).toBe(2)
  })

  it('that is cancelled before it is sent has surely not happened', async () => {
    const server = await startWebhook(ok)
    const outcome = await createCaller({ url: server.url }).run({ signal: AbortSignal.abort() })
    expect(outcome).toMatchObject({ status: 'failed', sent: false })
    expect(server.connections()).toBe(0)
  })
})

describe('an idempotent write', () => {
  const idempotencyKey = 'wish-1'
  const start = async (...steps: readonly Step[]) => {
    const server = await startWebhook(...steps)
    return { server, caller: createCaller({ url: server.url, idempotent: true, timeout_ms: 1500 }) }
  }

  it.each([
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
    ['a reset', reset],
    ['a connection that ends midway', cutOff],
  ])('is sent once more with the same key and body after %s', async (_, step) => {
    const { server, caller } = await start(step, ok)
    expect(await caller.run({ idempotencyKey }, { at: 9 })).toMatchObject({ status: 'ok' })
    expect(
      server.received.map(({ headers, body }) => [headers['idempotency-key'], body.toString()]),
    ).toEqual([
      ['wish-1', '{"at":9}'],
      ['wish-1', '{"at":9}'],
    ])
  })

  it('without a key is sent once only', async () => {
    const { server, caller } = await start(reset, ok)
    expect(await caller.run()).toMatchObject({ status: 'unknown' })
    expect(server.received).toHaveLength(1)
  })

  it.each([
    ['a reset and 409', reset, status(409)],
    ['a reset and 503', reset, status(503)],
    ['a reset twice', reset, reset],
    ['a reset and silence', reset, hang],
    ['502 and 409', status(502), status(409)],
    ['504 twice', status(504), status(504)],
    ['503 and 504', status(503), status(504)],
  ])('is unknown after %s, as one of them may have done it', async (_, first, second) => {
    const { server, caller } = await start(first, second)
    expect(await caller.run({ idempotencyKey })).toMatchObject({ status: 'unknown' })
    expect(server.received).toHaveLength(2)
  })

  it('has failed if it was refused twice', async () => {
    const { server, caller } = await start(status(503), status(409))
    const outcome = await caller.run({ idempotencyKey })
    expect(outcome).toMatchObject({ status: 'failed' })
    expect(outcome.content).toContain('409')
    expect(server.received).toHaveLength(2)
  })

  it('is not repeated after silence', async () => {
    const { server, caller } = await start(hang, ok)
    expect(await caller.run({ idempotencyKey })).toMatchObject({ status: 'unknown' })
    expect(server.received).toHaveLength(1)
  })
})
