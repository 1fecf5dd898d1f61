import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchMost, matchPrefix } from '../../src/conversation/match-words.ts'
import { toWords } from '../../src/conversation/words.ts'

const prefixes = (heard: string, reply: string, from = 0) =>
  matchPrefix(toWords(heard), from, toWords(reply))

/** The match that accounts for all that was heard and reaches furthest, word for word if it can. */
function whole(heard: string, reply: string) {
  const count = toWords(heard).length
  return prefixes(heard, reply)
    .filter((match) => match.consumed === count)
    .sort((a, b) => Number(b.literal) - Number(a.literal) || b.reached - a.reached)[0]
}

describe('a prefix of a reply', () => {
  it.each([
    ['the whole', 'Tuesday at ten or two', 5, false],
    ['some words', 'tuesday at', 2, false],
    ['a cut last word', 'Tuesday at te', 2, true],
    ['a cut only word', 'Tue', 0, true],
    ['trailing dots', 'Tuesday at ten...', 3, false],
  ])('is %s', (_, heard, reached, cut) => {
    expect(whole(heard, 'Tuesday, at ten or two.')).toMatchObject({ reached, cut, literal: true })
  })

  it.each(['at ten', 'Tuesday ten', 'Tue at ten', 'Tuesday at ten or two three', 'Wednesday'])(
    'is not %j',
    (heard) => expect(whole(heard, 'Tuesday, at ten or two.')).toBeUndefined(),
  )

  it('can end before what was heard does, or begin in its middle', () => {
    expect(prefixes('Hello there. Are you', 'Hello there.')).toContainEqual({
      consumed: 2,
      matched: 2,
      reached: 2,
      cut: false,
      literal: true,
    })
    expect(prefixes('Hello there. Are you', 'Are you still there?', 2)).toMatchObject([
      { consumed: 2, reached: 2, literal: true },
    ])
  })

  it('is nothing when nothing was heard or said', () => {
    expect(prefixes('', 'Hello')).toEqual([])
    expect(prefixes('Hello', '')).toEqual([])
    expect(prefixes('Hello', 'Hello', 1)).toEqual([])
  })
})

describe('a word that holds a digit', () => {
  it.each([
    ['one word', 'at ten', 'at 10'],
    ['several words', 'at half past ten on friday', 'at 10:30 on Friday'],
    ['five words', 'number one two three four five please', 'number 12345 please'],
    ['nothing but itself', 'at 10 on friday', 'at 10 on Friday'],
    ['words in Russian', 'в двенадцать часов', 'в 12 часов'],
    ['characters', '电话是一零零八六', '电话是10086'],
    ['a code', 'b one thousand and one', 'B-1001'],
  ])('matches %s', (_, heard, reply) => {
    expect(whole(heard, reply)?.reached).toBe(toWords(reply).length)
  })

  it.each([
    ['six words', 'number one two three four five six please', 'number 123456 please'],
    ['no word', 'the end', 'the 10 end'],
    ['words of a reply that holds none', 'number 7 please', 'number seven please'],
  ])('does not match %s', (_, heard, reply) => {
    expect(whole(heard, reply)?.reached ?? 0).toBeLessThan(toWords(reply).length)
  })

  it('is literal when it was heard as it was written, and only then', () => {
    expect(whole('at 10', 'at 10')?.literal).toBe(true)
    expect(whole('at ten', 'at 10')?.literal).toBe(false)
    expect(whole('call 555 12 34', 'call 555 12 34')?.literal).toBe(true)
  })

  it('can end in the middle of its words', () => {
    expect(whole('at half past', 'at 10:30 on Friday')?.reached).toBeLessThanOrEqual(3)
  })
})

describe('most of the words', () => {
  const most = (heard: string, reply: string, from = 0) =>
    matchMost(toWords(heard), from, toWords(reply))

  it.each([
    ['four of five', 'a b x d e', 'a b c d e f g', 4],
    ['words left out', 'a c d e f', 'a b c d e f g', 5],
    ['words put in', 'a b um c d', 'a b c d', 4],
    ['eight of ten', 'a b x d e f x h i j', 'a b c d e f g h i j', 8],
    [
      'numbers spelled out between',
      'open from eight to half past xx on mondays',
      'open from 8 to 18:30 on Mondays',
      8,
    ],
  ])('are %s', (_, heard, reply, atLeast) => {
    expect(most(heard, reply)?.matched).toBeGreaterThanOrEqual(atLeast)
  })

  it.each([
    ['three of five', 'a b x y e', 'a b c d e f'],
    ['fewer than five words', 'a b c d', 'a b c d'],
    ['another order', 'e d c b a', 'a b c d e'],
    ['one word again and again', 'a a a a a', 'a b c d e'],
    ['seven of ten', 'a b x d e x g x i j', 'a b c d e f g h i j'],
    ['a reply that says them much later', 'f g h i j', 'a a a a a a a a a a a a f g h i j'],
  ])('are not %s', (_, heard, reply) => expect(most(heard, reply)).toBeNull())

  it('are never word for word, and reach the last word in place', () => {
    expect(most('a b x d e', 'a b c d e f')).toEqual({
      consumed: 5,
      matched: 4,
      reached: 5,
      cut: false,
      literal: false,
    })
  })
})

describe('whatever was said', () => {
  const word = fc.constantFrom('alpha', 'al', 'beta', '10', 'b7', 'gamma', 'три', '5')
  const reply = fc.array(word, { minLength: 1, maxLength: 30 })

  it('any of its beginnings matches word for word and reaches its own length', () => {
    fc.assert(
      fc.property(reply, fc.nat(), (words, at) => {
        const length = (at % words.length) + 1
        const matches = matchPrefix(words.slice(0, length), 0, words)
        expect(matches).toContainEqual({
          consumed: length,
          matched: length,
          reached: length,
          cut: false,
          literal: true,
        })
      }),
    )
  })

  it('any of its beginnings with a cut last word matches', () => {
    fc.assert(
      fc.property(reply, fc.nat(), (words, at) => {
        const length = (at % words.length) + 1
        const last = words[length - 1] ?? ''
        if (last.length < 2) return
        const heard = [...words.slice(0, length - 1), last.slice(0, -1)]
        const found = matchPrefix(heard, 0, words).filter((match) => match.consumed === length)
        expect(Math.max(...found.map((match) => match.reached))).toBeGreaterThanOrEqual(length - 1)
      }),
    )
  })

  it('no match accounts for more than was heard or said', () => {
    fc.assert(
      fc.property(reply, reply, fc.nat(5), (heard, words, from) => {
        const found = [...matchPrefix(heard, from, words), matchMost(heard, from, words)]
        for (const match of found) {
          if (!match) continue
          expect(match.consumed).toBeGreaterThan(0)
          expect(match.consumed).toBeLessThanOrEqual(heard.length - from)
          expect(match.matched).toBeLessThanOrEqual(match.consumed)
          expect(match.reached).toBeLessThanOrEqual(words.length)
        }
      }),
    )
  })
})

describe('the effort of comparing', () => {
  it('is bounded: without any left nothing matches', () => {
    expect(matchPrefix(['a'], 0, ['a'], { left: 0 })).toEqual([])
    expect(matchMost('a b c d e'.split(' '), 0, 'a b c d e'.split(' '), { left: 0 })).toBeNull()
  })

  it('does not grow with the square of the numbers in a row', () => {
    const numbers = Array.from({ length: 10_000 }, () => '1')
    const effort = { left: 5_000_000 }
    matchPrefix(numbers.with(9_999, '2'), 0, numbers, effort)
    matchPrefix(
      Array.from({ length: 100_000 }, () => 'one'),
      0,
      numbers,
      effort,
    )
    expect(effort.left).toBeGreaterThan(3_000_000)
  })

  it('does not grow with the length of what was heard when the reply is short', () => {
    const effort = { left: 5_000_000 }
    const heard = Array.from({ length: 500_000 }, () => 'a')
    expect(matchMost(heard, 0, ['a', 'b', 'a'], effort)).toBeNull()
    expect(effort.left).toBeGreaterThan(4_900_000)
  })
})
