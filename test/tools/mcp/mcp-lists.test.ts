import { describe, expect, it } from 'vitest'
import { gapAfter } from '../../../src/tools/mcp/mcp-lists.ts'
import { startClinic } from '../../support/mcp-clinic.ts'
import { eventually, startMcpBench } from '../../support/mcp-bench.ts'
import { answering, sendResult } from '../../support/mcp-server.ts'

const GAP = { shortestMs: 1000, longestMs: 30_000 }

describe('the pause between two lists', () => {
  it('grows while there is news, up to the longest one', () => {
    const pauses = [1000]
    for (let news = 0; news < 6; news += 1) pauses.push(gapAfter(pauses.at(-1) ?? 0, 100, GAP))
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  it('shrinks with each minute without news, down to the shortest one', () => {
    expect(gapAfter(30_000, 59_999, GAP)).toBe(30_000)
    expect(gapAfter(30_000, 60_000, GAP)).toBe(15_000)
    expect(gapAfter(30_000, 180_000, GAP)).toBe(3750)
    expect(gapAfter(30_000, 24 * 3_600_000, GAP)).toBe(1000)
  })

  it('is kept with a server that always has news', async () => {
    const server = await startClinic()
    let asked = 0
    server.intercept(
      answering('tools/list', (id, response) => {
        asked += 1
        sendResult(response, id, { tools: [{ name: 'look', inputSchema: { type: 'object' } }] })
      }),
    )
    const beganAt = performance.now()
    const listGap = { shortestMs: 20, longestMs: 60 }
    const { reaches } = startMcpBench(server.url, { look: {} }, { listGap })
    await reaches('ok')
    await eventually(() => {
      void server.tellChange()
      return asked === 6
    })
    // Timers may be early by a millisecond.
    expect(performance.now() - beganAt).toBeGreaterThan(20 + 40 + 60 + 60 + 60 - 5)
  })
})
