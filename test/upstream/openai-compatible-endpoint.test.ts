import { describe, expect, it } from 'vitest'
import { codeOf, failure } from '../support/connected-upstream.ts'
import { openSilentPort } from '../support/fault-silent-port.ts'
import { upstreamPair } from '../support/upstream-pair.ts'

const at = upstreamPair()

async function failTimes(times: number): Promise<void> {
  for (let time = 0; time < times; time++) await failure(at.client.run().completion)
}

describe('the limits of an upstream', () => {
  it.each([
    ['first_token_timeout_ms', { fault: 'hang' as const }, 'first_token_timeout'],
    ['idle_timeout_ms', { say: 'Half a', fault: 'stall' as const }, 'idle_timeout'],
    ['turn_timeout_ms', { say: 'Half a', fault: 'stall' as const }, 'total_timeout'],
  ])('go before those of the routing: %s', async (key, reply, reason) => {
    await at.reconnect(at.server.url, { options: { [key]: 40 } })
    at.server.reply(reply)
    expect(await codeOf(at.client.run().completion)).toBe('upstream_timeout')
    expect(at.client.warned()).toMatchObject([{ reason }])
    // None where the time was over before it was sent.
    for (const { closed } of at.server.requests) expect(await closed).toBe(true)
  })

  it('bound the time to connect', async () => {
    const silent = await openSilentPort()
    await at.reconnect(`http://127.0.0.1:${silent.port}`, { options: { connect_timeout_ms: 40 } })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_failed')
    expect(at.client.warned()).toMatchObject([{ reason: 'connect' }])
    await at.client.upstream.close()
    await silent.close()
  })

  it('count connecting to the time for the first token', async () => {
    const silent = await openSilentPort()
    await at.reconnect(`http://127.0.0.1:${silent.port}`, { firstTokenMs: 40 })
    expect(await codeOf(at.client.run().completion)).toBe('upstream_timeout')
    expect(at.client.warned()).toMatchObject([{ reason: 'first_token_timeout' }])
    await at.client.upstream.close()
    await silent.close()
  })

  it('end an answer that takes too long, though the listener is the slow one', async () => {
    await at.reconnect(at.server.url, { totalMs: 60 })
    const slow = () => new Promise<void>(() => undefined)
    at.server.always({ say: 'Half a', fault: 'stall' })
    for (let time = 0; time < 3; time++) {
      expect(await codeOf(at.client.run({ onText: slow }).completion)).toBe('upstream_timeout')
    }
    expect(at.client.warned()).toMatchObject([{}, {}, { reason: 'total_timeout' }])
    // Nobody but the callers were slow.
    expect(at.client.upstream.isUsable()).toBe(true)
  })
})

describe('the first token', () => {
  it.each([
    ['text', { say: 'One two three.' }],
    ['a tool call', { calls: [{ name: 'find', arguments: { name: 'Zoë' } }] }],
  ])('is told once, before anything of it is given out: %s', async (_, reply) => {
    at.server.reply(reply)
    const order: string[] = []
    const { completion } = at.client.run({
      onFirstToken: () => void order.push('first token'),
      onText: () => void order.push('text'),
    })
    await completion
    expect(order[0]).toBe('first token')
    expect(order.filter((what) => what === 'first token')).toHaveLength(1)
  })

  it('is not told for an answer that has none', async () => {
    at.server.reply({ say: ' ' }, { status: 500 }, { say: '' })
    let count = 0
    for (let time = 0; time < 3; time++) {
      await failure(at.client.run({ onFirstToken: () => count++ }).completion)
    }
    expect(count).toBe(0)
  })

  it('may be what makes a listener give the answer up, which gets nothing then', async () => {
    at.server.reply({ say: 'Late.', fault: 'stall' })
    const call = new AbortController()
    const { texts, completion } = at.client.run({
      signal: call.signal,
      onFirstToken: () => call.abort('lost'),
    })
    expect(await failure(completion)).toBe('lost')
    expect(texts).toEqual([])
    expect(await (await at.server.received()).closed).toBe(true)
  })

  it('ends the request where the listener fails at it', async () => {
    at.server.reply({ say: 'Half a', fault: 'stall' })
    const error = new Error('listener')
    const { texts, completion } = at.client.run({
      onFirstToken: () => {
        throw error
      },
    })
    expect(await failure(completion)).toBe(error)
    expect(texts).toEqual([])
  })

  it('is measured, its p95 once 20 are known', async () => {
    at.server.always({ say: 'Yes.' })
    for (let turn = 0; turn < 19; turn++) await at.client.run().completion
    expect(at.client.upstream.firstTokenP95Ms()).toBeUndefined()
    await at.client.run().completion
    expect(at.client.upstream.firstTokenP95Ms()).toBeGreaterThan(0)
    expect(await at.client.measured('upstream_first_token_seconds_count')).toEqual([
      expect.stringMatching(/upstream="primary"} 20$/),
    ])
    const [average] = await at.client.measured('first_token_average_seconds')
    expect(Number(average?.split(' ')[1])).toBeGreaterThan(0)
  })
})

describe('the circuit', () => {
  it('opens after three failures in a row and admits nothing; a last resort still works', async () => {
    expect(await at.client.measured('circuit_open')).toEqual([expect.stringMatching(/ 0$/)])
    at.server.always({ status: 500 })
    await failTimes(3)
    expect([at.client.upstream.admits(), at.client.upstream.isUsable()]).toEqual([false, false])
    expect(at.client.upstream.isToldToWait()).toBe(false)
    expect(at.client.lines).toContainEqual({
      level: 'warn',
      values: { upstream: 'primary', reason: 'status', openMs: 2000 },
      message: 'circuit opened',
    })
    expect(await at.client.measured('circuit_open')).toEqual([expect.stringMatching(/ 1$/)])
    at.server.always({ say: 'Back.' })
    await at.client.run().completion
    expect(at.client.upstream.admits()).toBe(true)
    expect(at.client.lines).toContainEqual({
      level: 'info',
      values: { upstream: 'primary' },
      message: 'circuit closed',
    })
    expect(await at.client.measured('circuit_open')).toEqual([expect.stringMatching(/ 0$/)])
  })

  it.each([400, 413, 422])('takes a %d for a fault of the request', async (status) => {
    at.server.always({ status, headers: { 'retry-after': '60' } })
    await failTimes(4)
    expect(at.client.upstream.admits()).toBe(true)
  })

  it.each([
    [429, { 'retry-after': '30' }],
    [503, { 'retry-after-ms': '30000' }],
    [500, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }],
  ])('is opened at once by a %d that says when to come back', async (status, headers) => {
    at.server.reply({ status, headers })
    await failTimes(1)
    expect([at.client.upstream.admits(), at.client.upstream.isToldToWait()]).toEqual([false, true])
  })

  it('is not opened by callers who hang up', async () => {
    at.server.always({ fault: 'hang' })
    for (let turn = 1; turn <= 4; turn++) {
      const call = new AbortController()
      const { completion } = at.client.run({ signal: call.signal })
      await at.server.received(turn)
      call.abort('gone')
      await failure(completion)
    }
    expect(at.client.upstream.admits()).toBe(true)
  })

  it('admits another probe when the first was gone before it was sent', async () => {
    at.server.reply({ status: 503, headers: { 'retry-after-ms': '1' } })
    await failTimes(1)
    await expect.poll(() => at.client.upstream.admits()).toBe(true)
    expect(at.client.upstream.admits()).toBe(false)
    expect(await failure(at.client.run({ signal: AbortSignal.abort('gone') }).completion)).toBe(
      'gone',
    )
    expect(at.client.upstream.admits()).toBe(true)
  })

  it('admits another probe when the first could not be written', async () => {
    at.server.reply({ status: 503, headers: { 'retry-after-ms': '1' } })
    await failTimes(1)
    await expect.poll(() => at.client.upstream.admits()).toBe(true)
    const { completion } = at.client.run({}, { parameters: { temperature: 1n } })
    expect(await failure(completion)).toBeInstanceOf(TypeError)
    expect(at.client.upstream.admits()).toBe(true)
  })
})

describe('a refusal', () => {
  it('is logged with the name that the vendor gave it', async () => {
    at.server.reply({
      status: 429,
      body: '{"error":{"code":"rate_limit_exceeded","message":"secret"}}',
    })
    await failTimes(1)
    await expect
      .poll(() => at.client.warned())
      .toEqual([
        { upstream: 'primary', status: 429, reason: 'status', refusal: 'rate_limit_exceeded' },
      ])
  })

  it('is logged without what the configured headers hold, and without a part of it', async () => {
    const headers = { 'api-key': 'azure-secret', authorization: 'Basic dXNlcjpwYXNz' }
    await at.reconnect(at.server.url, { options: { headers } })
    const words = 'azure-secret, dXNlcjpwYXNz, '
    const cut = `${words}${'x'.repeat(2048 - words.length - 8)}azure-secret and more`
    at.server.reply({ status: 401, body: words }, { status: 401, body: cut })
    await failTimes(2)
    await expect.poll(() => at.client.warned()).toHaveLength(2)
    const bodies = at.client.lines.flatMap(({ values }) => ('body' in values ? [values.body] : []))
    expect(bodies).toEqual(['***, ***, ', expect.stringMatching(/^\*{3}, \*{3}, x+$/)])
  })

  it('does not wait for a body that never comes whole, nor keep its connection', async () => {
    at.server.reply({ status: 500, body: '{"error":', fault: 'stall' })
    await failTimes(1)
    expect(at.client.warned()).toEqual([])
    await expect.poll(() => at.client.warned(), { timeout: 5000 }).toHaveLength(1)
    expect(await (await at.server.received()).closed).toBe(true)
  })

  it('is read no further than 2 KiB', async () => {
    at.server.reply({ status: 500, body: `{"error":"${'x'.repeat(3 * 1024 * 1024)}"}` })
    await failTimes(1)
    await expect.poll(() => at.client.warned()).toHaveLength(1)
    const body = at.client.lines.find(({ message }) => message === 'upstream refused')?.values
    expect(JSON.stringify(body).length).toBeLessThan(2200)
  })

  it('leaves the connection for the next turn', async () => {
    await at.reconnect(at.server.url, { options: { warm_connections: 0 } })
    at.server.reply({ status: 500, body: '{}' }, { say: 'Next.' })
    await failTimes(1)
    await expect.poll(() => at.client.warned()).toHaveLength(1)
    await new Promise(setImmediate)
    await at.client.run().completion
    expect(at.server.connections).toHaveLength(1)
  })
})

it('counts every request by what came of it', async () => {
  at.server.reply({ say: 'Yes.' }, { status: 500 }, { say: ' ' }, { fault: 'hang' })
  await at.client.run().completion
  await failTimes(2)
  const call = new AbortController()
  const { completion } = at.client.run({ signal: call.signal })
  await at.server.received(4)
  call.abort('gone')
  await failure(completion)
  const lines = await at.client.measured('upstream_requests_total')
  const outcomes = lines.map((line) => /outcome="(\w+)"} (\d+)/.exec(line)?.slice(1).join(' '))
  expect(outcomes.sort()).toEqual(['abandoned 1', 'completed 1', 'empty 1', 'status 1'])
})
