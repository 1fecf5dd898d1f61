import { describe, expect, test } from 'vitest'
import {
  createGatheredMetrics,
  type GatheredMetrics,
} from '../../src/observability/gathered-metrics.ts'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import type { MetricsSnapshot } from '../../src/observability/worker-metrics.ts'

const TURN = { kind: 'new', source: 'generated', finish: 'stop', seconds: 0.5 }
const LONG_MS = 20_000

/** A worker's own metrics; `isSilent` ones never tell theirs. */
function createMember(gathered: GatheredMetrics, worker: number, isSilent = false): Metrics {
  let own: (() => Promise<MetricsSnapshot>) | undefined
  const metrics = createMetrics({
    tell: (snapshot) => (own = snapshot),
    sum: () => Promise.reject(new Error('the primary is asked')),
  })
  gathered.joined(worker, (message) => {
    if (isSilent || message.type !== 'metrics-asked') return
    void own?.().then((snapshot) => {
      const told = { type: 'metrics-told', id: message.id, snapshot }
      // As it crosses from process to process.
      gathered.received(worker, JSON.parse(JSON.stringify(told)))
    })
  })
  return metrics
}

/** What a worker is told that asks for the sum. */
function sumOf(gathered: GatheredMetrics): Promise<string | null> {
  return new Promise((resolve) => {
    const asker = 99
    gathered.joined(asker, (message) => {
      if (message.type === 'metrics-asked') {
        gathered.received(asker, { type: 'metrics-told', id: message.id, snapshot: [] })
      } else {
        gathered.left(asker)
        resolve(message.text)
      }
    })
    gathered.received(asker, { type: 'metrics-wanted', id: 7 })
  })
}

async function linesOf(gathered: GatheredMetrics, name: string): Promise<string[]> {
  const lines = (await sumOf(gathered))?.split('\n') ?? []
  return lines.filter((line) => line.startsWith(name) && !line.includes('_bucket{'))
}

describe('the metrics of several workers', () => {
  test('are added up, counters and histograms', async () => {
    const gathered = createGatheredMetrics(LONG_MS)
    const [one, two] = [createMember(gathered, 1), createMember(gathered, 2)]
    one.turnEnded(TURN)
    one.turnEnded({ ...TURN, seconds: 2 })
    two.turnEnded({ ...TURN, seconds: 70 })
    const text = await sumOf(gathered)
    expect(text?.split('\n')).toEqual(
      expect.arrayContaining([
        'turnstate_turns_total{kind="new",source="generated",finish="stop"} 3',
        'turnstate_turn_seconds_bucket{le="0.5"} 1',
        'turnstate_turn_seconds_bucket{le="2"} 2',
        'turnstate_turn_seconds_bucket{le="+Inf"} 3',
        'turnstate_turn_seconds_sum 72.5',
      ]),
    )
  })

  test('say that a thing is up if it is for all of them, and open if it is for one', async () => {
    const gathered = createGatheredMetrics(LONG_MS)
    const [one, two] = [createMember(gathered, 1), createMember(gathered, 2)]
    one.beforeReading(() => one.storeUp(true))
    two.beforeReading(() => two.storeUp(false))
    for (const member of [one, two]) member.mcpServerUp('desk', true)
    one.upstreamCircuit('main', true)
    two.upstreamCircuit('main', false)
    expect(await linesOf(gathered, 'turnstate_store_up')).toEqual(['turnstate_store_up 0'])
    expect(await linesOf(gathered, 'turnstate_mcp')).toEqual([
      'turnstate_mcp_server_up{server="desk"} 1',
    ])
    expect(await linesOf(gathered, 'turnstate_upstream_circuit')).toEqual([
      'turnstate_upstream_circuit_open{upstream="main"} 1',
    ])
  })

  test('keep the counts of those that are gone, and not what is no more', async () => {
    const gathered = createGatheredMetrics(LONG_MS)
    for (const worker of [1, 2, 3]) {
      const member = createMember(gathered, worker)
      member.turnEnded(TURN)
      member.storeUp(false)
    }
    expect(await linesOf(gathered, 'turnstate_turns')).toHaveLength(1)
    gathered.left(1)
    gathered.left(2)
    gathered.left(2)
    createMember(gathered, 4).turnEnded(TURN)
    gathered.left(3)
    expect(await linesOf(gathered, 'turnstate_turn')).toEqual([
      'turnstate_turns_total{kind="new",source="generated",finish="stop"} 4',
      'turnstate_turn_seconds_sum 2',
      'turnstate_turn_seconds_count 4',
    ])
    expect(await linesOf(gathered, 'turnstate_store_up')).toEqual([])
  })

  test('wait no longer for one that is gone', async () => {
    const gathered = createGatheredMetrics(LONG_MS)
    createMember(gathered, 1).turnEnded(TURN)
    createMember(gathered, 2, true)
    const lines = linesOf(gathered, 'turnstate_turns')
    gathered.left(2)
    expect(await lines).toHaveLength(1)
  })

  test('are no partial sum: nothing is said when one does not tell its own in time', async () => {
    const gathered = createGatheredMetrics(20)
    createMember(gathered, 1).turnEnded(TURN)
    createMember(gathered, 2, true)
    expect(await sumOf(gathered)).toBeNull()
  })

  test.each([
    null,
    'metrics-wanted',
    { type: 'dependency' },
    { type: 'metrics-told', id: 1 },
    { type: 'metrics-told', id: 99, snapshot: [] },
  ])('pass over what is not about them: %j', async (message) => {
    const gathered = createGatheredMetrics(LONG_MS)
    createMember(gathered, 1).turnEnded(TURN)
    gathered.received(1, message)
    gathered.received(5, message)
    expect(await linesOf(gathered, 'turnstate_turns')).toHaveLength(1)
  })
})
