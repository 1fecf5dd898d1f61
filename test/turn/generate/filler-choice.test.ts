import { describe, expect, it } from 'vitest'
import { lastFiller, nextFiller } from '../../../src/turn/generate/filler-choice.ts'
import { user } from '../../support/history.ts'
import { createTalk } from '../../support/talk.ts'

describe('the next filler', () => {
  it.each([
    [['A... ', 'B... '], '', 'A... '],
    [['A... ', 'B... '], 'A...', 'B... '],
    [['A... ', 'B... '], 'B...', 'A... '],
    [['A... ', 'B... '], 'Something else...', 'A... '],
    [['A... ', 'B... '], 'Booking that... A...', 'B... '],
    [['moment... ', 'One moment... ', 'C... '], 'One moment...', 'C... '],
    [['A... '], 'A...', 'A... '],
  ])('of %j after %j is %j', (texts, last, expected) => {
    expect(nextFiller(texts, last)).toBe(expected)
  })
})

describe('the last filler', () => {
  it('is that of the turn itself, else of the newest other turn with one', () => {
    const { journal, ask } = createTalk()
    ask([user('Hi')], 'Hello.', { filler: 'A... ' })
    ask([user('Hi there')], 'Hello.', { filler: 'B... ' })
    const other = ask([user('Hi there, you')], 'Hello.')
    expect(lastFiller(journal, other)).toBe('B...')
    other.pieces.push({ type: 'filler', text: 'C... ' }, { type: 'answer', text: 'Well.' })
    expect(lastFiller(journal, other)).toBe('C...')
  })

  it('is none where none was said', () => {
    const { journal, ask } = createTalk()
    expect(lastFiller(journal, ask([user('Hi')], 'Hello.'))).toBe('')
  })
})
