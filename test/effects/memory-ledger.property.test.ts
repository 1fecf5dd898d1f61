import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'

describe('any interleaving of callers', () => {
  const call = fc.record({
    conversation: fc.constantFrom('a', 'b'),
    exchange: fc.constantFrom(1, 2),
    generation: fc.constantFrom(0, 1),
    tool: fc.constantFrom('book', 'cancel'),
    at: fc.constantFrom('ten', 'eleven'),
    ending: fc.constantFrom('ok' as const, 'failed' as const, 'broken' as const),
  })

  it('runs an effect at most once per key, and gives all the same outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(call, { minLength: 1, maxLength: 16 }),
        async (scheduler, calls) => {
          const fresh = createMemoryLedger({
            secret: 'secret',
            retainMs: 1000,
            maxConversations: 9,
            now: () => 0,
          })
          const starts: string[] = []
          const outcomes = new Map<string, Set<ToolOutcome>>()
          const ends = calls.map(async ({ at, ending, ...place }, index) => {
            const name = JSON.stringify([place, at])
            await scheduler.schedule(Promise.resolve(), `call ${index} arrives`)
            const spelling = index % 2 === 0 ? `{"n":1,"at":"${at}"}` : `{"at":"${at}", "n":1}`
            const start = async (): Promise<ToolOutcome> => {
              starts.push(name)
              await scheduler.schedule(Promise.resolve(), `effect ${index} ends`)
              if (ending === 'broken') throw new Error('it broke')
              return { status: ending, content: name }
            }
            const outcome = await fresh.run(
              { ...place, arguments: spelling },
              { start, isIdempotent: false, waitMs: 60_000 },
            )
            if (outcome === 'barred') throw new Error('nothing bars it')
            outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome))
            if (outcome.status !== 'unknown') expect(outcome.content).toBe(name)
          })
          await scheduler.waitFor(Promise.all(ends))
          expect(new Set(starts).size).toBe(starts.length)
          for (const seen of outcomes.values()) expect(seen.size).toBe(1)
        },
      ),
    )
  })
})
