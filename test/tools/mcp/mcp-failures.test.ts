import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createGate } from '../../support/gate.ts'
import { connectedClinic, onCall, onFirstCall } from '../../support/mcp-clinic.ts'
import { sendResult } from '../../support/mcp-server.ts'

function isCallOf(tool: string, params: unknown): boolean {
  return JSON.stringify(params ?? null).includes(`"name":"${tool}"`)
}

function stream(response: ServerResponse, text = ''): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(text)
  response.flushHeaders()
}

/** Deeper than JSON.stringify can go. */
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`

function sendText(response: ServerResponse, id: unknown, structuredContent: string): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const result = `{"content":[],"structuredContent":${structuredContent}}`
  response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`)
}

describe('a call without a good answer', () => {
  const BAD: readonly (readonly [string, Parameters<typeof onCall>[0]])[] = [
    ['hangs', () => undefined],
    ['hangs after the headers', (response) => stream(response, ': wait\n\n')],
    ['breaks off', (response) => response.socket?.resetAndDestroy()],
    [
      'breaks off in the middle',
      (response) => {
        stream(response, 'data: {"jsonrpc"')
        response.socket?.end()
      },
    ],
    [
      'ends without an answer',
      (response) => {
        stream(response, ': nothing\n\n')
        response.end()
      },
    ],
    ['accepts it and says no more', (response) => response.writeHead(202).end()],
    [
      'is no JSON',
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a'),
    ],
    [
      'is a page',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ],
    ['is no result', (response, id) => sendResult(response, id, { content: 'nonsense' })],
    ['is for another call', (response) => sendResult(response, 4711, { content: [] })],
    ['is very deep', (response, id) => sendText(response, id, `{"a":${DEEP}}`)],
    ['is a gateway', (response) => response.writeHead(502).end('bad gateway')],
    [
      'is endless',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(' '.repeat(300_000))
      },
    ],
    ['is an endless stream', (response) => stream(response, `: ${'x'.repeat(300_000)}`)],
    [
      'is a stream of endless news',
      (response) => {
        const note = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info' } }
        stream(response, `data: ${JSON.stringify(note)}\n\n`.repeat(4000))
      },
    ],
  ]

  it.each(BAD)('that %s: a read failed, a write is unknown and not repeated', async (_, answer) => {
    const { server, run } = await connectedClinic()
    server.intercept(onCall(answer))
    const look = await run('look')
    expect(look.status).toBe('failed')
    expect(JSON.parse(look.content)).toHaveProperty('error')
    expect(await run('book')).toMatchObject({
      status: 'unknown',
      content: expect.stringContaining('not known whether this was done') as string,
    })
    const writes = server.received.filter(({ message }) => isCallOf('book', message?.params))
    expect(writes).toHaveLength(1)
  })

  it('that was refused by the server failed, and the model learns why', async () => {
    const { server, run } = await connectedClinic()
    server.intercept(
      onCall((response, id) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const error = { code: -32602, message: 'No slot 9' }
        response.end(JSON.stringify({ jsonrpc: '2.0', id, error }))
      }),
    )
    const { status, content } = await run('book')
    expect(status).toBe('failed')
    expect(content).toContain('No slot 9')
  })

  it('leaves no request behind', async () => {
    const { server, run } = await connectedClinic()
    const left = createGate()
    server.intercept(
      onCall((response) => {
        stream(response, ': wait\n\n')
        response.once('close', left.reach)
      }),
    )
    await run('book')
    await left.reached
  })

  it('has its answer as soon as that arrives, though the stream goes on', async () => {
    const { server, run } = await connectedClinic({ book: { timeout_ms: 20_000 } })
    const left = createGate()
    server.intercept(
      onCall((response, id) => {
        const result = { jsonrpc: '2.0', id, result: { content: [] } }
        stream(response, `data: ${JSON.stringify(result)}\n\n`)
        response.once('close', left.reach)
      }),
    )
    expect(await run('book')).toMatchObject({ status: 'ok' })
    await left.reached
  })

  it('is told apart from one that was cancelled', async () => {
    const { server, lines, run } = await connectedClinic({ look: { timeout_ms: 20_000 } })
    const hangUp = new AbortController()
    server.intercept(onCall(() => hangUp.abort()))
    const outcome = await run('look', { signal: hangUp.signal })
    expect(outcome.content).toContain('cancelled')
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it('that is cancelled beforehand is never sent', async () => {
    const { server, run } = await connectedClinic()
    const outcome = await run('book', { signal: AbortSignal.abort() })
    expect(outcome).toMatchObject({ status: 'failed', sent: false })
    expect(server.count('tools/call')).toBe(0)
  })
})

describe('a write that the server knows by its key', () => {
  it('is repeated under the same key when its answer is lost', async () => {
    const { server, run } = await connectedClinic()
    server.intercept(onFirstCall((response) => response.socket?.resetAndDestroy()))
    expect(await run('pay', { key: 'key-1' })).toMatchObject({ status: 'ok' })
    const calls = server.received.filter(({ message }) => message?.method === 'tools/call')
    expect(calls.map(({ headers }) => headers['idempotency-key'])).toEqual(['key-1', 'key-1'])
  })

  it('is not repeated without a key', async () => {
    const { server, run } = await connectedClinic()
    server.intercept(onFirstCall((response) => response.socket?.resetAndDestroy()))
    expect(await run('pay')).toMatchObject({ status: 'unknown' })
    expect(server.count('tools/call')).toBe(1)
  })

  it('stays in doubt when the server dies after it was sent', async () => {
    const { server, run } = await connectedClinic()
    server.intercept((received, response) => {
      if (received.message?.method === 'tools/call') void server.close()
      response.socket?.resetAndDestroy()
      return true
    })
    const outcome = await run('pay', { key: 'key-1' })
    expect(outcome.status).toBe('unknown')
    expect(outcome).not.toHaveProperty('sent')
  })
})
