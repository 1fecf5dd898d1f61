import type { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { eventually, startMcpBench } from '../../support/mcp-bench.ts'
import {
  answering,
  sendResult,
  startMcpServer,
  type RunningMcpServer,
} from '../../support/mcp-server.ts'

function clinicTools(server: McpServer): void {
  server.registerTool(
    'list_slots',
    {
      description: 'Free slots',
      inputSchema: z.object({ day: z.string() }),
      annotations: { readOnlyHint: true },
    },
    ({ day }) => ({ content: [{ type: 'text', text: JSON.stringify({ day, slots: [9, 10] }) }] }),
  )
  server.registerTool('book', { inputSchema: z.object({ slot: z.number() }) }, ({ slot }) => ({
    content: [{ type: 'text', text: `Booked ${slot}` }],
    structuredContent: { id: `B-${slot}` },
  }))
}

async function clinic(
  kind: 'sessions' | 'modern' | 'stateless' = 'sessions',
): Promise<RunningMcpServer> {
  const server = await startMcpServer(clinicTools, { kind })
  onTestFinished(() => server.close())
  return server
}

/** A server whose one tool answers every call with this. */
async function answeringServer(result: object): Promise<RunningMcpServer> {
  const server = await clinic()
  server.intercept(answering('tools/call', (id, response) => sendResult(response, id, result)))
  return server
}

const TEXT = (text: string) => ({ type: 'text', text })

describe.each(['sessions', 'modern', 'stateless'] as const)('a server of the kind %s', (kind) => {
  it('lends its tools and answers their calls', async () => {
    const server = await clinic(kind)
    const { mcp, lines, reaches, run } = startMcpBench(server.url, { list_slots: {}, book: {} })
    await reaches('ok')
    expect(mcp.offer('list_slots')).toMatchObject({
      name: 'list_slots',
      description: 'Free slots',
      parameters: { type: 'object', required: ['day'] },
    })
    expect([mcp.effectOf('list_slots'), mcp.effectOf('book')]).toEqual(['read', 'write'])
    expect(await run('list_slots', { args: { day: 'mon' } })).toEqual({
      status: 'ok',
      content: '{"day":"mon","slots":[9,10]}',
      value: { day: 'mon', slots: [9, 10] },
    })
    expect(lines).toEqual([
      { level: 'info', values: { server: 'clinic' }, message: 'mcp server reached' },
    ])
    expect(server.count('tools/list')).toBe(1)
  })
})

describe('a call', () => {
  it('carries the headers, and its key in a header and in the message', async () => {
    const server = await clinic()
    const headers = { authorization: 'Bearer s3cret' }
    const { reaches, run } = startMcpBench(server.url, { book: {} }, { headers })
    await reaches('ok')
    await run('book', { args: { slot: 9 }, key: 'key-1' })
    const call = server.received.find(({ message }) => message?.method === 'tools/call')
    expect(call?.headers).toMatchObject({
      authorization: 'Bearer s3cret',
      'idempotency-key': 'key-1',
    })
    expect(call?.message?.params).toMatchObject({
      name: 'book',
      arguments: { slot: 9 },
      _meta: { 'turnstate/idempotency-key': 'key-1' },
    })
    expect(Object.keys(call?.headers ?? {}).join()).not.toContain('turnstate')
    expect(server.received.every((each) => each.headers.authorization !== undefined)).toBe(true)
  })

  it('goes to the tool that is configured, under the name that it has there', async () => {
    const server = await clinic()
    const { mcp, reaches, run } = startMcpBench(server.url, { free: { tool: 'list_slots' } })
    await reaches('ok')
    expect(mcp.offer('list_slots')).toBeNull()
    expect(await run('free', { args: { day: 'tue' } })).toMatchObject({ value: { day: 'tue' } })
  })

  it('gets its own answer, however many run at a time', async () => {
    const server = await clinic()
    const { reaches, run } = startMcpBench(server.url, { list_slots: {} })
    await reaches('ok')
    const days = Array.from({ length: 20 }, (_, day) => `day ${day}`)
    const outcomes = await Promise.all(days.map((day) => run('list_slots', { args: { day } })))
    expect(outcomes.map(({ value }) => value)).toEqual(days.map((day) => ({ day, slots: [9, 10] })))
  })
})

describe('a result', () => {
  it('is the structured content, and what the model reads is the text', async () => {
    const server = await clinic()
    const { reaches, run } = startMcpBench(server.url, { book: {} })
    await reaches('ok')
    expect(await run('book', { args: { slot: 9 } })).toEqual({
      status: 'ok',
      content: 'Booked 9',
      value: { id: 'B-9' },
    })
  })

  it.each([
    ['nothing', { content: [] }, 'ok', ''],
    ['structure alone', { content: [], structuredContent: { a: 1 } }, '{"a":1}', { a: 1 }],
    ['several texts', { content: [TEXT('a'), TEXT('b')] }, 'a\nb', 'a\nb'],
    ['a number', { content: [TEXT('7')] }, '7', 7],
    [
      'things that cannot be spoken',
      {
        content: [
          TEXT('See:'),
          { type: 'image', data: 'aGk=', mimeType: 'image/png' },
          { type: 'audio', data: 'aGk=', mimeType: 'audio/wav' },
          { type: 'resource_link', uri: 'file:///etc/passwd', name: 'list' },
          { type: 'resource', resource: { uri: 'file:///x', mimeType: 'text/plain', text: 'x' } },
        ],
      },
      'See:\n[image: image/png]\n[audio: audio/wav]\n[resource: list]\n[resource: text/plain]',
      'See:\n[image: image/png]\n[audio: audio/wav]\n[resource: list]\n[resource: text/plain]',
    ],
  ])('may be %s', async (_, result, content, value) => {
    const server = await answeringServer(result)
    const { reaches, run } = startMcpBench(server.url, { book: {} })
    await reaches('ok')
    expect(await run('book')).toEqual({ status: 'ok', content, value })
  })

  it('is worded by the result template, and cut at 6 KiB', async () => {
    const server = await answeringServer({ content: [TEXT('x'.repeat(100_000))] })
    const tools = { book: {}, worded: { tool: 'book', result_template: 'It says {{result}}' } }
    const { reaches, run } = startMcpBench(server.url, tools)
    await reaches('ok')
    const { content, value } = await run('book')
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(6144)
    expect(value).toHaveLength(100_000)
    expect((await run('worded')).content).toMatch(/^It says xxx/)
  })

  it('that is an error is a failure, told without addresses', async () => {
    const text = 'Slot taken, see http://10.0.0.1/admin'
    const server = await answeringServer({ isError: true, content: [TEXT(text)] })
    const { reaches, run } = startMcpBench(server.url, { book: {} })
    await reaches('ok')
    expect(await run('book')).toEqual({
      status: 'failed',
      content: '{"error":"the tool failed","detail":"Slot taken, see [link]"}',
    })
  })
})

describe('the list of tools', () => {
  it('is read page by page', async () => {
    const server = await clinic()
    server.intercept(
      answering('tools/list', (id, response, params) => {
        const { cursor = '0' } = params as { cursor?: string } // as the server itself gave it
        const page = Number(cursor)
        sendResult(response, id, {
          tools: [{ name: `tool_${page}`, inputSchema: { type: 'object' } }],
          ...(page < 4 && { nextCursor: String(page + 1) }),
        })
      }),
    )
    const { mcp, reaches } = startMcpBench(server.url, { tool_0: {}, tool_4: {} })
    await reaches('ok')
    expect(mcp.offer('tool_0')).not.toBeNull()
    expect(mcp.offer('tool_4')).not.toBeNull()
  })

  it('without an end is none', async () => {
    const server = await clinic()
    let page = 0
    server.intercept(
      answering('tools/list', (id, response) =>
        sendResult(response, id, { tools: [], nextCursor: `page ${(page += 1)}` }),
      ),
    )
    const { mcp, lines } = startMcpBench(server.url, { book: {} })
    await eventually(() => lines.some(({ message }) => message === 'mcp server unreachable'))
    expect(mcp.status()).toEqual({ clinic: 'unreachable' })
  })

  it('may hold a broken tool beside a good one', async () => {
    const server = await clinic()
    server.intercept(
      answering('tools/list', (id, response) =>
        sendResult(response, id, {
          tools: [
            null,
            { name: 'broken', inputSchema: 'nonsense' },
            { name: 'book', inputSchema: { type: 'object' } },
          ],
        }),
      ),
    )
    const { mcp, lines, reaches } = startMcpBench(server.url, { broken: {}, book: {} })
    await reaches('ok')
    expect(mcp.offer('book')).not.toBeNull()
    expect(mcp.offer('broken')).toBeNull()
    expect(lines).toContainEqual({
      level: 'warn',
      values: { server: 'clinic', tool: 'broken', why: 'its schema is no JSON object' },
      message: 'mcp tool left out',
    })
  })

  it.each(['sessions', 'modern'] as const)('is read again when it changes (%s)', async (kind) => {
    const tools = ['list_slots']
    const server = await startMcpServer(
      (each) => {
        for (const name of tools) {
          each.registerTool(name, { annotations: { readOnlyHint: true } }, () => ({ content: [] }))
        }
      },
      { kind },
    )
    onTestFinished(() => server.close())
    const { mcp, reaches, run } = startMcpBench(server.url, { list_slots: {}, extra: {} })
    await reaches('ok')
    await eventually(() => listensForNews(server))
    expect(mcp.offer('extra')).toBeNull()
    server.intercept(
      answering('tools/list', (id, response) =>
        sendResult(response, id, {
          resultType: 'complete',
          ttlMs: 0,
          cacheScope: 'private',
          tools: [{ name: 'extra', inputSchema: { type: 'object' } }],
        }),
      ),
    )
    await eventually(() => {
      void server.tellChange()
      return mcp.offer('extra') !== null
    })
    expect(mcp.offer('list_slots')).toBeNull()
    expect(await run('list_slots')).toMatchObject({ status: 'failed', sent: false })
  })
})

function listensForNews(server: RunningMcpServer): boolean {
  return server.received.some(
    ({ httpMethod, message }) => httpMethod === 'GET' || message?.method === 'subscriptions/listen',
  )
}

describe('what a server asks of us', () => {
  it('is refused: no sampling, no questions to the caller, no files', async () => {
    const server = await clinic()
    const { reaches } = startMcpBench(server.url, { book: {} })
    await reaches('ok')
    const initialize = server.received.find(({ message }) => message?.method === 'initialize')
    expect(initialize?.message?.params).toMatchObject({ capabilities: {} })
  })

  it('in the middle of a call gets an error, and the call its answer', async () => {
    const server = await clinic()
    server.intercept(
      answering('tools/call', (id, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const messages = [
          { jsonrpc: '2.0', id: 77, method: 'sampling/createMessage', params: { messages: [] } },
          { jsonrpc: '2.0', id, result: { content: [TEXT('done')] } },
        ]
        for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`)
        response.end()
      }),
    )
    const { reaches, run } = startMcpBench(server.url, { book: {} })
    await reaches('ok')
    expect(await run('book')).toMatchObject({ status: 'ok', content: 'done' })
    const isRefusal = ({ message }: { message?: unknown }) =>
      JSON.stringify(message ?? null).includes('"id":77') &&
      JSON.stringify(message).includes('-32601')
    await eventually(() => server.received.some(isRefusal))
  })
})
