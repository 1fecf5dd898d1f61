import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Effect } from '../../src/effects/ledger.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'
import { createProcessStore } from '../support/process-shared-store.ts'
import {
  BOOK,
  joinWithLedger,
  notingEffects,
  ok,
  type LedgerInstance,
} from '../support/shared-ledgers.ts'

const UNKNOWN: ToolOutcome = { status: 'unknown', content: 'who knows' }
const UNSENT: ToolOutcome = { status: 'failed', content: 'no connection', sent: false }

const PLACE = { record: 'journal', field: 'superseded' }

let here: LedgerInstance
let there: LedgerInstance
let started: string[]

beforeEach(() => {
  const shared = createProcessStore()
  here = joinWithLedger(shared)
  there = joinWithLedger(shared)
  started = []
})

const { giving, idempotent, held } = notingEffects((name) => void started.push(name))

describe('two instances', () => {
  it('do a thing once, one after the other', async () => {
    const whole: ToolOutcome = { status: 'ok', content: 'done', value: { id: 7 } }
    expect(await here.ledger.run(BOOK, giving(whole))).toEqual(whole)
    expect(await there.ledger.run(BOOK, giving(ok('again')))).toEqual(whole)
    expect(await there.ledger.outcomeOf(BOOK, 0)).toEqual(whole)
    expect(started).toEqual(['done'])
  })

  it('do a thing once, at the same time', async () => {
    const first = held(ok('first'))
    const answers = [here.ledger.run(BOOK, first.effect)]
    await first.begun
    answers.push(there.ledger.run(BOOK, giving(ok('second'))))
    answers.push(here.ledger.run(BOOK, giving(ok('third'))))
    const asked = there.ledger.outcomeOf(BOOK, 10_000)
    first.end()
    expect(await Promise.all([...answers, asked])).toEqual(Array(4).fill(ok('first')))
    expect(started).toEqual(['first'])
  })

  it('tell one who has waited too long that it is still being done', async () => {
    const first = held(ok('first'))
    const answer = here.ledger.run(BOOK, first.effect)
    await first.begun
    for (const { ledger } of [here, there]) {
      const told = await ledger.run(BOOK, giving(ok('second'), { waitMs: 1 }))
      expect(JSON.stringify(told)).toContain('still being done')
      expect(await ledger.outcomeOf(BOOK, 1)).toBe('running')
    }
    first.end()
    expect(await answer).toEqual(ok('first'))
    expect(await there.ledger.outcomeOf(BOOK, 10_000)).toEqual(ok('first'))
    expect(started).toEqual(['first'])
  })

  it('give the same name to a wish', () => {
    expect(here.ledger.idOf(BOOK)).toBe(there.ledger.idOf({ ...BOOK, arguments: '{ "at":"ten" }' }))
  })

  it('remember what broke as unknown', async () => {
    const broken = giving(ok('broken'), { start: () => Promise.reject(new Error('it broke')) })
    expect(await here.ledger.run(BOOK, broken)).toMatchObject({ status: 'unknown' })
    expect(await there.ledger.run(BOOK, giving(ok('second')))).toMatchObject({ status: 'unknown' })
    expect(started).toEqual(['broken'])
  })

  it('try again what was never sent', async () => {
    expect(await here.ledger.run(BOOK, giving(UNSENT))).toEqual(UNSENT)
    expect(await there.ledger.outcomeOf(BOOK, 0)).toBeNull()
    expect(await there.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('second'))
  })

  it('try again what is unknown and idempotent, under the same name', async () => {
    const names: string[] = []
    const named = (outcome: ToolOutcome): Effect => ({
      ...idempotent(outcome),
      start: async (name) => {
        names.push(name)
        return outcome
      },
    })
    expect(await here.ledger.run(BOOK, named(UNKNOWN))).toEqual(UNKNOWN)
    expect(await there.ledger.run(BOOK, giving(ok('not idempotent')))).toEqual(UNKNOWN)
    expect(await there.ledger.run(BOOK, named(ok('second')))).toEqual(ok('second'))
    expect(await here.ledger.run(BOOK, named(ok('third')))).toEqual(ok('second'))
    expect(names).toEqual([here.ledger.idOf(BOOK), here.ledger.idOf(BOOK)])
  })

  it.each([
    ['never left', idempotent(UNSENT)],
    ['is not wanted any more', { ...idempotent(ok('done')), isBarred: () => true }],
  ])('keep to unknown when a second try %s', async (_, second) => {
    await here.ledger.run(BOOK, giving(UNKNOWN))
    expect(await there.ledger.run(BOOK, second)).toEqual(UNKNOWN)
    expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(UNKNOWN)
  })

  it('keep what the model was told of an outcome that is too large, without its value', async () => {
    const large: ToolOutcome = { ...ok('large'), value: 'é'.repeat(200_000) }
    expect(await here.ledger.run(BOOK, giving(large))).toEqual(large)
    expect(await there.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('large'))
  })

  it('take an outcome that they cannot read for unknown', async () => {
    const id = here.ledger.idOf(BOOK)
    const claimed = await here.store.claim(id, { retainMs: 1000 })
    const token = claimed.state === 'claimed' ? claimed.token : ''
    await here.store.finishClaim(id, token, { value: '{"status":"new"}', retainMs: 1000 })
    expect(await there.ledger.run(BOOK, giving(ok('second')))).toMatchObject({ status: 'unknown' })
    expect(started).toEqual([])
  })
})

describe('an effect that nobody wants any more', () => {
  it('is not begun, and another one who wants it begins it', async () => {
    const barred = giving(ok('barred'), { isBarred: () => true })
    const answers = [here.ledger.run(BOOK, barred), here.ledger.run(BOOK, giving(ok('wanted')))]
    expect(await Promise.all(answers)).toEqual(['barred', ok('wanted')])
    expect(started).toEqual(['wanted'])
    expect(await there.ledger.outcomeOf(BOOK, 0)).toEqual(ok('wanted'))
  })

  it('is not begun when that is known to the store only', async () => {
    await there.store.writeRecord(PLACE.record, { set: { superseded: '1' }, retainMs: 1000 })
    expect(await here.ledger.run(BOOK, giving(ok('barred'), { barredBy: PLACE }))).toBe('barred')
    expect(await here.ledger.run(BOOK, giving(ok('wanted')))).toEqual(ok('wanted'))
  })

  it('gives the outcome if it was done before', async () => {
    await here.ledger.run(BOOK, giving(ok('done')))
    const barred = giving(ok('barred'), { isBarred: () => true })
    expect(await there.ledger.run(BOOK, barred)).toEqual(ok('done'))
  })
})

describe('a closed ledger', () => {
  it('waits for nobody', async () => {
    const first = held(ok('first'))
    const answer = there.ledger.run(BOOK, first.effect)
    await first.begun
    const waiting = here.ledger.outcomeOf(BOOK, 1_000_000)
    await vi.waitFor(() => expect(here.commands()).toContain('readClaim'))
    here.ledger.close()
    expect(await waiting).toBe('running')
    first.end()
    await answer
  })
})
