import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.text()).split('\n')
  return lines.filter((line) => line.startsWith(name) && !line.includes('_bucket{'))
}

describe('the metrics', () => {
  test('count turns by their kind, source and finish, and time them', async () => {
    const metrics = createMetrics()
    const turn = { kind: 'new', source: 'generated', finish: 'stop', seconds: 0.5 }
    metrics.turnEnded(turn)
    metrics.turnEnded(turn)
    metrics.turnEnded({ ...turn, finish: 'caller_gone', seconds: 2 })
    expect(await linesOf(metrics, 'turnstate_turn')).toEqual([
      'turnstate_turns_total{kind="new",source="generated",finish="stop"} 2',
      'turnstate_turns_total{kind="new",source="generated",finish="caller_gone"} 1',
      'turnstate_turn_seconds_sum 3',
      'turnstate_turn_seconds_count 3',
    ])
  })

  test('time the first token in steps that a caller can tell apart', async () => {
    const metrics = createMetrics()
    for (const seconds of [0.04, 0.8, 11]) metrics.firstToken(seconds)
    const text = await metrics.text()
    const buckets = [...text.matchAll(/^turnstate_first_token_seconds_bucket{le="(.+)"} (\d)$/gm)]
    const counts = new Map(buckets.map(([, limit, count]) => [limit, count]))
    expect([...counts.keys()].at(0)).toBe('0.05')
    expect([...counts.keys()].at(-2)).toBe('10')
    expect(['0.05', '0.7', '1', '10', '+Inf'].map((limit) => counts.get(limit))).toEqual([
      '1',
      '1',
      '2',
      '2',
      '3',
    ])
  })

  test('time tools and count effects by their names', async () => {
    const metrics = createMetrics()
    metrics.toolRun({ tool: 'find_patient', status: 'ok', seconds: 0.25 })
    metrics.toolRun({ tool: 'find_patient', status: 'unknown', seconds: 4 })
    metrics.effect({ tool: 'book', result: 'done' })
    metrics.effect({ tool: 'book', result: 'undo_failed' })
    expect(await linesOf(metrics, 'turnstate_tool')).toEqual([
      'turnstate_tool_seconds_sum{tool="find_patient",status="ok"} 0.25',
      'turnstate_tool_seconds_count{tool="find_patient",status="ok"} 1',
      'turnstate_tool_seconds_sum{tool="find_patient",status="unknown"} 4',
      'turnstate_tool_seconds_count{tool="find_patient",status="unknown"} 1',
    ])
    expect(await linesOf(metrics, 'turnstate_effects')).toEqual([
      'turnstate_effects_total{tool="book",result="done"} 1',
      'turnstate_effects_total{tool="book",result="undo_failed"} 1',
    ])
  })

  test('say nothing of a store until they are told of one', async () => {
    const metrics = createMetrics()
    expect(await metrics.text()).not.toContain('turnstate_store_up')
    metrics.storeUp(true)
    expect(await linesOf(metrics, 'turnstate_store_up')).toEqual(['turnstate_store_up 1'])
    metrics.storeUp(false)
    expect(await linesOf(metrics, 'turnstate_store_up')).toEqual(['turnstate_store_up 0'])
  })

  test('say which MCP server is up', async () => {
    const metrics = createMetrics()
    metrics.mcpServerUp('scheduling', true)
    metrics.mcpServerUp('billing', true)
    metrics.mcpServerUp('billing', false)
    expect(await linesOf(metrics, 'turnstate_mcp')).toEqual([
      'turnstate_mcp_server_up{server="scheduling"} 1',
      'turnstate_mcp_server_up{server="billing"} 0',
    ])
  })

  test('tell of the process', async () => {
    const text = await createMetrics().text()
    expect(text).toMatch(/^process_cpu_seconds_total \d/m)
    expect(text).toMatch(/^nodejs_heap_size_used_bytes \d/m)
  })

  test('of two servers in one process are apart', async () => {
    const [one, other] = [createMetrics(), createMetrics()]
    one.effect({ tool: 'book', result: 'done' })
    expect(await linesOf(other, 'turnstate_effects')).toEqual([])
  })

  test('do not keep the process alive', async () => {
    const file = new URL('../../src/observability/metrics.ts', import.meta.url).href
    const script = `
      import { createMetrics } from ${JSON.stringify(file)}
      const text = await createMetrics().text()
      process.stdout.write(text.includes('nodejs_gc_duration_seconds') ? 'made' : 'not made')`
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    expect(await once(child, 'close')).toEqual([0, null])
    expect(output).toBe('made')
  })
})
