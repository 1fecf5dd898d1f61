import { beforeEach, describe, expect, it } from 'vitest'
import type { EffectKey, Ledger } from '../../src/effects/ledger.ts'
import { TurnstateError } from '../../src/errors.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'
import {
  createProcessStore,
  type ProcessInstance,
  type ProcessStore,
} from '../support/process-shared-store.ts'
import { BOOK, giving, heldEffect, ledgerOver, ok } from '../support/shared-ledgers.ts'

const UNSENT: ToolOutcome = { status: 'failed', content: 'no connection', sent: false }
const POISONED = BOOK
const SOUND = { ...BOOK, exchange: 2 }

let shared: ProcessStore
let here: ProcessInstance
let ledger: Ledger
let there: Ledger

beforeEach(() => {
  shared = createProcessStore()
  here = shared.join()
  ledger = ledgerOver(refusing(here.store, () => ledger.idOf(POISONED)))
  there = ledgerOver(shared.join().store)
})

/** A store that is there and refuses to end one claim, as Redis does with a key of another type. */
function refusing(store: SharedStore, idOf: () => string): SharedStore {
  const refuse = async (id: string): Promise<void> => {
    if (id === idOf()) throw new TurnstateError('store_unavailable', 'WRONGTYPE')
  }
  return {
    ...store,
    finishClaim: async (id, ...rest) => {
      await refuse(id)
      return store.finishClaim(id, ...rest)
    },
    releaseClaim: async (id, token) => {
      await refuse(id)
      return store.releaseClaim(id, token)
    },
  }
}

/** Both are under way when the store goes away, and over when it comes back. */
async function endInOutage(outcome: ToolOutcome): Promise<void> {
  const begin = async (key: EffectKey) => {
    const { effect, begun, end } = heldEffect(outcome)
    const answer = ledger.run(key, effect)
    await begun
    return { answer, end }
  }
  const first = await begin(POISONED)
  const second = await begin(SOUND)
  here.setUp(false)
  first.end()
  await first.answer
  second.end()
  await second.answer
  here.setUp(true)
}

describe('a claim that the store refuses to end', () => {
  it('does not hold back the outcome of another one', async () => {
    await endInOutage(ok('done'))
    expect(await there.outcomeOf(SOUND, 10_000)).toEqual(ok('done'))
  })

  it('does not hold back another one that is given back', async () => {
    await endInOutage(UNSENT)
    expect(await there.run(SOUND, giving(ok('second'), { waitMs: 3000 }))).toEqual(ok('second'))
  })

  it('is known here all the same', async () => {
    await endInOutage(ok('done'))
    expect(await ledger.run(POISONED, giving(ok('second')))).toEqual(ok('done'))
  })
})
