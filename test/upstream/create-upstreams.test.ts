import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createUpstreams } from '../../src/upstream/create-upstreams.ts'
import { OpenAiCompatibleOptions, RoutingOptions } from '../../src/upstream/options.ts'
import { Script } from '../../src/upstream/script.ts'
import { startUpstreamServer } from '../support/upstream-server.ts'

const common = { stripThink: true, log: createLog('silent'), metrics: createMetrics() }
const request = { messages: [], tools: [], parameters: {}, wantsUsage: false, state: 's' }
const listener = { signal: new AbortController().signal, onText: () => undefined }
const scripted = (say: string) => ({ type: 'scripted' as const, script: Script.parse([{ say }]) })

describe('createUpstreams', () => {
  it('asks in the order of the file without a routing order', () => {
    const upstreams = { a: scripted('A.'), b: scripted('B.') }
    const both = createUpstreams({ upstreams, routing: RoutingOptions.parse({}), ...common })
    expect(both.name).toBe('a, b')
  })

  it('asks only those that the routing names, in its order', async () => {
    const upstreams = { a: scripted('A.'), b: scripted('B.'), c: scripted('C.') }
    const routing = RoutingOptions.parse({ order: ['c', 'a'] })
    const both = createUpstreams({ upstreams, routing, ...common })
    expect(both.name).toBe('c, a')
    expect(await both.complete(request, listener)).toMatchObject({ text: 'C.' })
  })

  it('goes from a failing endpoint to a scripted one', async () => {
    const server = await startUpstreamServer()
    server.always({ status: 503 })
    const primary = OpenAiCompatibleOptions.parse({ base_url: server.url, model: 'm' })
    const upstream = createUpstreams({
      upstreams: { primary, spare: scripted('Spare here.') },
      routing: RoutingOptions.parse({}),
      ...common,
    })
    expect(await upstream.complete(request, listener)).toMatchObject({ text: 'Spare here.' })
    expect(server.requests).toHaveLength(1)
    await upstream.close()
    await server.close()
  })

  it('hedges as the routing says', async () => {
    const slow = Script.parse([{ say: 'A.', first_token_ms: 2000 }])
    const upstream = createUpstreams({
      upstreams: { a: { type: 'scripted', script: slow }, b: scripted('B.') },
      routing: RoutingOptions.parse({ hedge: { after_ms: 1 } }),
      ...common,
    })
    expect(await upstream.complete(request, listener)).toMatchObject({ text: 'B.' })
  })

  it('refuses a routing order that names none', () => {
    const routing = RoutingOptions.parse({ order: ['x'] })
    expect(() => createUpstreams({ upstreams: {}, routing, ...common })).toThrow('no such upstream')
  })

  it('refuses to be none', () => {
    const routing = RoutingOptions.parse({})
    expect(() => createUpstreams({ upstreams: {}, routing, ...common })).toThrow('No upstream')
  })
})
