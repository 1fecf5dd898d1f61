import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ToolOutcome } from '../../../src/tools/tool-runner.ts'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { declaring, startBench, type Bench } from '../../support/webhook-tools.ts'

let bench: Bench

beforeEach(async () => {
  bench = await startBench()
})

afterEach(() => bench.close())

describe('the answer of a webhook', () => {
  it('is given to the model as it came, parsed for assignments', async () => {
    bench.server.behave({ type: 'json', value: { items: [{ id: 'P-1' }] }, status: 201 })
    expect(await bench.run({})).toEqual({
      status: 'ok',
      content: '{"items":[{"id":"P-1"}]}',
      value: { items: [{ id: 'P-1' }] },
    })
  })

  it('may be plain text, or JSON under the wrong type', async () => {
    bench.server.behave({ type: 'text', text: 'all good' })
    expect(await bench.run({})).toEqual({ status: 'ok', content: 'all good', value: 'all good' })
    bench.server.behave({ type: 'text', text: '{"id":1}' })
    expect(await bench.run({})).toMatchObject({ value: { id: 1 } })
    bench.server.behave({ type: 'text', text: '{"id":', contentType: 'application/json' })
    expect(await bench.run({})).toMatchObject({ status: 'ok', value: '{"id":' })
  })

  it('may be empty', async () => {
    bench.server.behave({ type: 'text', text: '', status: 204 })
    expect(await bench.run({})).toEqual({ status: 'ok', content: 'ok', value: '' })
  })

  it('is worded by the result template', async () => {
    bench.server.behave({ type: 'json', value: { id: 'B-1', nested: { at: 3 } } })
    const outcome = await bench.run(
      {
        result_template:
          '{{result.id}}, {{result.nested.at}}{{result.no}} for {{name}} at {{clinic}}',
        ...declaring('name', 'result'),
      },
      { args: { name: 'Ada', result: { no: 'spoof' } }, values: { clinic: 'Oak Street' } },
    )
    expect(outcome.content).toBe('B-1, 3 for Ada at Oak Street')
    expect(outcome.value).toEqual({ id: 'B-1', nested: { at: 3 } })
  })

  it('is reduced by the response filter', async () => {
    bench.server.behave({
      type: 'json',
      value: { id: 'B-1', secret: 's', patient: { name: 'Ada' } },
    })
    const outcome = await bench.run({ response_filter: ['id', 'patient.name', 'missing'] })
    expect(outcome.content).toBe('{"id":"B-1","patient.name":"Ada"}')
  })

  it('is cut at 6 KiB, between two characters', async () => {
    bench.server.behave({ type: 'text', text: 'x' + 'é'.repeat(5000) })
    const { content, value } = await bench.run({})
    expect(Buffer.byteLength(content)).toBeGreaterThan(6100)
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(6144)
    expect(content).toMatch(/^xé+ \[cut\]$/)
    expect(value).toHaveLength(5001)
  })
})

describe('a webhook that goes wrong', () => {
  it('tells the model the status and what the API said', async () => {
    bench.server.behave({ type: 'json', value: { error: 'slot taken' }, status: 409 })
    expect(await bench.run({})).toEqual({
      status: 'failed',
      content: '{"error":"the service answered 409","detail":"{\\"error\\":\\"slot taken\\"}"}',
    })
  })

  it('keeps what the API said short and free of addresses', async () => {
    bench.server.behave({
      type: 'text',
      text: 'see http://internal:8080/secret ' + 'x'.repeat(1000),
      status: 400,
    })
    const { content } = await bench.run({})
    expect(content).toContain('see [link] xxx')
    expect(content.length).toBeLessThan(600)
  })

  it.each([
    { type: 'text', text: 'Error: boom\n at bench.server.js:1', status: 500 } as const,
    { type: 'text', text: '<html>not found</html>', status: 404 } as const,
    { type: 'redirect', to: 'http://127.0.0.1:1/elsewhere' } as const,
  ])('keeps stack traces, pages and redirects to itself: $type $status', async (behaviour) => {
    bench.server.behave(behaviour)
    const { status, content } = await bench.run({ method: 'GET' })
    expect(status).toBe('failed')
    expect(content).toMatch(/^\{"error":"the service answered (500|404|302)"\}$/)
    expect(bench.server.received).toHaveLength(1)
  })

  it.each([
    ['hang', 'GET', 'failed'],
    ['hang', 'POST', 'unknown'],
    ['half', 'GET', 'failed'],
    ['half', 'POST', 'unknown'],
    ['reset', 'GET', 'failed'],
    ['reset', 'POST', 'unknown'],
  ] as const)('when it does %s, a %s is %s', async (type, method, status) => {
    bench.server.behave({ type })
    const outcome = await bench.run({ method, timeout_ms: 250 })
    expect(outcome.status).toBe(status)
    expect(outcome).not.toHaveProperty('value')
    expect(JSON.parse(outcome.content)).toHaveProperty('error')
  })

  it.each([
    ['GET', 'failed'],
    ['DELETE', 'unknown'],
  ] as const)('an answer over 256 KiB is not read: a %s is %s', async (method, status) => {
    bench.server.behave({ type: 'huge', bytes: 262_145 })
    expect(await bench.run({ method })).toMatchObject({ status })
  })

  it('reads an answer of just 256 KiB', async () => {
    bench.server.behave({ type: 'huge', bytes: 262_144 })
    expect(await bench.run({ method: 'GET' })).toMatchObject({ status: 'ok' })
  })

  it('has failed, not perhaps happened, when nothing listens there', async () => {
    const closed = await startWebhookServer()
    await closed.close()
    expect(await bench.run({ url: closed.url })).toMatchObject({ status: 'failed' })
  })

  it.each([
    ['GET', 'failed'],
    ['POST', 'unknown'],
  ] as const)('when the turn is aborted after sending, a %s is %s', async (method, status) => {
    bench.server.behave({ type: 'hang' })
    const turn = new AbortController()
    const outcome = bench.run({ method }, { signal: turn.signal })
    await bench.server.waitFor(1)
    turn.abort()
    expect(await outcome).toMatchObject({ status })
  })

  it('sends nothing once the turn is aborted', async () => {
    expect(await bench.run({}, { signal: AbortSignal.abort() })).toMatchObject({ status: 'failed' })
    expect(bench.server.connections()).toBe(0)
  })

  it('sends half a character as a replacement character', async () => {
    const tool = { method: 'GET', url: `${bench.server.url}/{{x}}?q={{x}}`, ...declaring('x') }
    expect(await bench.run(tool, { args: { x: 'a\ud800' } })).toMatchObject({ status: 'ok' })
    expect(bench.server.received[0]?.path).toBe('/a%EF%BF%BD?q=a%EF%BF%BD')
  })

  it.each([
    ['GET', 'failed', /nested too deeply"/],
    ['POST', 'unknown', /nested too deeply; it is not known whether this was done/],
  ] as const)('whose answer is nested too deeply: a %s is %s', async (method, status, words) => {
    for (const levels of [101, 100_000]) {
      bench.server.behave({ type: 'text', text: '['.repeat(levels) + ']'.repeat(levels) })
      const outcome = await bench.run({ method })
      expect(outcome.status).toBe(status)
      expect(outcome.content).toMatch(words)
      expect(outcome).not.toHaveProperty('value')
    }
    bench.server.behave({ type: 'text', text: '['.repeat(100) + ']'.repeat(100) })
    expect(await bench.run({ method })).toMatchObject({ status: 'ok' })
  })
})

describe('the address guard of webhooks', () => {
  async function runTo(url: string, allowHosts: readonly string[]): Promise<ToolOutcome> {
    return bench
      .create({ tool: { type: 'webhook', url } }, allowHosts)
      .run('tool', {}, { signal: new AbortController().signal, values: {} })
  }

  it('reaches no private address that is not allowed, by number or by name', async () => {
    for (const url of [
      `http://127.0.0.1:${bench.server.port}/`,
      `https://127.0.0.1:${bench.server.port}/`,
      `https://[::ffff:127.0.0.1]:${bench.server.port}/`,
      `https://localhost:${bench.server.port}/`,
      `http://localhost:${bench.server.port}/`,
    ]) {
      const outcome = await runTo(url, [])
      expect(outcome).toEqual({
        status: 'failed',
        content: '{"error":"this service cannot be reached"}',
        sent: false,
      })
    }
    expect(bench.server.connections()).toBe(0)
    const warnings = bench.lines.filter(({ level }) => level === 'warn')
    expect(warnings).toHaveLength(5)
    expect(JSON.stringify(warnings)).not.toMatch(/localhost|127/)
  })

  it('reaches an allowed name', async () => {
    expect(await runTo(`http://localhost:${bench.server.port}/`, ['localhost'])).toMatchObject({
      status: 'ok',
    })
  })
})
