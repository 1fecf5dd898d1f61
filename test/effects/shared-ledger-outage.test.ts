import { beforeEach, describe, expect, it, vi } from 'vitest'
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

const isUnavailable = { code: 'store_unavailable' }

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

describe('an instance that dies', () => {
  /** The other instance's process is gone after it took the claim. */
  async function die(when: 'before the start' | 'in between') {
    const dieFirst = () => {
      there.kill()
      return true
    }
    const first = held(ok('first'), when === 'in between' ? {} : { isBarred: dieFirst })
    const answer = there.ledger.run(BOOK, first.effect)
    if (when === 'in between') {
      await first.begun
      there.kill()
      first.end()
    }
    await answer
  }

  it.each(['before the start', 'in between'] as const)(
    '%s of an effect leaves it unknown, never undone',
    async (when) => {
      await die(when)
      started = []
      expect(await here.ledger.outcomeOf(BOOK, 0)).toMatchObject({ status: 'unknown' })
      expect(await here.ledger.run(BOOK, giving(ok('second')))).toMatchObject({ status: 'unknown' })
      expect(started).toEqual([])
    },
  )

  it.each(['before the start', 'in between'] as const)(
    '%s of an idempotent effect leaves it to another one',
    async (when) => {
      await die(when)
      expect(await here.ledger.run(BOOK, idempotent(ok('second')))).toEqual(ok('second'))
      expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(ok('second'))
    },
  )

  it('while another one waits for it ends that wait', async () => {
    const first = held(ok('first'))
    const lost = there.ledger.run(BOOK, first.effect)
    await first.begun
    const waiting = here.ledger.run(BOOK, giving(ok('second')))
    await vi.waitFor(() => expect(here.commands()).toContain('readClaim'))
    there.kill()
    expect(await waiting).toMatchObject({ status: 'unknown' })
    first.end()
    await lost
  })

  it('only seemingly tells in the end what came of it', async () => {
    const first = held(ok('first'))
    const answer = there.ledger.run(BOOK, first.effect)
    await first.begun
    there.setAlive(false)
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toMatchObject({ status: 'unknown' })
    first.end()
    expect(await answer).toEqual(ok('first'))
    expect(await here.ledger.run(BOOK, giving(ok('third')))).toEqual(ok('first'))
    expect(started).toEqual(['first'])
  })
})

describe('while the store cannot be reached', () => {
  it('nothing is begun', async () => {
    here.setUp(false)
    await expect(here.ledger.run(BOOK, giving(ok('first')))).rejects.toMatchObject(isUnavailable)
    await expect(here.ledger.outcomeOf(BOOK, 0)).rejects.toMatchObject(isUnavailable)
    here.setUp(true)
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('second'))
    expect(started).toEqual(['second'])
  })

  it('a claim that was taken without an answer is given back, and begun here later', async () => {
    here.loseReplies(1)
    await expect(here.ledger.run(BOOK, giving(ok('first')))).rejects.toMatchObject(isUnavailable)
    expect(await here.ledger.outcomeOf(BOOK, 0)).toBeNull()
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('second'))
    expect(started).toEqual(['second'])
  })

  it('a claim that was taken without an answer is given back to others when it is there', async () => {
    here.loseReplies(1)
    await expect(here.ledger.run(BOOK, giving(ok('first')))).rejects.toMatchObject(isUnavailable)
    here.setUp(false)
    const waiting = there.ledger.run(BOOK, giving(ok('second')))
    here.setUp(true)
    expect(await waiting).toEqual(ok('second'))
    expect(started).toEqual(['second'])
  })

  it('a second try that was claimed without an answer leaves unknown what was unknown', async () => {
    await there.ledger.run(BOOK, giving(UNKNOWN))
    const loseTheTakeover = () => {
      here.loseReplies(1)
      return false
    }
    const second = { ...idempotent(ok('second')), isBarred: loseTheTakeover }
    await expect(here.ledger.run(BOOK, second)).rejects.toMatchObject(isUnavailable)
    expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(UNKNOWN)
    expect(await there.ledger.outcomeOf(BOOK, 0)).toBe('running')
    here.setUp(false)
    here.setUp(true)
    expect(await there.ledger.outcomeOf(BOOK, 10_000)).toEqual(UNKNOWN)
    expect(started).toEqual([UNKNOWN.content])
  })

  it('an outcome is told at once, known here, and noted when the store is back', async () => {
    const first = held(ok('first'))
    const answer = here.ledger.run(BOOK, first.effect)
    await first.begun
    here.setUp(false)
    first.end()
    expect(await answer).toEqual(ok('first'))
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('first'))
    expect(await here.ledger.outcomeOf(BOOK, 0)).toEqual(ok('first'))
    expect(await there.ledger.outcomeOf(BOOK, 0)).toBe('running')
    here.setUp(true)
    expect(await there.ledger.outcomeOf(BOOK, 10_000)).toEqual(ok('first'))
    expect(started).toEqual(['first'])
  })

  it('an outcome that could not be noted is noted a second later', async () => {
    const first = held(ok('first'))
    const answer = here.ledger.run(BOOK, first.effect)
    await first.begun
    here.setUp(false)
    first.end()
    await answer
    here.setUp(true)
    here.setUp(false)
    await here.ledger.run(BOOK, giving(ok('second')))
    here.setUp(true)
    expect(await there.ledger.run(BOOK, giving(ok('third')))).toEqual(ok('first'))
  })

  it('what was not sent is given back when the store is there again', async () => {
    const first = held(UNSENT)
    const answer = here.ledger.run(BOOK, first.effect)
    await first.begun
    here.setUp(false)
    first.end()
    expect(await answer).toEqual(UNSENT)
    here.setUp(true)
    expect(await there.ledger.run(BOOK, giving(ok('second')))).toEqual(ok('second'))
  })

  it('what is unknown and could not be noted can be tried again if it is idempotent', async () => {
    const first = held(UNKNOWN, { isIdempotent: true })
    const answer = here.ledger.run(BOOK, first.effect)
    await first.begun
    here.setUp(false)
    first.end()
    await answer
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toEqual(UNKNOWN)
    here.setUp(true)
    expect(await here.ledger.run(BOOK, idempotent(ok('third')))).toEqual(ok('third'))
    expect(await there.ledger.outcomeOf(BOOK, 0)).toEqual(ok('third'))
  })

  it('a claim of this instance that it knows nothing of is unknown', async () => {
    await here.store.claim(here.ledger.idOf(BOOK), { retainMs: 1000 })
    expect(await here.ledger.run(BOOK, giving(ok('second')))).toMatchObject({ status: 'unknown' })
    expect(await here.ledger.outcomeOf(BOOK, 0)).toMatchObject({ status: 'unknown' })
    expect(await here.ledger.run(BOOK, idempotent(ok('third')))).toEqual(ok('third'))
  })
})
