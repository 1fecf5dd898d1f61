import { describe, expect, it } from 'vitest'
import { RoutingOptions, UpstreamOptions } from '../../src/upstream/options.ts'

const endpoint = { base_url: 'https://api.example.com/v1', model: 'm' }

describe('UpstreamOptions', () => {
  it('takes an endpoint without a type, and a script', () => {
    const parsed = UpstreamOptions.parse(endpoint)
    expect(parsed).toEqual({
      ...endpoint,
      headers: {},
      compat: [],
      http2: false,
      warm_connections: 2,
    })
    const script = { type: 'scripted', script: './demo.yaml' }
    expect(UpstreamOptions.parse(script)).toEqual(script)
  })

  it.each([
    ['another protocol', { base_url: 'ftp://api.example.com' }, 'base_url'],
    ['credentials in the URL', { base_url: 'https://me:pw@api.example.com' }, 'base_url'],
    ['a query', { base_url: 'https://api.example.com/?key=1' }, 'base_url'],
    ['no URL', { base_url: 'api.example.com' }, 'base_url'],
    ['a key with a line break', { api_key: 'sk-1\n' }, 'api_key'],
    ['a header that the client sets itself', { headers: { Host: 'x' } }, 'headers'],
    ['a header value with a line break', { headers: { 'x-a': 'a\r\nb: c' } }, 'headers'],
    ['an unknown oddity', { compat: ['bad'] }, 'compat'],
    ['no time to connect', { connect_timeout_ms: 0 }, 'connect_timeout_ms'],
    ['more than five minutes for a token', { idle_timeout_ms: 300_001 }, 'idle_timeout_ms'],
    ['too many connections', { warm_connections: 65 }, 'warm_connections'],
  ])('refuses %s, without quoting it', (_, change, key) => {
    const { error } = UpstreamOptions.safeParse({ ...endpoint, ...change })
    expect(error?.issues[0]?.path[0]).toBe(key)
    expect(error?.issues[0]?.message).not.toMatch(/example\.com|sk-1|pw/)
  })

  it('refuses unknown keys', () => {
    expect(UpstreamOptions.safeParse({ ...endpoint, modle: 'm' }).success).toBe(false)
  })
})

describe('RoutingOptions', () => {
  it('has defaults for all limits', () => {
    expect(RoutingOptions.parse({})).toEqual({
      connect_timeout_ms: 2000,
      first_token_timeout_ms: 2500,
      idle_timeout_ms: 5000,
      turn_timeout_ms: 20_000,
    })
  })

  it('takes a hedge after a time or the p95, for a tenth of the turns', () => {
    const hedgeOf = (hedge: object) => RoutingOptions.safeParse({ hedge }).data?.hedge
    expect(hedgeOf({ after_ms: 'p95' })).toEqual({ after_ms: 'p95', max_share: 0.1 })
    expect(hedgeOf({ after_ms: 800, max_share: 0.5 })).toEqual({ after_ms: 800, max_share: 0.5 })
    expect(hedgeOf({ after_ms: 'p99' })).toBeUndefined()
    expect(hedgeOf({ after_ms: 1, max_share: 2 })).toBeUndefined()
  })
})
