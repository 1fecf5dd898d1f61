import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'
import { createProcessStore, type ProcessStore } from '../support/process-shared-store.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { openStore } from '../support/redis-stores.ts'
import {
  BOOK,
  joinWithLedger,
  ledgerOver,
  notingEffects,
  ok,
  type LedgerInstance,
} from '../support/shared-ledgers.ts'

const FAILED: ToolOutcome = { status: 'failed', content: 'the service answered 409' }
const UNKNOWN: ToolOutcome = { status: 'unknown', content: 'who knows' }
const UNSENT: ToolOutcome = { status: 'failed', content: 'no connection', sent: false }

let shared: ProcessStore
let here: LedgerInstance
let there: LedgerInstance
let started: string[]

beforeEach(() => {
  shared = createProcessStore()
  here = joinWithLedger(shared)
  there = joinWithLedger(shared)
  started = []
})

const { giving, idempotent, held } = notingEffects((name) => void started.push(name))

describe('what this process did', () => {
  it.each([ok('first'), FAILED, UNKNOWN])(
    'is known when the store has lost all, and not done again: %j',
    async (outcome) => {
      await here.ledger.run(BOOK, giving(outcome))
      shared.wipe()
      expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(outcome)
      expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(outcome)
      expect(started).toEqual([outcome.content])
    },
  )

  it.each([ok('first'), FAILED, UNKNOWN])(
    'is known while the store is away, and not called undone: %j',
    async (outcome) => {
      await here.ledger.run(BOOK, giving(outcome))
      here.setUp(false)
      expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(outcome)
      expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(outcome)
      expect(started).toEqual([outcome.content])
    },
  )

  it('is answered without asking the store once it is certain', async () => {
    await here.ledger.run(BOOK, giving(ok('first')))
    const before = here.commands().length
    await here.ledger.run(BOOK, giving(ok('second')))
    await here.ledger.outcomeOf(BOOK, 0)
    expect(here.commands()).toHaveLength(before)
  })

  it('stays with its conversation and its wish', async () => {
    await here.ledger.run(BOOK, giving(ok('first')))
    for (const other of [{ conversation: 'b' }, { exchange: 2 }, { generation: 1 }]) {
      expect(await here.ledger.outcomeOf({ ...BOOK, ...other }, 0)).toBeNull()
    }
  })
})

describe('what is unknown and idempotent', () => {
  it('is tried again when the store has lost all', async () => {
    await here.ledger.run(BOOK, idempotent(UNKNOWN))
    shared.wipe()
    expect(await here.ledger.run(BOOK, idempotent(ok('second')))).toEqual(ok('second'))
    expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(ok('second'))
  })

  it('stays unknown when the second try never left, also if the store has lost all', async () => {
    await here.ledger.run(BOOK, idempotent(UNKNOWN))
    shared.wipe()
    expect(await here.ledger.run(BOOK, idempotent(UNSENT))).toEqual(UNKNOWN)
    expect(await there.ledger.outcomeOf(BOOK, 0)).toEqual(UNKNOWN)
  })

  it('is not tried while the store is away, and tried when it is back', async () => {
    await here.ledger.run(BOOK, idempotent(UNKNOWN))
    here.setUp(false)
    const tries = [1, 2].map(() => here.ledger.run(BOOK, idempotent(ok('second'))))
    expect(await Promise.all(tries)).toEqual([UNKNOWN, UNKNOWN])
    here.setUp(true)
    expect(await here.ledger.run(BOOK, idempotent(ok('third')))).toEqual(ok('third'))
    expect(started).toEqual([UNKNOWN.content, 'third'])
  })

  it('is known here as soon as another instance has done it', async () => {
    await here.ledger.run(BOOK, idempotent(UNKNOWN))
    const second = held(ok('second'), { isIdempotent: true })
    const answer = there.ledger.run(BOOK, second.effect)
    await second.begun
    const asked = here.ledger.outcomeOf(BOOK, 10_000)
    second.end()
    expect(await asked).toEqual(ok('second'))
    expect(await answer).toEqual(ok('second'))
  })
})

describeWithRedis('a Redis that is away and comes back empty', () => {
  it('leaves a wish done once at the process that did it', { timeout: 30_000 }, async () => {
    const server = await startRedis()
    onTestFinished(() => server.dispose())
    const { store } = await openStore({ url: server.url, limits: { heartbeatMs: 50 } })
    const ledger = ledgerOver(store)
    expect(await ledger.run(BOOK, giving(ok('first')))).toEqual(ok('first'))
    await server.stop()
    await expect.poll(() => store.isUp(), { timeout: 10_000 }).toBe(false)
    expect(await ledger.run(BOOK, giving(ok('second')))).toEqual(ok('first'))
    await server.start()
    await expect.poll(() => store.isUp(), { timeout: 10_000 }).toBe(true)
    expect(await ledger.run(BOOK, giving(ok('third')))).toEqual(ok('first'))
    expect(await ledger.outcomeOf(BOOK, 0)).toEqual(ok('first'))
    expect(started).toEqual(['first'])
  })
})
