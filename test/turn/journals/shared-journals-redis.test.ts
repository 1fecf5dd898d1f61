import { expect, it } from 'vitest'
import type { JournalTurn } from '../../../src/conversation/journal.ts'
import { createSharedJournals } from '../../../src/turn/journals/shared-journals.ts'
import { describeWithRedis, type RedisServer } from '../../support/redis-server.ts'
import { openStore, uniquePrefix } from '../../support/redis-stores.ts'
import { beginTurn, eventually, ID, logInto, look, plain, see, type LogLine } from './instances.ts'

async function start({ url }: RedisServer, prefix: string) {
  const { store } = await openStore({ url, prefix })
  const lines: LogLine[] = []
  const log = logInto(lines)
  return { store, lines, journals: createSharedJournals({ store, retainMs: 60_000, log }) }
}

async function startTwo(redis: RedisServer) {
  const prefix = uniquePrefix()
  return { one: await start(redis, prefix), two: await start(redis, prefix) }
}

describeWithRedis('journals shared over Redis', (redis) => {
  it('lose no turn when two instances begin many at once', async () => {
    const { one, two } = await startTwo(redis())
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => beginTurn(index % 2 ? one : two, { text: '…ø' })),
    )
    expect((await look(one)).turns.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    expect(plain(await look(two))).toEqual(plain(await look(one)))
  })

  it('tell one instance what another does', async () => {
    const { one, two } = await startTwo(redis())
    const told: JournalTurn[] = []
    one.journals.onSuperseded((turn) => void told.push(turn))
    const turn = await beginTurn(one)
    const seen = await see(two, 1)
    turn.pieces.push({ type: 'answer', text: 'Hello.' })
    one.journals.keepSoon(ID, turn)
    const { signal } = new AbortController()
    while (seen.pieces.length === 0) await two.journals.changed(ID, signal)
    two.journals.awaitElsewhere(ID, seen)
    await eventually(() => one.journals.isAwaited(ID, turn))
    await two.journals.update(ID, () => {
      seen.superseded = true
      seen.replays += 2
    })
    await eventually(() => told.length > 0)
    expect([told, turn.replays]).toEqual([[turn], 2])
  })

  it('count a turn as aborted once its instance has gone', async () => {
    const { one, two } = await startTwo(redis())
    await beginTurn(one)
    const seen = await see(two, 1)
    expect(seen.status).toBe('running')
    await one.store.close()
    await eventually(async () => (await see(two, 1)).status === 'aborted')
  })

  it('are saved once Redis is back', async () => {
    const { one, two } = await startTwo(redis())
    const turn = await beginTurn(one)
    await redis().stop()
    turn.pieces.push({ type: 'answer', text: 'Done.' })
    turn.status = 'finished'
    await one.journals.keep(ID, turn)
    expect(await one.journals.update(ID, (journal) => journal)).toBeNull()
    await redis().start()
    // It comes back empty: what was not saved is all there is.
    await eventually(async () => {
      const [known] = (await two.journals.peek(ID))?.turns ?? []
      return known?.status === 'finished' && known.pieces.length === 1
    })
    expect(one.lines).toEqual([])
  })
})
