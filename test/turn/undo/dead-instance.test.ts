import { describe, expect, it } from 'vitest'
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

const SOON = 'One moment.'
const NOT_KNOWN = 'Tried, not yet told to the caller, and not known whether it was done: hold('
const DONE = 'Already done, not yet told to the caller: hold('

describe.each([
  ['before its tool has ended', 'before', NOT_KNOWN],
  ['before it could journal what its tool has done', 'after', DONE],
] as const)('an instance that dies %s', (_, when, told) => {
  async function bereft() {
    const shared = createProcessStore()
    const first = startEngine({
      store: dying(shared.join(), when),
      answers: [{ text: SOON, ...HOLD }, { text: HELD }],
    })
    await answer(first.engine, toRequest([WISH]))
    return startEngine({ store: shared.join().store, answers: [{ text: PRICE }, { text: 'Bye.' }] })
  }

  it.each([
    ['nothing', [ASIDE]],
    ['a word', [WISH, assistant(SOON), user('And what does it cost?')]],
  ])('leaves it to the others to tell of it where %s of it was heard', async (__, messages) => {
    const other = await bereft()
    expect((await answer(other.engine, toRequest(messages))).text).toBe(PRICE)
    expect(systemOf(other.model, 1)).toContain(told)
    await answer(other.engine, toRequest([...messages, assistant(PRICE), user('Bye.')]))
    expect(systemOf(other.model, 2)).toContain(told)
    expect(systemOf(other.model, 2)).not.toContain('Being done right now')
  })
})
