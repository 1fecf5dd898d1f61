import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { declaring, startBench, type Bench } from '../../support/webhook-tools.ts'

let bench: Bench

beforeEach(async () => {
  bench = await startBench()
})

afterEach(() => bench.close())

describe('the request of a webhook', () => {
  it('sends the arguments of a GET as the query, without those that the URL holds', async () => {
    await bench.run(
      { method: 'GET', url: `${bench.server.url}/things/{{id}}?v=2`, ...declaring('id') },
      { args: { id: 'a/b', name: 'Ada & co', days: ['Mon', 'Tue'], deep: { x: 1 }, none: null } },
    )
    const [received] = bench.server.received
    expect(received?.method).toBe('GET')
    expect(received?.body).toBe('')
    const url = new URL(received?.path ?? '', bench.server.url)
    expect(url.pathname).toBe('/things/a%2Fb')
    expect([...url.searchParams]).toEqual([
      ['v', '2'],
      ['name', 'Ada & co'],
      ['days', 'Mon'],
      ['days', 'Tue'],
      ['deep', '{"x":1}'],
    ])
  })

  it('sends the query that the tool says instead', async () => {
    await bench.run(
      { method: 'GET', query: { q: '{{name}}', clinic: '{{clinic}}' }, ...declaring('name') },
      { args: { name: 'Ada', other: 1 }, values: { clinic: 'Oak Street' } },
    )
    expect(bench.server.received[0]?.path).toBe('/things?q=Ada&clinic=Oak+Street')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'sends the arguments of a %s as JSON',
    async (method) => {
      await bench.run({ method }, { args: { slot: 'Tuesday', count: 2 } })
      expect(bench.server.received[0]).toMatchObject({
        method,
        path: '/things',
        body: '{"slot":"Tuesday","count":2}',
        headers: { 'content-type': 'application/json' },
      })
    },
  )

  it('renders a body at any depth and keeps the type of a whole placeholder', async () => {
    await bench.run(
      {
        body: {
          patient: '{{patient_id}}',
          at: { slot: '{{ slot }}', note: 'for {{patient_id}}', fixed: 7, missing: '{{nothing}}' },
          all: ['{{tags}}', '{{extra.source}}'],
        },
        ...declaring('slot', 'tags', 'patient_id', 'not_given'),
      },
      {
        args: { slot: 3, tags: ['a', 'b'], patient_id: 'P-1' },
        values: { patient_id: 'P-2', extra: { source: 'phone' } },
      },
    )
    expect(JSON.parse(bench.server.received[0]?.body ?? '')).toEqual({
      patient: 'P-1',
      at: { slot: 3, note: 'for P-1', fixed: 7, missing: '' },
      all: [['a', 'b'], 'phone'],
    })
  })

  it('sends a text of another type as it is worded', async () => {
    await bench.run(
      { headers: { 'Content-Type': 'text/csv' }, body: 'name;{{name}}', ...declaring('name') },
      { args: { name: 'Ada' } },
    )
    expect(bench.server.received[0]).toMatchObject({
      body: 'name;Ada',
      headers: { 'content-type': 'text/csv' },
    })
  })

  it('renders headers and lets no value begin another one', async () => {
    await bench.run(
      {
        headers: { Authorization: 'Bearer {{token}}', 'x-name': '{{name}}' },
        ...declaring('name'),
      },
      { args: { name: 'Ada\r\nx-admin: 1 \u{1F600}' }, values: { token: 's3cret' } },
    )
    expect(bench.server.received[0]?.headers).toMatchObject({
      authorization: 'Bearer s3cret',
      'x-name': 'Ada x-admin: 1',
    })
    expect(bench.server.received[0]?.headers).not.toHaveProperty('x-admin')
  })

  describe('keeps arguments that the tool does not declare', () => {
    const args = { patient_id: 'VICTIM', token: 'evil', extra: { source: 'evil' }, slot: 'T' }
    const values = { patient_id: 'ME', token: 'good', extra: { source: 'phone' } }
    const templates = {
      query: { patient: '{{patient_id}}', from: '{{extra.source}}' },
      headers: { authorization: 'Bearer {{token}}' },
      body: { patient: '{{patient_id}}', whole: '{{extra}}', at: '{{slot}}' },
      result_template: '{{patient_id}} at {{slot}}',
    }

    it.each([
      ['that declares none', {}, ''],
      ['that declares another', declaring('slot'), 'T'],
      ['whose schema lists no properties', { parameters: { type: 'object' } }, ''],
    ])('from the templates of a tool %s', async (_, parameters, slot) => {
      const url = `${bench.server.url}/of/{{patient_id}}`
      const outcome = await bench.run({ url, ...templates, ...parameters }, { args, values })
      const [received] = bench.server.received
      expect(received?.path).toBe('/of/ME?patient=ME&from=phone')
      expect(received?.headers.authorization).toBe('Bearer good')
      expect(JSON.parse(received?.body ?? '')).toEqual({
        patient: 'ME',
        whole: { source: 'phone' },
        at: slot,
      })
      expect(outcome.content).toBe(`ME at ${slot}`)
    })

    it('but sends them where it sends the arguments as they are', async () => {
      await bench.run({}, { args, values })
      expect(JSON.parse(bench.server.received[0]?.body ?? '')).toEqual(args)
      await bench.run({ method: 'GET' }, { args: { patient_id: 'P-1' }, values })
      expect(bench.server.received[1]?.path).toBe('/things?patient_id=P-1')
    })
  })

  it('is not sent when a value would leave the path', async () => {
    const outcome = await bench.run(
      { url: `${bench.server.url}/things/{{id}}`, method: 'DELETE', ...declaring('id') },
      { args: { id: '..' } },
    )
    expect(outcome.status).toBe('failed')
    expect(bench.server.connections()).toBe(0)
  })

  it('uses one connection for calls that follow each other', async () => {
    const tools = bench.create({ tool: { type: 'webhook', url: bench.server.url } })
    const context = { signal: new AbortController().signal, values: {} }
    await tools.run('tool', {}, context)
    await setImmediate()
    await tools.run('tool', {}, context)
    expect(bench.server.received).toHaveLength(2)
    expect(bench.server.connections()).toBe(1)
  })
})
