import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCertificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { connectUpstream, failure } from '../support/connected-upstream.ts'
import type { ConnectedUpstream } from '../support/connected-upstream.ts'
import { freePort } from '../support/free-port.ts'
import { listenOnLoopback } from '../support/loopback-server.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'
import type { UpstreamServer } from '../support/upstream-server.ts'

let tls: Certificate
let server: UpstreamServer
let client: ConnectedUpstream

const open = () => server.connections.filter(({ destroyed }) => !destroyed).length
const accepted = () => server.connections.length

async function reconnect(settings: Parameters<typeof connectUpstream>[1]): Promise<void> {
  await client.upstream.close()
  await expect.poll(open).toBe(0)
  client = connectUpstream(server.url, { ca: tls.cert, ...settings })
}

beforeAll(async () => {
  tls = await createCertificate()
})

beforeEach(async () => {
  server = await startUpstreamServer(tls)
  client = connectUpstream(server.url, { ca: tls.cert })
  server.always({ say: 'Yes.' })
})

afterEach(async () => {
  await client.upstream.close()
  await server.close()
})

describe('connections in advance', () => {
  it('stand ready after the start without a request, and serve the first turn', async () => {
    await expect.poll(open).toBe(2)
    expect(server.requests).toHaveLength(0)
    const ready = server.connections.map(({ remotePort }) => remotePort)
    await client.run().completion
    expect(ready).toContain(server.requests[0]?.remotePort)
  })

  it('are none where the certificate is not trusted', async () => {
    await client.upstream.close()
    client = connectUpstream(server.url)
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(client.warned()).toMatchObject([{ reason: 'connect' }])
    expect(server.requests).toHaveLength(0)
  })

  it('are replaced when they are taken', async () => {
    await expect.poll(open).toBe(2)
    server.reply({ say: 'Half a', fault: 'stall' })
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal })
    await expect.poll(open).toBe(3)
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    await expect.poll(open).toBe(2)
  })

  it('are as many as configured', async () => {
    await reconnect({ options: { warm_connections: 5 } })
    await expect.poll(open).toBe(5)
    const before = accepted()
    await Promise.all(Array.from({ length: 5 }, () => client.run().completion))
    const ready = server.connections.slice(before - 5, before).map(({ remotePort }) => remotePort)
    for (const { remotePort } of server.requests) expect(ready).toContain(remotePort)
  })

  it('may be none: then each is opened for a turn, and kept', async () => {
    await reconnect({ options: { warm_connections: 0 } })
    const before = accepted()
    expect((await client.run().completion).text).toBe('Yes.')
    await expect.poll(accepted).toBe(before + 1)
    expect(open()).toBe(1)
  })

  it('do not limit the turns at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.run().completion))
    expect(answers.map(({ text }) => text)).toEqual(answers.map(() => 'Yes.'))
    expect(new Set(server.requests.map(({ remotePort }) => remotePort)).size).toBeGreaterThan(1)
  })

  it('are replaced when the other side closes them', async () => {
    await reconnect({ warmthTimes: { soonMs: 0 } })
    await expect.poll(open).toBe(2)
    const closed = server.connections.filter(({ destroyed }) => !destroyed)
    for (const socket of closed) socket.destroy()
    await expect
      .poll(
        () => server.connections.filter((one) => !closed.includes(one) && !one.destroyed).length,
      )
      .toBe(2)
    expect((await client.run().completion).text).toBe('Yes.')
    expect(closed.map(({ remotePort }) => remotePort)).not.toContain(server.requests[0]?.remotePort)
  })

  it('are opened again and again where the other side does not want them', async () => {
    await client.upstream.close()
    const hostile = createServer((socket) => socket.on('error', () => undefined).destroy())
    let count = 0
    hostile.on('connection', () => count++)
    const port = await listenOnLoopback(hostile)
    client = connectUpstream(`http://127.0.0.1:${port}`, {
      options: { warm_connections: 1 },
      warmthTimes: { firstDelayMs: 5 },
    })
    await expect.poll(() => count).toBeGreaterThanOrEqual(4)
    await client.upstream.close()
    hostile.close()
  })

  it('come once an endpoint that was away is there', async () => {
    await client.upstream.close()
    const port = await freePort()
    client = connectUpstream(`http://127.0.0.1:${port}`, { warmthTimes: { firstDelayMs: 10 } })
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(client.warned()).toMatchObject([{ reason: 'connect' }])
    const late = await startUpstreamServer(undefined, port)
    await expect.poll(() => late.connections.length, { timeout: 5000 }).toBe(2)
    await client.upstream.close()
    await late.close()
  })

  it('are renewed before the other side grows tired of them', async () => {
    await reconnect({ warmthTimes: { renewAfterMs: 50 } })
    const before = accepted()
    await expect.poll(() => accepted() - before).toBeGreaterThanOrEqual(6)
    await expect.poll(open).toBeLessThanOrEqual(4)
    expect((await client.run().completion).text).toBe('Yes.')
  })

  it('are one where no turn has come for long', async () => {
    await reconnect({ warmthTimes: { renewAfterMs: 50, quietAfterMs: 100 } })
    await expect.poll(open).toBe(2)
    await expect.poll(open).toBe(1)
    await client.run().completion
    await expect.poll(open).toBeGreaterThanOrEqual(2)
  })

  it('are all gone when the upstream is closed', async () => {
    server.reply({ fault: 'hang' })
    const { completion } = client.run()
    await server.received()
    await client.upstream.close()
    expect(await failure(completion)).toMatchObject({ code: 'upstream_failed' })
    await expect.poll(open).toBe(0)
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(accepted()).toBeLessThanOrEqual(3)
  })

  it('do not keep a process alive', { timeout: 90_000 }, async () => {
    const script = `
      import { createOpenAiCompatibleUpstream } from './src/upstream/openai-compatible.ts'
      import { OpenAiCompatibleOptions, RoutingOptions } from './src/upstream/options.ts'
      import { createLog } from './src/observability/log.ts'
      import { createMetrics } from './src/observability/metrics.ts'
      const upstream = createOpenAiCompatibleUpstream({
        name: 'primary',
        options: OpenAiCompatibleOptions.parse({ base_url: '${server.url}', model: 'm' }),
        routing: RoutingOptions.parse({}),
        stripThink: true,
        log: createLog('silent'),
        metrics: createMetrics(),
        tls: { ca: ${JSON.stringify(tls.cert)} },
      })
      const { text } = await upstream.complete(
        { messages: [], tools: [], parameters: {}, wantsUsage: false, state: 's' },
        { signal: new AbortController().signal, onText: () => undefined },
      )
      console.log(text)`
    const run = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { timeout: 60_000 },
    )
    expect((await run).stdout).toBe('Yes.\n')
  })
})

it('every turn ends once, whatever becomes of the connections', async () => {
  const clear = await startUpstreamServer()
  const faults = ['reset', undefined, 'break', undefined, undefined, 'reset'] as const
  let count = 0
  clear.always(() => {
    const fault = faults[count++ % faults.length]
    if (count % 5 === 0) clear.connections.at(-1)?.destroy()
    const headers = { connection: count % 3 === 0 ? 'close' : 'keep-alive' }
    return { say: 'Yes.', headers, ...(fault && { fault }) }
  })
  await client.upstream.close()
  client = connectUpstream(clear.url, { warmthTimes: { firstDelayMs: 1, renewAfterMs: 20 } })
  const turns = Array.from({ length: 100 }, async (_, turn) => {
    await wait(turn % 40)
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal })
    if (turn % 7 === 0) setTimeout(() => call.abort('gone'), turn % 20)
    return completion.then(
      () => 'completed',
      () => 'failed',
    )
  })
  expect(await Promise.all(turns)).toContain('completed')
  const lines = await client.measured('upstream_requests_total')
  const counted = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  expect(counted).toBe(100)
  await client.upstream.close()
  await expect.poll(() => clear.connections.every(({ destroyed }) => destroyed)).toBe(true)
  await clear.close()
})

describe('a connection that turns out dead', () => {
  it('costs nothing but a new one', async () => {
    await expect.poll(open).toBe(2)
    server.reply({ fault: 'reset' }, { say: 'After all.' })
    expect((await client.run().completion).text).toBe('After all.')
    expect(client.lines).toEqual([])
    expect(server.requests).toHaveLength(2)
    expect(client.upstream.isUsable()).toBe(true)
  })

  it('is given up when the new one dies as well', async () => {
    await expect.poll(open).toBe(2)
    server.always({ fault: 'reset' })
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(server.requests).toHaveLength(2)
    expect(client.warned()).toMatchObject([{ reason: 'broken' }])
  })

  it('is no excuse for one that was opened just now', async () => {
    await reconnect({ options: { warm_connections: 0 } })
    server.reply({ fault: 'reset' })
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(server.requests).toHaveLength(1)
  })

  it('does not count once a head has come', async () => {
    await expect.poll(open).toBe(2)
    server.reply({ say: '', fault: 'break' })
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_failed' })
    expect(server.requests).toHaveLength(1)
  })

  it('does not prolong the time for the first token', async () => {
    await reconnect({ firstTokenMs: 150 })
    await expect.poll(open).toBe(2)
    server.reply({ fault: 'reset' }, { fault: 'hang' })
    expect(await failure(client.run().completion)).toMatchObject({ code: 'upstream_timeout' })
    expect(client.warned()).toMatchObject([{ reason: 'first_token_timeout' }])
    const [line] = await client.measured('upstream_requests_total')
    expect(line).toContain('outcome="first_token_timeout"')
    expect(server.requests).toHaveLength(2)
  })

  it('ends with the caller who hangs up during the second try', async () => {
    await expect.poll(open).toBe(2)
    server.reply({ fault: 'reset' }, { fault: 'hang' })
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal })
    const second = await server.received(2)
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    expect(await second.closed).toBe(true)
  })
})
