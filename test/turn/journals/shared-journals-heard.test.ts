import { describe, expect, it } from 'vitest'
import { noteInterruption } from '../../../src/conversation/journal-history.ts'
import { beginTurn, ID, look, see, startTwo } from './instances.ts'

describe('what was heard of a turn', () => {
  it('is known to the instance that it runs in when another one is told, and the turn ends', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    turn.pieces.push({ type: 'answer', text: 'On Tuesday at nine.' })
    turn.sent.characters = 19
    await one.journals.keep(ID, turn)
    await two.journals.update(ID, (journal) => journal && noteInterruption(journal, 'On Tuesday'))
    await look(one)
    expect([turn.heardText, turn.superseded]).toEqual(['On Tuesday', true])
  })

  it('may be nothing', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    await two.journals.update(ID, (journal) => {
      for (const turn of journal?.turns ?? []) turn.heardText = ''
    })
    expect((await see(one, 1)).heardText).toBe('')
  })

  it('stays what the first one told', async () => {
    const { one, two } = startTwo()
    const turn = await beginTurn(one)
    const seen = await see(two, turn.id)
    turn.heardText = 'On'
    await one.journals.keep(ID, turn)
    seen.heardText = 'On Tuesday'
    await two.journals.keep(ID, seen)
    const third = await look(one)
    expect(third.turns[0]?.heardText).toBe('On')
  })

  it('is taken back with a decision that another instance was faster than', async () => {
    const { one, two } = startTwo()
    await beginTurn(one)
    await look(two)
    const told: (string | null)[] = []
    await Promise.all([
      one.journals.update(ID, (journal) => journal && noteInterruption(journal, null)),
      two.journals.update(ID, (journal) => {
        const turn = journal?.turns[0]
        told.push(turn?.heardText ?? null)
        if (turn) turn.heardText = 'On'
      }),
    ])
    expect(told.every((text) => text === null)).toBe(true)
    expect((await see(one, 1)).heardText).toBe('On')
  })

  it('is forgotten with the turn', async () => {
    const { one, store } = startTwo()
    const first = await beginTurn(one)
    first.status = 'finished'
    first.heardText = 'On'
    await one.journals.keep(ID, first)
    expect(Object.values(store.fieldsOf(ID))).toContain('On')
    await beginTurn(one, { maxTurns: 1 })
    expect(Object.values(store.fieldsOf(ID))).not.toContain('On')
  })
})
