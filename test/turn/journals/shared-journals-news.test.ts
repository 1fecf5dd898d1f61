import { describe, expect, it } from 'vitest'
import type { JournalTurn } from '../../../src/conversation/journal.ts'
import { beginTurn, eventually, ID, look, see, startTwo, type Instance } from './instances.ts'

const noSignal = () => new AbortController().signal

/** Messages can come, or only the regular look is left. */
const MESSAGES_ONLY = { limits: { lookEveryMs: 60_000 } }

function supersede({ journals }: Instance): Promise<void> {
  return journals.update(ID, (journal) => {
    for (const turn of journal?.turns ?? []) turn.superseded = true
  })
}

describe('the wait for a change', () => {
  it('ends when another instance has written, with what it wrote', async () => {
    const { one, two } = startTwo(MESSAGES_ONLY)
    const turn = await beginTurn(one)
    const seen = await see(two, 1)
    const changed = two.journals.changed(ID, noSignal())
    turn.pieces.push({ type: 'answer', text: 'Hello.' })
    await one.journals.keep(ID, turn)
    await changed
    expect(seen.pieces).toEqual([{ type: 'answer', text: 'Hello.' }])
  })

  it('ends at once when that was before', async () => {
    const { one, two } = startTwo(MESSAGES_ONLY)
    await beginTurn(one)
    await look(two)
    await beginTurn(one)
    await two.journals.changed(ID, noSignal())
    await two.journals.changed(ID, AbortSignal.timeout(30)).then(
      () => expect.unreachable('nothing has changed since'),
      (error: unknown) => expect(error).toMatchObject({ name: 'TimeoutError' }),
    )
  })

  it('ends by itself, with what no message told', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    const seen = await see(two, 1)
    two.loseMessages(9)
    const changed = two.journals.changed(ID, noSignal())
    turn.pieces.push({ type: 'answer', text: 'Hello.' })
    await one.journals.keep(ID, turn)
    await changed
    expect(seen.pieces).toEqual([{ type: 'answer', text: 'Hello.' }])
  })

  it('ends with the reason of its signal', async () => {
    const { one } = startTwo(MESSAGES_ONLY)
    const gone = new AbortController()
    const changed = one.journals.changed(ID, gone.signal)
    gone.abort(new Error('gone'))
    await expect(changed).rejects.toThrow('gone')
    await expect(one.journals.changed(ID, gone.signal)).rejects.toThrow('gone')
  })

  it('is not over at once while the store is away', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    await look(two)
    await beginTurn(one)
    two.setUp(false)
    let rounds = 0
    const until = AbortSignal.timeout(100)
    while (!until.aborted) {
      await two.journals.changed(ID, noSignal())
      rounds++
    }
    expect(rounds).toBeLessThan(6)
  })

  it('ends when the instance that the turn runs in has died', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    const seen = await see(two, 1)
    one.kill()
    while (seen.status === 'running') await two.journals.changed(ID, noSignal())
    expect(seen.status).toBe('aborted')
  })
})

describe('a turn that another instance has superseded', () => {
  it('is told of, once, with the turn that runs here', async () => {
    const { one, two } = startTwo(MESSAGES_ONLY)
    const told: JournalTurn[] = []
    one.journals.onSuperseded((turn) => void told.push(turn))
    two.journals.onSuperseded(() => expect.unreachable('it knows'))
    const turn = await beginTurn(one)
    await supersede(two)
    await eventually(() => told.length > 0)
    await look(one)
    await supersede(two)
    await beginTurn(two)
    await look(one)
    expect(told).toEqual([turn])
    expect(turn.superseded).toBe(true)
  })

  it('is found without a message', async () => {
    const { one, two } = startTwo()
    const told: JournalTurn[] = []
    one.journals.onSuperseded((turn) => void told.push(turn))
    const turn = await beginTurn(one)
    one.loseMessages(9)
    await supersede(two)
    await eventually(() => told.length > 0)
    expect(told).toEqual([turn])
  })

  it('is not told of once it has ended', async () => {
    const { one, two } = startTwo(MESSAGES_ONLY)
    one.journals.onSuperseded(() => expect.unreachable('it has ended'))
    const turn = await beginTurn(one)
    turn.status = 'finished'
    await one.journals.keep(ID, turn)
    await supersede(two)
    await look(one)
    expect(turn.superseded).toBe(true)
  })

  it('is not told of by the one that superseded it', async () => {
    const { one } = startTwo(MESSAGES_ONLY)
    one.journals.onSuperseded(() => expect.unreachable('it knows'))
    await beginTurn(one)
    await supersede(one)
    await look(one)
  })
})

describe('a message about a journal', () => {
  it('makes nobody read it in whom nothing of it runs', async () => {
    const { one, two } = startTwo()
    await look(two)
    const asked = two.commands().length
    const turn = await beginTurn(one)
    await one.journals.keep(ID, turn)
    await look(one)
    expect(two.commands()).toHaveLength(asked)
  })

  it('is answered by one reading for all who wait', async () => {
    const { one, two } = startTwo(MESSAGES_ONLY)
    await beginTurn(one)
    await look(two)
    const waits = [1, 2, 3].map(() => two.journals.changed(ID, noSignal()))
    const asked = two.commands().length
    await beginTurn(one)
    await Promise.all(waits)
    expect(
      two
        .commands()
        .slice(asked)
        .filter((name) => name === 'readRecord'),
    ).toHaveLength(1)
  })
})

describe('a turn that runs elsewhere', () => {
  it('is awaited as long as somebody says so', async () => {
    const { one, two } = startTwo({ limits: { awaitedForMs: 500 } })
    const turn = await beginTurn(one)
    const seen = await see(two, 1)
    expect(await one.journals.isAwaited(ID, turn)).toBe(false)
    two.journals.awaitElsewhere(ID, seen)
    await eventually(() => one.journals.isAwaited(ID, turn))
    await eventually(async () => !(await one.journals.isAwaited(ID, turn)))
  })

  it('is awaited by nobody as far as can be told while the store is away', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    two.journals.awaitElsewhere(ID, await see(two, 1))
    await eventually(() => one.journals.isAwaited(ID, turn))
    store.setUp(false)
    two.journals.awaitElsewhere(ID, turn)
    expect(await one.journals.isAwaited(ID, turn)).toBe(false)
  })
})
