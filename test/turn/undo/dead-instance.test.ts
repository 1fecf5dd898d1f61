import { expect, it } from 'vitest'
import { answer, toRequest } from '../../support/engine.ts'
import { assistant, user } from '../../support/history.ts'
import { createProcessStore, type ProcessInstance } from '../../support/process-shared-store.ts'
import type { SharedStore } from '../../../src/store/shared-store.ts'
import { ASIDE, HELD, HOLD, PRICE, startEngine, systemOf, WISH } from '../shared-engines.ts'

/** The instance dies while its tool runs, or once the ledger alone knows what came of it. */
function dying(instance: ProcessInstance, when: 'before' | 'after'): SharedStore {
  const { store } = instance
  return {
    ...store,
    async finishClaim(...claim) {
      if (when === 'after') await store.finishClaim(...claim)
      instance.kill()
    },
  }
}

const NOT_KNOWN = 'Tried, not yet told to the caller, and not known whether it was done: hold('
const DONE = 'Already done, not yet told to the caller: hold('

// Where a word of it was heard: see instances-revisions.test.ts.
it.each([
  ['before its tool has ended', 'before', NOT_KNOWN],
  ['before it could journal what its tool has done', 'after', DONE],
] as const)(
  'what an instance began that died %s is told by the others, as far as it is known',
  async (_, when, told) => {
    const shared = createProcessStore()
    const first = startEngine({
      store: dying(shared.join(), when),
      answers: [HOLD, { text: HELD }],
    })
    await answer(first.engine, toRequest([WISH]))
    const { engine, model } = startEngine({
      store: shared.join().store,
      answers: [{ text: PRICE }, { text: 'Bye.' }],
    })
    expect((await answer(engine, toRequest([ASIDE]))).text).toBe(PRICE)
    await answer(engine, toRequest([ASIDE, assistant(PRICE), user('Bye.')]))
    for (const number of [1, 2]) expect(systemOf(model, number)).toContain(told)
  },
)
