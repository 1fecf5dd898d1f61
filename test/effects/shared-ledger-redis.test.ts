import { expect, it, onTestFinished } from 'vitest'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { openStore, uniquePrefix } from '../support/redis-stores.ts'
import { BOOK, giving, heldEffect, ledgerOver, ok } from '../support/shared-ledgers.ts'

/** So that an instance is taken for dead soon. */
const SHORT_LIVED = { aliveMs: 600, heartbeatMs: 50 }
const FRESH = { waitMs: 20_000 }

describeWithRedis('ledgers over one Redis', (redis) => {
  async function openTwo(url = redis().url) {
    const prefix = uniquePrefix()
    const stores = [0, 1].map(() => openStore({ url, prefix, limits: SHORT_LIVED }))
    const [here, there] = (await Promise.all(stores)).map(({ store }) => store)
    if (!here || !there) throw new Error('two were opened')
    return { here: ledgerOver(here), there: ledgerOver(there), storeThere: there }
  }

  it('do a thing once, whoever asks', async () => {
    const { here, there } = await openTwo()
    const first = heldEffect({ ...ok('first'), value: { id: 7 } })
    const answers = [here.run(BOOK, first.effect)]
    await first.begun
    answers.push(there.run(BOOK, giving(ok('second'), FRESH)))
    first.end()
    expect(await Promise.all(answers)).toEqual(
      [1, 2].map(() => ({ ...ok('first'), value: { id: 7 } })),
    )
    expect(await there.outcomeOf(BOOK, 0)).toMatchObject(ok('first'))
  })

  it('know that it is unknown what a dead process did, and take an idempotent effect over', async () => {
    const { here, there, storeThere } = await openTwo()
    const first = heldEffect(ok('first'))
    const lost = there.run(BOOK, first.effect)
    await first.begun
    await storeThere.close()
    expect(await here.run(BOOK, giving(ok('second'), FRESH))).toMatchObject({ status: 'unknown' })
    first.end()
    expect(await lost).toEqual(ok('first'))
    const again = giving(ok('third'), { ...FRESH, isIdempotent: true })
    expect(await here.run(BOOK, again)).toEqual(ok('third'))
  })

  it(
    'tell an outcome while Redis is away, and note it when it is back',
    { timeout: 30_000 },
    async () => {
      const server = await startRedis({ keepsData: true })
      onTestFinished(() => server.dispose())
      const { here, there } = await openTwo(server.url)
      const first = heldEffect(ok('first'))
      const answer = here.run(BOOK, first.effect)
      await first.begun
      await server.stop()
      first.end()
      expect(await answer).toEqual(ok('first'))
      expect(await here.run(BOOK, giving(ok('second'), FRESH))).toEqual(ok('first'))
      await expect(there.run(BOOK, giving(ok('third')))).rejects.toMatchObject({
        code: 'store_unavailable',
      })
      await server.start()
      await expect
        .poll(() => there.outcomeOf(BOOK, 0).catch(() => null), { timeout: 20_000 })
        .toEqual(ok('first'))
    },
  )
})
