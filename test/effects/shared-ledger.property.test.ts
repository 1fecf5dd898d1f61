import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProcessStore } from '../support/process-shared-store.ts'
import { BOOK, giving, joinWithLedger, ok } from '../support/shared-ledgers.ts'

const KEYS = 12

describe('any interleaving of callers of three instances', () => {
  const call = fc.record({
    instance: fc.nat(2),
    exchange: fc.nat(KEYS),
    /** In steps of the event loop. */
    after: fc.nat(20),
    lasts: fc.nat(20),
    losesReplies: fc.constantFrom(0, 0, 0, 1),
    isBarred: fc.constantFrom(false, false, true),
  })

  it('does a thing once, and whoever is answered gets the one outcome', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 20, maxLength: 60 }),
        fc.infiniteStream(fc.nat(3)),
        async (calls, pauses) => {
          const pause = () => steps(Number(pauses.next().value))
          const shared = createProcessStore({ pause })
          const instances = [0, 1, 2].map(() => joinWithLedger(shared))
          const started: number[] = []
          const play = async (wish: (typeof calls)[number]) => {
            await steps(wish.after)
            const instance = instances[wish.instance]
            instance?.loseReplies(wish.losesReplies)
            const start = async () => {
              started.push(wish.exchange)
              await steps(wish.lasts)
              return ok(`${wish.exchange}`)
            }
            const isBarred = () => wish.isBarred
            const effect = giving(ok(''), { start, isBarred })
            return instance?.ledger.run({ ...BOOK, exchange: wish.exchange }, effect)
          }
          const answers = await Promise.allSettled(calls.map(play))
          expect(new Set(started).size).toBe(started.length)
          for (const [at, answer] of answers.entries()) {
            if (answer.status === 'rejected') {
              expect(answer.reason).toMatchObject({ code: 'store_unavailable' })
            } else if (answer.value !== 'barred') {
              expect(answer.value).toEqual(ok(`${calls[at]?.exchange}`))
            }
          }
          for (const { ledger } of instances) ledger.close()
        },
      ),
      { numRuns: 4 },
    ),
  )
})

async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await new Promise(setImmediate)
}
