import { describe, expect, it } from 'vitest'
import { createEndpointHealth } from '../../src/upstream/endpoint-health.ts'

describe('createEndpointHealth', () => {
  it('is unusable for 30 s after the last of three failures in a row', () => {
    let now = 1000
    const health = createEndpointHealth(() => now)
    health.recordFailure()
    health.recordFailure()
    expect(health.isUsable()).toBe(true)
    health.recordFailure()
    now += 29_999
    expect(health.isUsable()).toBe(false)
    now += 1
    expect(health.isUsable()).toBe(true)
    health.recordFailure()
    expect(health.isUsable()).toBe(false)
  })

  it('forgets failures once a request succeeds', () => {
    const health = createEndpointHealth(() => 0)
    for (const record of ['Failure', 'Failure', 'Success', 'Failure', 'Failure'] as const) {
      health[`record${record}`]()
    }
    expect(health.isUsable()).toBe(true)
  })
})
