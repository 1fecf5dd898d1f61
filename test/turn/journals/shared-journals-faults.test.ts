import { describe, expect, it } from 'vitest'
import {
  createJournal,
  type JournalledEffect,
  type JournalTurn,
} from '../../../src/conversation/journal.ts'
import { turnFromRecord } from '../../../src/conversation/journal-record.ts'
import type { ProcessStore } from '../../support/process-shared-store.ts'
import {
  begin,
  beginTurn,
  eventually,
  ID,
  look,
  plain,
  see,
  startInstance,
  startTwo,
} from './instances.ts'

function effect(status: JournalledEffect['status']): JournalledEffect {
  return {
    name: 'book',
    arguments: '{}',
    status,
    exchange: 1,
    generation: 0,
    given: '',
    undo: null,
  }
}

/** What the store says of a turn. */
function stored(store: ProcessStore, id: number) {
  return turnFromRecord(store.fieldsOf(ID)[`t:${id}`] ?? '')
}

function finish(turn: JournalTurn, text = 'Done.'): void {
  turn.pieces.push({ type: 'answer', text })
  turn.status = 'finished'
}

describe('while the store is away', () => {
  it('a decision is taken without a journal, and nothing can be seen', async () => {
    const { one } = startTwo()
    await beginTurn(one)
    one.setUp(false)
    const asked = one.commands().length
    expect(await one.journals.update(ID, (journal) => journal)).toBeNull()
    expect(await one.journals.peek(ID)).toBeNull()
    expect(one.commands()).toHaveLength(asked)
    one.setUp(true)
    expect((await look(one)).turns).toHaveLength(1)
  })

  it('a turn that ended is remembered, and saved once the store is back', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    one.setUp(false)
    finish(turn)
    await one.journals.keep(ID, turn)
    expect(stored(store, 1)?.status).toBe('running')
    one.setUp(true)
    await eventually(() => stored(store, 1)?.status === 'finished')
    expect((await see(two, 1)).pieces).toEqual([{ type: 'answer', text: 'Done.' }])
    expect(one.lines).toEqual([])
  })

  it('a turn is given up after the time for which conversations are retained', async () => {
    const { one } = startTwo({ retainMs: 30 })
    const turn = await beginTurn(one)
    one.setUp(false)
    finish(turn)
    await one.journals.keep(ID, turn)
    await eventually(() => one.lines.length > 0)
    expect(one.lines).toEqual([{ values: { turn: 1 }, message: 'a turn was never saved' }])
  })

  it('a turn of which nothing is remembered is not saved either', async () => {
    const { one, store } = startTwo()
    one.setUp(false)
    const alone = await one.journals.update(ID, (journal) => {
      expect(journal).toBeNull()
      return begin({ store: one.store })(createJournal())
    })
    one.setUp(true)
    await one.journals.keep(ID, alone)
    expect(store.fieldsOf(ID)).toEqual({})
  })
})

describe('a decision of which nobody knows whether it was written', () => {
  it('is taken without a journal; what came of it shows later, and does not run', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    one.loseReplies(1)
    const decisions: (number | null)[] = []
    await one.journals.update(ID, (journal) => {
      decisions.push(journal && begin({ store: one.store, text: 'lost' })(journal).id)
      turn.shown = true
    })
    expect(decisions).toEqual([2, null])
    expect((await look(one)).turns[0]).toBe(turn)
    expect((await see(one, 2)).status).toBe('aborted')
    await eventually(() => stored(store, 2)?.status === 'aborted')
    expect((await see(two, 2)).status).toBe('aborted')
    expect(stored(store, 1)?.status).toBe('running')
    expect(plain(await look(one))).toEqual(plain(await look(two)))
  })

  it('leaves nothing where it was not written', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    const away = one.journals.update(ID, (journal) => {
      if (journal) begin({ store: one.store })(journal).shown = true
      if (journal) turn.superseded = true
      one.setUp(false)
      return journal
    })
    expect(await away).toBeNull()
    expect(turn.superseded).toBe(false)
    one.setUp(true)
    expect((await look(one)).turns).toEqual([turn])
    expect((await look(two)).turns).toHaveLength(1)
  })
})

describe('a store that lost all', () => {
  it('gets back the turns that still run, and no others', async () => {
    const { one, two, store } = startTwo()
    const ended = await beginTurn(one)
    finish(ended)
    await one.journals.keep(ID, ended)
    const running = await beginTurn(one, { parent: ended })
    store.wipe()
    expect((await look(two)).turns).toEqual([])
    finish(running, 'Still here.')
    await one.journals.keep(ID, running)
    expect((await look(two)).turns.map((turn) => turn.id)).toEqual([2])
    expect((await look(one)).turns).toEqual([running])
    expect((await see(two, 2)).parent).toBeNull()
    expect(plain(await look(one))).toEqual(plain(await look(two)))
    expect((await beginTurn(two)).id).toBe(3)
  })

  it('keeps apart turns that got the same id', async () => {
    const { one, two, store } = startTwo({ limits: { lookEveryMs: 60_000 } })
    const old = await beginTurn(one, { text: 'old' })
    one.loseMessages(9)
    store.wipe()
    await beginTurn(two, { text: 'other' })
    finish(old)
    await one.journals.keep(ID, old)
    expect((await look(one)).turns.map((turn) => turn.userText)).toEqual(['other'])
    expect((await look(two)).turns.map((turn) => turn.userText)).toEqual(['other'])
  })
})

describe('a turn whose instance is gone', () => {
  it('counts as aborted, with what was sent; what waited is cancelled', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    turn.pieces.push({ type: 'answer', text: 'Good morning, everyone.' })
    turn.sent.characters = 4
    turn.effects.push(effect('waiting'), effect('running'), effect('ok'))
    await one.journals.keep(ID, turn)
    expect((await see(two, 1)).status).toBe('running')
    one.kill()
    const seen = await see(two, 1)
    expect([seen.status, seen.pieces]).toEqual(['aborted', [{ type: 'answer', text: 'Good' }]])
    expect(seen.endedAt).toBeGreaterThan(0)
    expect(seen.effects.map(({ status }) => status)).toEqual(['cancelled', 'running', 'ok'])
    await two.journals.update(ID, (journal) => expect(journal?.turns[0]?.status).toBe('aborted'))
    await beginTurn(two)
    expect(seen.status).toBe('aborted')
  })

  it('goes on when it was only taken for dead', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    turn.pieces.push({ type: 'answer', text: 'Good morning.' })
    await one.journals.keep(ID, turn)
    one.setAlive(false)
    const seen = await see(two, 1)
    expect([seen.status, seen.pieces]).toEqual(['aborted', []])
    one.setAlive(true)
    await look(two)
    expect([seen.status, seen.pieces]).toEqual(['running', turn.pieces])
  })

  it('has ended if its instance said so before', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    finish(turn)
    await one.journals.keep(ID, turn)
    one.kill()
    expect((await see(two, 1)).status).toBe('finished')
  })
})

describe('the copies of an instance', () => {
  it('are bounded, and come back from the store', async () => {
    const { one } = startTwo({ limits: { maxConversations: 1 } })
    const turn = await beginTurn(one)
    turn.shown = true
    finish(turn)
    await one.journals.keep(ID, turn)
    await one.journals.update('other', begin({ store: one.store }))
    const seen = await see(one, 1)
    expect(seen).not.toBe(turn)
    expect([seen.status, seen.shown, seen.owner]).toEqual(['finished', true, turn.owner])
  })

  it('stay while something of this instance runs in them', async () => {
    const { one } = startTwo({ limits: { maxConversations: 1 } })
    const turn = await beginTurn(one)
    await one.journals.update('other', begin({ store: one.store }))
    await one.journals.update('third', begin({ store: one.store }))
    expect(await see(one, 1)).toBe(turn)
  })
})

describe('saving a turn', () => {
  it('takes what follows within a short time along', async () => {
    const { one, store } = startTwo()
    const turn = await beginTurn(one)
    const writes = () => one.commands().filter((name) => name === 'writeRecord').length
    const before = writes()
    for (const text of ['a', 'b', 'c']) {
      turn.pieces.push({ type: 'answer', text })
      one.journals.keepSoon(ID, turn)
    }
    expect(writes()).toBe(before)
    await eventually(() => stored(store, 1)?.pieces.length === 3)
    expect(writes()).toBe(before + 1)
  })

  it('at once leaves nothing to be saved soon', async () => {
    const { one, store } = startTwo({ limits: { saveSoonMs: 1 } })
    const turn = await beginTurn(one)
    one.journals.keepSoon(ID, turn)
    finish(turn)
    await one.journals.keep(ID, turn)
    const { length } = one.commands()
    expect(stored(store, 1)?.status).toBe('finished')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(one.commands()).toHaveLength(length)
  })

  it('never lets an older state overtake a newer one', async () => {
    const { one, store } = startTwo()
    const turn = await beginTurn(one)
    const saves = [1, 2, 3, 4, 5].map((count) => {
      turn.pieces.push({ type: 'answer', text: String(count) })
      return one.journals.keep(ID, turn)
    })
    finish(turn)
    await Promise.all([...saves, one.journals.keep(ID, turn)])
    expect(stored(store, 1)).toMatchObject({ status: 'finished', pieces: { length: 6 } })
  })

  it('does not go back to what a save wrote whose answer was lost', async () => {
    const { one, store } = startTwo({ limits: { lookEveryMs: 60_000 } })
    const turn = await beginTurn(one)
    turn.pieces.push({ type: 'answer', text: 'first' })
    one.loseReplies(1)
    await one.journals.keep(ID, turn)
    expect(stored(store, 1)?.pieces).toHaveLength(1)
    finish(turn, 'second')
    await look(one)
    expect([turn.status, turn.pieces.length]).toEqual(['finished', 2])
  })

  it('goes on when another instance has written meanwhile', async () => {
    const { one, two } = startTwo({ limits: { lookEveryMs: 60_000 } })
    const turn = await beginTurn(one)
    one.loseMessages(9)
    await beginTurn(two)
    finish(turn)
    await one.journals.keep(ID, turn)
    expect((await see(two, 1)).status).toBe('finished')
    expect((await look(one)).turns).toHaveLength(2)
  })

  it('writes nothing for a turn that was forgotten', async () => {
    const { one, two } = startTwo({ limits: { lookEveryMs: 60_000 } })
    const turn = await beginTurn(one)
    finish(turn)
    await one.journals.keep(ID, turn)
    one.loseMessages(9)
    await beginTurn(two, { maxTurns: 1 })
    turn.replays += 1
    await one.journals.keep(ID, turn)
    expect((await look(two)).turns.map(({ id }) => id)).toEqual([2])
    expect((await look(one)).turns.map(({ id }) => id)).toEqual([2])
  })

  it('is not tried for ever where the turn itself cannot be written', async () => {
    const one = startInstance()
    const turn = await beginTurn(one)
    Object.assign(turn, { owner: one.store.instance, exchange: 1n })
    await one.journals.keep(ID, turn)
    expect(one.lines.map(({ message }) => message)).toEqual(['a turn could not be saved'])
  })
})
