import { describe, expect, it } from 'vitest'
import { charactersOf, createJournal, type Journal } from '../../../src/conversation/journal.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import {
  createMemoryJournals,
  createNoJournals,
} from '../../../src/turn/journals/memory-journals.ts'
import { createProcessStore } from '../../support/process-shared-store.ts'
import { begin } from './instances.ts'

const { store } = createProcessStore().join()

function create(maxWeight = 1000) {
  return createMemoryJournals(
    createMemoryStore<Journal>({
      create: createJournal,
      retainMs: 1000,
      maxEntries: 10,
      weightOf: charactersOf,
      maxWeight,
      now: () => 0,
    }),
  )
}

describe('the journals of one process', () => {
  it('remember what was decided', async () => {
    const journals = create()
    const turn = await journals.update('a', begin({ store }))
    expect((await journals.peek('a'))?.turns).toEqual([turn])
    expect((await journals.peek('b'))?.turns).toEqual([])
  })

  it('decide before they return', async () => {
    let decided = 0
    const updated = create().update('a', () => ++decided)
    expect(decided).toBe(1)
    expect(await updated).toBe(1)
  })

  it('hand on what a decision throws', async () => {
    const update = create().update('a', () => {
      throw new Error('no')
    })
    await expect(update).rejects.toThrow('no')
  })

  it.each(['update', 'keep'] as const)(
    'forget others when one grows too much, seen at its %s',
    async (seenAt) => {
      const journals = create(100)
      await journals.update('a', begin({ store }))
      const turn = await journals.update('b', begin({ store }))
      turn.pieces.push({ type: 'answer', text: 'x'.repeat(99) })
      expect((await journals.peek('a'))?.turns).toHaveLength(1)
      if (seenAt === 'update') await journals.update('b', () => null)
      else await journals.keep('b', turn)
      expect((await journals.peek('a'))?.turns).toEqual([])
      expect((await journals.peek('b'))?.turns).toEqual([turn])
    },
  )

  it('know of no other instance', async () => {
    const journals = create()
    const turn = await journals.update('a', begin({ store }))
    expect(journals.barOf('a', turn)).toBeNull()
    expect(await journals.isAwaited('a', turn)).toBe(false)
  })

  it('end the wait for a change with the reason of its signal', async () => {
    const gone = new AbortController()
    const changed = create().changed('a', gone.signal)
    gone.abort(new Error('gone'))
    await expect(changed).rejects.toThrow('gone')
    await expect(create().changed('a', gone.signal)).rejects.toThrow('gone')
  })

  it('end the wait for a change by themselves', async () => {
    await expect(create().changed('a', new AbortController().signal)).resolves.toBeUndefined()
  })
})

describe('no journals', () => {
  it('decide without one, and see none', async () => {
    const journals = createNoJournals()
    expect(await journals.update('a', (journal) => journal)).toBeNull()
    expect(await journals.peek('a')).toBeNull()
    expect([journals.remembers, create().remembers]).toEqual([false, true])
  })
})
