import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endsWithReadBack, readBackDigest } from '../../src/effects/read-back.ts'

const READ_BACK = 'So that is Monday at 4:30 for 25 euro, shall I book it?'

describe('a heard reply ends with the read-back', () => {
  it.each([
    [READ_BACK],
    [`Let me see. ${READ_BACK}`],
    ['so that is MONDAY at 4:30 for 25 euro shall I book it'],
    [`${READ_BACK} ... `],
    ['So that is Mónday at 4:30, for 25 euro — shall I book it?!'],
    ['Ｓｏ that is Monday at 4:30 for 25 euro, shall I book it?'],
  ])('as it is or spelled a little differently: %j', (heard) =>
    expect(endsWithReadBack(heard, READ_BACK)).toBe(true),
  )

  it.each([
    [''],
    ['So that is Monday at 4:30 for 25 euro, shall I'],
    ['is Monday at 4:30 for 25 euro, shall I book it?'],
    [`${READ_BACK} Or later`],
    ['So that is Monday at 4:30 for 26 euro, shall I book it?'],
    ['So that is Monday at 4 30 for 25 euro, shall I book it?'],
    ['So that is Monday at half past four for 25 euro, shall I book it?'],
    ['So that is Monday at 4:30 for -25 euro, shall I book it?'],
    ['So that is Monday at 4:30 for 2.5 euro, shall I book it?'],
    ['So that is Monday at 4:30 for $25 euro, shall I book it?'],
  ])('and not with something else: %j', (heard) =>
    expect(endsWithReadBack(heard, READ_BACK)).toBe(false),
  )

  it('never when there are no words in it', () => {
    for (const empty of ['', '...', ' ? ']) expect(endsWithReadBack('Hello?', empty)).toBe(false)
  })

  it('does not take the end of a longer number for the number', () => {
    expect(endsWithReadBack('That is twenty five, right?', 'five, right?')).toBe(false)
    expect(endsWithReadBack('That is 1,250, right?', '250, right?')).toBe(false)
  })

  it('whatever it says, and whatever was said before it', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/)
    const sentence = fc.array(word, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(word), sentence, word, (before, words, after) => {
        const readBack = `Is it ${words.join(' ')}?`
        const heard = [...before, 'so', readBack].join(' ')
        expect(endsWithReadBack(heard, readBack)).toBe(true)
        expect(endsWithReadBack(`${heard} 7${after}`, readBack)).toBe(false)
      }),
    )
  })

  it('without a fault for any two texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (heard, asked) => {
        expect(typeof endsWithReadBack(heard, asked)).toBe('boolean')
      }),
    )
  })
})

describe('the digest of a read-back', () => {
  const ASKED = { tool: 'book', arguments: '{"at":"4:30","for":25}', words: READ_BACK }

  it('is the same for another spelling of the same', () => {
    const other = {
      ...ASKED,
      arguments: '{ "for": 25, "at": "4:30" }',
      words: READ_BACK.toUpperCase(),
    }
    expect(readBackDigest(other)).toBe(readBackDigest(ASKED))
  })

  it.each([
    [{ tool: 'cancel' }],
    [{ arguments: '{"at":"4:30","for":26}' }],
    [{ words: 'Shall I book it?' }],
  ])('is another one with %j', (change) =>
    expect(readBackDigest({ ...ASKED, ...change })).not.toBe(readBackDigest(ASKED)),
  )
})
