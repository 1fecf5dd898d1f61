import { describe, expect, it } from 'vitest'
import type { JournalledEffect, Undo } from '../../../src/conversation/journal.ts'
import { TurnstateError } from '../../../src/errors.ts'
import { supersededField } from '../../../src/turn/journals/record-fields.ts'
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

function effect(undo: Undo | null = null): JournalledEffect {
  return {
    name: 'book',
    arguments: '{}',
    status: 'running',
    exchange: 1,
    generation: 0,
    given: '',
    undo,
  }
}

describe('a shared journal', () => {
  it('shows a turn that another instance began, and whose it is', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    const seen = await see(two, turn.id)
    expect(plain(await look(two))).toEqual(plain(await look(one)))
    expect(seen.owner).toBe(one.store.instance)
    expect((await look(two)).latest).toBe(seen)
    expect((await look(two)).nextId).toBe(2)
  })

  it('is empty where nobody has begun', async () => {
    const { one } = startTwo()
    expect((await look(one)).turns).toEqual([])
    expect(one.commands()).toEqual(['readRecord'])
  })

  it('costs one small round trip while it does not change', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    const before = plain(await look(two))
    one.journals.keepSoon(ID, await see(one, 1))
    const asked = two.commands().length
    expect(plain(await look(two))).toEqual(before)
    expect(two.commands().slice(asked)).toEqual(['readRecord', 'isAlive'])
  })

  it('is brought up to date in place', async () => {
    const { one, two } = startTwo()
    const first = await beginTurn(one)
    const journal = await look(two)
    const seen = await see(two, first.id)
    first.pieces.push({ type: 'answer', text: 'Good morning.' })
    first.effects.push(effect())
    await one.journals.keep(ID, first)
    const second = await beginTurn(one, { parent: first })
    expect(await look(two)).toBe(journal)
    expect(journal.turns[0]).toBe(seen)
    expect(seen.pieces).toEqual([{ type: 'answer', text: 'Good morning.' }])
    expect(seen.children.map((turn) => turn.id)).toEqual([second.id])
    expect(journal.turns[1]?.parent).toBe(seen)
    const held = seen.effects[0]
    Object.assign(first.effects[0] ?? {}, { status: 'ok' })
    await one.journals.keep(ID, first)
    await look(two)
    expect(held?.status).toBe('ok')
    expect(seen.effects[0]).toBe(held)
  })

  it('leaves a turn that runs here as it is, but for what others noted', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    turn.pieces.push({ type: 'answer', text: 'not saved yet' })
    await two.journals.update(ID, (journal) => {
      const seen = journal?.turns[0]
      Object.assign(seen ?? {}, { shown: true, superseded: true })
      Object.assign(seen?.sent ?? {}, { isWhole: true })
    })
    await look(one)
    expect(turn.pieces).toEqual([{ type: 'answer', text: 'not saved yet' }])
    expect([turn.shown, turn.superseded, turn.sent.isWhole]).toEqual([true, true, true])
  })

  it('adds up how often both gave an answer again', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    const seen = await see(two, turn.id)
    turn.replays += 1
    seen.replays += 2
    await Promise.all([one.journals.keep(ID, turn), two.journals.keep(ID, seen)])
    expect((await see(one, 1)).replays).toBe(3)
    expect((await see(two, 1)).replays).toBe(3)
  })

  it('carries on how an undo stands, forwards only', async () => {
    const { one, two, store } = startTwo({ limits: { lookEveryMs: 60_000 } })
    one.loseMessages(9)
    const turn = await beginTurn(one)
    turn.effects.push(effect({ name: 'cancel', arguments: '{}', status: 'due' }))
    await one.journals.keep(ID, turn)
    const undo = (await see(two, turn.id)).effects[0]?.undo
    await two.journals.update(ID, () => Object.assign(undo ?? {}, { status: 'running' }))
    await look(one)
    expect(turn.effects[0]?.undo?.status).toBe('running')
    await two.journals.update(ID, () => Object.assign(undo ?? {}, { status: 'ok' }))
    // The first one does not know that it is done.
    turn.pieces.push({ type: 'answer', text: 'Cancelled.' })
    await one.journals.keep(ID, turn)
    expect(Object.values(store.fieldsOf(ID))).toContain('ok')
    expect((await see(one, 1)).effects[0]?.undo?.status).toBe('ok')
    expect((await look(two)).turns[0]?.effects[0]?.undo).toBe(undo)
  })

  it('forgets what another instance forgot, and moves what stood on it', async () => {
    const { one, two } = startTwo()
    const root = await beginTurn(one)
    const middle = await beginTurn(one, { parent: root })
    const leaf = await beginTurn(one, { parent: middle })
    for (const turn of [root, middle]) {
      turn.status = 'finished'
      await one.journals.keep(ID, turn)
    }
    await look(two)
    await beginTurn(one, { parent: leaf, maxTurns: 3 })
    expect((await look(two)).turns.map((turn) => turn.id)).toEqual([2, 3, 4])
    await beginTurn(one, { parent: leaf, maxTurns: 3 })
    expect((await look(two)).turns.map((turn) => turn.id)).toEqual([3, 4, 5])
    expect(plain(await look(two))).toEqual(plain(await look(one)))
    expect((await see(two, 3)).parent).toBeNull()
    // Also who never saw the forgotten ones, and after the owner wrote the turn again.
    await one.journals.keep(ID, leaf)
    expect((await see(two, 3)).parent).toBeNull()
  })

  it('puts what stood on a forgotten turn where all instances put it', async () => {
    const { one, two, store } = startTwo()
    const root = await beginTurn(one)
    const dropped = await beginTurn(one, { parent: root })
    await beginTurn(one, { parent: root })
    await beginTurn(two, { parent: await see(two, dropped.id) })
    dropped.status = 'finished'
    await one.journals.keep(ID, dropped)
    await beginTurn(one, { maxTurns: 4 })
    const expected = plain(await look(one))
    expect((await see(one, 1)).children.map(({ id }) => id)).toEqual([3, 4])
    expect(plain(await look(two))).toEqual(expected)
    expect(plain(await look(startInstance({ store })))).toEqual(expected)
  })

  it('is not told by one instance what a turn of another says', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    const seen = await see(two, 1)
    const before = store.fieldsOf(ID)['t:1']
    seen.pieces.push({ type: 'answer', text: 'not its own' })
    seen.sent.isWhole = true
    await two.journals.keep(ID, seen)
    expect(store.fieldsOf(ID)['t:1']).toBe(before)
    await look(one)
    expect(turn.sent.isWhole).toBe(true)
  })

  it('leaves nothing of a forgotten turn in the store', async () => {
    const { one, store } = startTwo()
    const turn = await beginTurn(one)
    turn.status = 'finished'
    turn.effects.push(effect({ name: 'cancel', arguments: '{}', status: 'ok' }))
    Object.assign(turn, { shown: true, superseded: true, replays: 1 })
    turn.sent.isWhole = true
    await one.journals.keep(ID, turn)
    await beginTurn(one, { maxTurns: 1 })
    expect(Object.keys(store.fieldsOf(ID)).sort()).toEqual(['latest', 'next', 't:2'])
  })

  it('writes nothing when nothing was decided', async () => {
    const { one } = startTwo({ retainMs: 600_000 })
    const turn = await beginTurn(one)
    turn.status = 'finished'
    await one.journals.keep(ID, turn)
    await one.journals.update(ID, () => null)
    expect(one.commands().filter((name) => name === 'writeRecord')).toHaveLength(2)
  })

  it('keeps what it has when nothing was decided', async () => {
    const { one, store } = startTwo({ retainMs: 400 })
    const turn = await beginTurn(one)
    turn.status = 'finished'
    await one.journals.keep(ID, turn)
    const until = performance.now() + 800
    // Each time in a quarter of what it is retained for, at the latest, the record is touched.
    await eventually(async () => {
      await one.journals.update(ID, () => null)
      return performance.now() > until
    })
    expect(Object.keys(store.fieldsOf(ID))).toContain('t:1')
  })

  it('says what bars a claim once the turn is superseded', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    const bar = one.journals.barOf(ID, turn)
    expect(bar).toEqual({ record: ID, field: supersededField(turn) })
    const claim = () => one.store.claim('c', { retainMs: 100, ...(bar && { unless: bar }) })
    await two.journals.update(ID, (journal) => {
      for (const running of journal?.turns ?? []) running.superseded = true
    })
    expect(store.fieldsOf(ID)).toHaveProperty([supersededField(turn)], '1')
    await expect(claim()).resolves.toEqual({ state: 'barred' })
  })
})

describe('a decision on a shared journal', () => {
  it('is taken again when another instance was faster', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    const interlopers: Promise<unknown>[] = []
    const seen: number[][] = []
    const turn = await two.journals.update(ID, (journal) => {
      seen.push((journal?.turns ?? []).map(({ id }) => id))
      // It begins before this one's answer is there.
      if (interlopers.length === 0) interlopers.push(beginTurn(one, { text: 'faster' }))
      return begin({ store: two.store })(journal)
    })
    await Promise.all(interlopers)
    expect(seen[0]).toEqual([1])
    expect(plain(await look(one))).toEqual(plain(await look(two)))
    expect((await look(one)).turns.map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await look(two)).turns).toContain(turn)
  })

  it('leaves no trace when it throws', async () => {
    const { one } = startTwo()
    const turn = await beginTurn(one)
    const before = plain(await look(one))
    const failing = one.journals.update(ID, (journal) => {
      begin({ store: one.store, maxTurns: 1 })(journal)
      turn.shown = true
      throw new TurnstateError('overloaded', 'too many')
    })
    await expect(failing).rejects.toMatchObject({ code: 'overloaded' })
    expect(plain(await look(one))).toEqual(before)
    expect(turn.shown).toBe(false)
  })

  it('sees all earlier ones of the same instance', async () => {
    const { one } = startTwo()
    const seen = await Promise.all(
      [1, 2, 3, 4].map(() =>
        one.journals.update(ID, (journal) => {
          begin({ store: one.store })(journal)
          return journal?.turns.length
        }),
      ),
    )
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('is overloaded when others are faster again and again', async () => {
    const { one, two } = startTwo()
    await beginTurn(two)
    const slow = { ...one.store, writeRecord: async () => 'conflict' as const }
    const { journals } = startInstance({ wrap: () => slow })
    const update = journals.update(ID, begin({ store: one.store }))
    await expect(update).rejects.toMatchObject({ code: 'overloaded' })
    expect((await journals.peek(ID))?.turns.map(({ id }) => id)).toEqual([1])
  })
})

describe('a turn in a record that cannot be read', () => {
  it.each(['not json', '{"v":2,"turn":{}}', '{"v":1,"turn":{"id":2}}'])(
    'is left out and logged once, without what it says: %s',
    async (text) => {
      const { one, two } = startTwo()
      await beginTurn(one)
      await two.store.writeRecord(ID, { set: { 't:2': text }, retainMs: 60_000 })
      expect((await look(one)).turns.map((turn) => turn.id)).toEqual([1])
      await beginTurn(two, { parent: await see(two, 1) })
      expect((await look(one)).turns.map((turn) => turn.id)).toEqual([1, 3])
      expect(one.lines).toEqual([
        { values: { turn: 2 }, message: 'a turn in the store cannot be read' },
      ])
      expect(plain(await look(two))).toEqual(plain(await look(one)))
    },
  )

  it('costs what stood on it no more than its place', async () => {
    const { one, two, store } = startTwo()
    const turn = await beginTurn(one)
    await beginTurn(one, { parent: turn })
    await two.store.writeRecord(ID, { set: { 't:1': 'broken' }, retainMs: 60_000 })
    expect((await see(two, 2)).parent).toBeNull()
    await two.journals.update(ID, () => null)
    expect(store.fieldsOf(ID)).not.toHaveProperty(['parent:2'])
  })
})
