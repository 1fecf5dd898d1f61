import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { createGate } from '../../support/gate.ts'
import { eventually, startMcpBench } from '../../support/mcp-bench.ts'
import { CLINIC_TOOLS, connectedClinic, onCall, startClinic } from '../../support/mcp-clinic.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'

describe('a server that is down at the start', () => {
  it('is tried until it is there, and meanwhile its tools are not offered', async () => {
    const port = await freePort()
    const { mcp, lines, run, reaches } = startMcpBench(`http://127.0.0.1:${port}/mcp`, CLINIC_TOOLS)
    expect(mcp.status()).toEqual({ clinic: 'unreachable' })
    await eventually(() => lines.length > 0)
    expect(mcp.offer('look')).toBeNull()
    expect(await run('book')).toMatchObject({ status: 'failed', sent: false })
    const server = await startClinic(port)
    await reaches('ok')
    expect(mcp.offer('look')).not.toBeNull()
    expect(await run('look')).toMatchObject({ status: 'ok' })
    await server.close()
    expect(await run('look')).toMatchObject({ status: 'failed' })
    await reaches('unreachable')
    expect(mcp.offer('look')).toBeNull()
    await startClinic(port)
    await reaches('ok')
    // One line for each change, however many tries it took.
    const told = lines.filter(({ message }) => message.startsWith('mcp server'))
    expect(told.map(({ message }) => message)).toEqual([
      'mcp server unreachable',
      'mcp server reached',
      'mcp server unreachable',
      'mcp server reached',
    ])
    expect(told[0]?.values).toEqual({ server: 'clinic', code: 'ECONNREFUSED' })
  })

  it.each([
    ['wants credentials', 401, 'mcp server refuses access: set its headers'],
    ['forbids', 403, 'mcp server refuses access: set its headers'],
    ['breaks', 500, 'mcp server unreachable'],
  ])('or %s is unreachable, and no secret is logged', async (_, httpStatus, message) => {
    const server = await startClinic()
    const headers = { authorization: 'Bearer s3cret' }
    server.intercept((received, response) => {
      response.writeHead(httpStatus, { 'www-authenticate': 'Bearer' })
      response.end(received.headers.authorization)
      return true
    })
    const { mcp, lines } = startMcpBench(server.url, CLINIC_TOOLS, { headers })
    await eventually(() => server.received.length > 4)
    expect(mcp.status()).toEqual({ clinic: 'unreachable' })
    expect(lines).toEqual([{ level: 'warn', values: { server: 'clinic', httpStatus }, message }])
    // No address of an authorization server was asked for.
    expect(server.received.every(({ httpMethod }) => httpMethod === 'POST')).toBe(true)
  })

  it('or never answers is given up after the time of a try, and tried again', async () => {
    const server = await startClinic()
    server.intercept(() => true)
    const { lines } = startMcpBench(server.url, CLINIC_TOOLS, { tryMs: 50 })
    await eventually(() => server.received.length > 2)
    expect(lines.map(({ values }) => values)).toEqual([{ server: 'clinic', code: 'TIMEOUT' }])
  })

  it('or says nothing that makes sense is unreachable', async () => {
    const server = await startClinic()
    server.intercept((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"jsonrpc":')
      return true
    })
    const { mcp } = startMcpBench(server.url, CLINIC_TOOLS)
    await eventually(() => server.received.length > 4)
    expect(mcp.status()).toEqual({ clinic: 'unreachable' })
  })

  it('or sends its clients elsewhere is not followed', async () => {
    const elsewhere = await startWebhookServer()
    onTestFinished(() => elsewhere.close())
    const server = await startClinic()
    for (const status of [301, 307, 308]) {
      for (const location of [elsewhere.url, '/other']) {
        server.intercept((_, response) => {
          response.writeHead(status, { location })
          response.end()
          return true
        })
        const seen = server.received.length
        const { mcp } = startMcpBench(server.url, CLINIC_TOOLS)
        await eventually(() => server.received.length > seen + 2)
        expect(mcp.status()).toEqual({ clinic: 'unreachable' })
        await mcp.close()
      }
    }
    expect(elsewhere.received).toEqual([])
  })
})

it('a server that no longer takes the credentials is unreachable', async () => {
  const { server, mcp, lines, run, reaches } = await connectedClinic()
  server.intercept((_, response) => {
    response.writeHead(401).end()
    return true
  })
  expect(await run('book')).toMatchObject({ status: 'failed' })
  await reaches('unreachable')
  expect(mcp.offer('book')).toBeNull()
  expect(lines.at(-1)?.message).toBe('mcp server refuses access: set its headers')
})

describe('a session that the server has forgotten', () => {
  it('is replaced by a new one, in which a read is repeated', async () => {
    const { server, mcp, run } = await connectedClinic()
    await server.forgetSessions()
    expect(await run('look')).toMatchObject({ status: 'ok', content: 'done' })
    expect(server.count('tools/call')).toBe(2)
    expect(mcp.status()).toEqual({ clinic: 'ok' })
  })

  it('fails a write, and the next one works', async () => {
    const { server, run } = await connectedClinic()
    await server.forgetSessions()
    const outcome = await run('book')
    expect(outcome.status).toBe('failed')
    expect(server.count('tools/call')).toBe(1)
    await eventually(() => server.count('initialize') > 1 && server.count('tools/list') > 1)
    await eventually(() => server.received.some(({ httpMethod }) => httpMethod === 'DELETE'))
    expect(await run('book')).toMatchObject({ status: 'ok' })
  })

  it('is noticed without a call, by the stream of news that breaks', async () => {
    const { server } = await connectedClinic()
    await eventually(() => server.received.some(({ httpMethod }) => httpMethod === 'GET'))
    await server.forgetSessions()
    await eventually(() => server.count('initialize') > 1)
  })
})

describe('closing', () => {
  it('takes leave of the server, and ends the calls that run', async () => {
    const { server, mcp, run } = await connectedClinic({ book: { timeout_ms: 20_000 } })
    const asked = createGate()
    server.intercept(onCall(() => asked.reach()))
    const outcome = run('book')
    await asked.reached
    await mcp.close()
    expect((await outcome).status).toBe('unknown')
    expect(server.received.some(({ httpMethod }) => httpMethod === 'DELETE')).toBe(true)
  })

  it('does not wait for a server that hangs', async () => {
    const { server, mcp } = await connectedClinic()
    server.intercept(() => true)
    await mcp.close()
    const seen = server.received.length
    await mcp.close()
    expect(server.received).toHaveLength(seen)
  })

  it('ends the tries to connect', async () => {
    const server = await startClinic()
    server.intercept(() => true)
    const { mcp } = startMcpBench(server.url, CLINIC_TOOLS)
    await eventually(() => server.received.length > 0)
    await mcp.close()
    expect(mcp.status()).toEqual({ clinic: 'unreachable' })
  })
})
