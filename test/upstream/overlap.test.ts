import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth } from '../support/growth.ts'
import { restsOfLastWord } from '../../src/upstream/cut-word.ts'
import { createOverlap } from '../../src/upstream/overlap.ts'

/** What the listener is given of a continuation that comes in these deltas. */
function given(said: string, ...deltas: readonly string[]): string {
  const overlap = createOverlap(said)
  return deltas.map((delta) => overlap.push(delta)).join('') + overlap.end()
}

const whole = (said: string, ...deltas: readonly string[]): string => said + given(said, ...deltas)

describe('a continuation that repeats the last words', () => {
  it.each([
    ['exactly', 'Your appointment is on Tue', 'appointment is on Tuesday.', 'sday.'],
    ['all of them', 'We open at nine.', 'We open at nine. Bye.', ' Bye.'],
    ['with other capitals', 'We open AT', 'we open at nine', ' nine'],
    ['without the punctuation', 'Well, we open,', 'we open at nine', ' at nine'],
    ['with other punctuation', 'Well we open', 'Well, we open, at nine', ', at nine'],
    ['with other white space', 'We  open\n', 'we open at nine', 'at nine'],
    ['in quotes', 'We open at', '"We open at nine"', ' nine"'],
    ['behind dots', 'We open at', '... open at nine', ' nine'],
    ['behind an ellipsis', 'We open at', '\u2026open at nine', ' nine'],
    ['with another apostrophe', "I don't", 'I don\u2019t know', ' know'],
    ['one word only', 'We open at', 'at nine', ' nine'],
    ['a word cut in the middle', 'Your appoint', 'appointment is', 'ment is'],
    ['two words, the last cut after one letter', 'We open at n', 'at nine', 'ine'],
    ['and nothing else', 'We open at', 'We open at', ''],
    ['with a mark that was said', 'Hello, ', 'Hello, I can', 'I can'],
    ['with a mark that was not said', 'Hello', 'Hello, I can', ', I can'],
    [
      'without spaces',
      '\u6211\u4eec\u4e5d\u70b9',
      '\u6211\u4eec\u4e5d\u70b9\u5f00\u95e8',
      '\u5f00\u95e8',
    ],
    ['with accents', '\u00c9t\u00e9 \u00e0', '\u00e9t\u00e9 \u00e0 Paris', ' Paris'],
  ])('gives only what is new: %s', (_, said, continuation, expected) => {
    expect(given(said, continuation)).toBe(expected)
    expect(given(said, ...Array.from(continuation))).toBe(expected)
  })

  it('gives what follows the longest repetition', () => {
    expect(given('no, no, no', 'no, no, no, yes')).toBe(', yes')
    expect(given('one two one two', 'one two three')).toBe(' three')
  })

  it('gives what is new of the whole answer begun anew, however long it is', () => {
    const said = Array.from({ length: 300 }, (_, index) => `Word ${index},`).join(' ')
    expect(given(said, `${said} and the end.`)).toBe(' and the end.')
  })

  it('gives nothing of a repetition that ends before the place of the break', () => {
    expect(given('We open at nine on Monday and at', 'We open at nine on Monday')).toBe('')
  })
})

describe('a continuation that repeats nothing', () => {
  it.each([
    ['a space after a comma', 'Hello,', 'I can', ' I can'],
    ['a space between words', 'I have a', 'appointment', ' appointment'],
    ['no second space', 'Hello, ', 'I can', 'I can'],
    ['the space it brings', 'Hello,', ' I can', ' I can'],
    ['one of two spaces', 'Hello, ', ' I can', 'I can'],
    ['no space before punctuation', 'Hello', ', I can', ', I can'],
    ['no space after a hyphen', 'twenty-', 'one', 'one'],
    ['no space after a bracket', 'It is (as', 'always)', ' always)'],
    ['no space inside a bracket', 'It is (', 'always)', 'always)'],
    ['no space in a number', 'It costs 12.', '50 in all', '50 in all'],
    ['no space in a time', 'At 12:', '30.', '30.'],
    ['no dots', 'Hello', '... I can', ' I can'],
    ['no ellipsis', 'Hello', '\u2026I can', ' I can'],
    ['no quotes', 'Hello', '"I can', ' I can'],
    ['the rest of a cut contraction', 'I don', "'t know", "'t know"],
    ['no space where the script has none', '\u6211\u4eec', '\u5f00\u95e8', '\u5f00\u95e8'],
    ['only its full stop', 'We open at nine', '.', '.'],
    ['no second full stop', 'We open at nine.', '.', ''],
    ['nothing of dots alone', 'We open', '...', ''],
    ['no space before a dash that has none', 'We open', '\u2014maybe', '\u2014maybe'],
    ['a space before a dash that has one behind it', 'We open', '- maybe', ' - maybe'],
  ])('is joined with %s', (_, said, continuation, expected) => {
    expect(given(said, continuation)).toBe(expected)
    expect(given(said, ...Array.from(continuation))).toBe(expected)
  })

  it.each([
    ['an Arabic comma', '\u0645\u0631\u062d\u0628\u0627', '\u060c \u0643\u064a\u0641'],
    ['a question mark from right to left', '\u0647\u0646\u0627', '\u061f'],
    ['a danda', '\u0928\u092e\u0938\u094d\u0924\u0947', '\u0964'],
  ])('is joined without a space before %s', (_, said, continuation) => {
    expect(given(said, continuation)).toBe(continuation)
  })

  it('makes no other number of two', () => {
    expect(given('It costs 1', '10 euros')).toBe(' 10 euros')
    expect(given('It costs 1', '50 euros')).toBe(' 50 euros')
  })

  it('loses no word that begins like the last one', () => {
    expect(given('I have a', 'appointment')).toBe(' appointment')
    expect(given('We open at nine.', 'nineteen people')).toBe(' nineteen people')
  })

  it('loses no words that stand in the middle of what was said', () => {
    expect(given('We open at nine and close at', 'we open a bottle')).toBe(' we open a bottle')
    expect(given('We open at nine and close at', 'we open')).toBe(' we open')
  })
})

describe('the wait for what a continuation is', () => {
  it('ends with the first letter that was not said', () => {
    const overlap = createOverlap('Hello there, we open at')
    expect(overlap.push('we op')).toBe('')
    expect(overlap.push('e')).toBe('')
    expect(overlap.push('r')).toBe(' we oper')
    expect(overlap.push('ate')).toBe('ate')
    expect(overlap.end()).toBe('')
  })

  it('ends with the repetition', () => {
    const overlap = createOverlap('We open at')
    expect(overlap.push('open at')).toBe('')
    expect(overlap.push(' n')).toBe(' n')
    expect(overlap.push('ine')).toBe('ine')
  })

  it('takes time in proportion to what is held back', () => {
    const run = (size: number): void => {
      const overlap = createOverlap('We open at')
      for (let index = 0; index < size; index++) overlap.push('\u2026 ')
      overlap.end()
    }
    expect(growth(run, 3000)).toBeLessThan(50)
  })

  it('puts a character together again that was cut in two', () => {
    expect(given('Hi \ud83d\ude00', '\ud83d', '\ude00 you')).toBe(
      given('Hi \ud83d\ude00', '\ud83d\ude00 you'),
    )
    expect(given('Hi there', 'Hi there \ud83d')).toBe(' \ud83d')
  })
})

describe('a continuation that is the rest of a cut word', () => {
  const TEXTS = ['You make Appointments. Tell them of each appointment, and of its appointee.']

  function joined(said: string, continuation: string): string {
    const rests = restsOfLastWord(said, TEXTS)
    const results = [[continuation], Array.from(continuation)].map((deltas) => {
      const overlap = createOverlap(said, rests)
      return deltas.map((delta) => overlap.push(delta)).join('') + overlap.end()
    })
    expect(results[0]).toBe(results[1])
    return results[0] ?? ''
  }

  it.each([
    ['the conversation has the word', 'Your appoint', 'ment is', 'ment is'],
    ['in its plural', 'Your appoint', 'ments are', 'ments are'],
    ['and nothing follows', 'Your Appoint', 'ment', 'ment'],
    ['the answer itself has the word', 'Not this Tuesday, next Tues', 'day.', 'day.'],
  ])('is joined to it where %s', (_, said, continuation, expected) => {
    expect(joined(said, continuation)).toBe(expected)
  })

  it.each([
    ['the word goes on in another way', 'Your appoint', 'mental', ' mental'],
    ['both halves are words', 'I tell of each', 'appointment', ' appointment'],
    ['the continuation begins with a space', 'Your appoint', ' ment', ' ment'],
    ['the last word was whole', 'Your appoint,', 'ment', ' ment'],
    ['nobody has the word', 'Your reserv', 'ation', ' ation'],
  ])('is kept apart where %s', (_, said, continuation, expected) => {
    expect(joined(said, continuation)).toBe(expected)
  })

  it('is waited for no longer than it may be one', () => {
    const overlap = createOverlap('Your appoint', restsOfLastWord('Your appoint', TEXTS))
    expect(overlap.push('m')).toBe('')
    expect(overlap.push('a')).toBe(' ma')
  })
})

const word = fc.stringMatching(/^[a-z\u00e4-\u00f6]{1,9}$/)
const separator = fc.constantFrom(' ', ' ', ' ', ', ', '. ', '! ', '? ', ' - ', '; ')
const text = fc
  .array(fc.tuple(word, separator), { minLength: 2, maxLength: 30 })
  .map((words) => words.flat().join('').trim())
  .filter((sentence) => sentence.length > 1)
const cut = fc.nat()
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 20 })

/** Neither before the first character nor behind the last one. */
const placeIn = (sentence: string, place: number): number => 1 + (place % (sentence.length - 1))

function deltasOf(continuation: string, places: readonly number[]): readonly string[] {
  const sorted = [...new Set(places)].sort((a, b) => a - b)
  return [...sorted, Infinity].map((end, index) => continuation.slice(sorted[index - 1] ?? 0, end))
}

const lettersIn = (from: string): string => from.toLowerCase().replace(/[^\p{L}\p{N}\p{M}]/gu, '')
const spaced = (from: string): string => from.replace(/\s+/g, ' ')
const wordStarts = (from: string): readonly number[] =>
  Array.from(from.matchAll(/[\p{L}\p{N}\p{M}]+/gu), ({ index }) => index)

/** Numbers of letters that a continuation may be taken to repeat, if it says them again. */
function repetitions(said: string, continuation: string): readonly number[] {
  return wordStarts(said)
    .map((start) => lettersIn(said.slice(start)))
    .filter((letters) => lettersIn(continuation).startsWith(letters))
    .map((letters) => letters.length)
}

const isMidWord = (sentence: string, at: number): boolean =>
  lettersIn(sentence.slice(at - 1, at + 1)).length === 2

describe('any text cut at any place, in any deltas', () => {
  it('is whole again when the continuation is the rest, unless that repeats by chance', () => {
    const property = fc.property(text, cut, cuts, (sentence, place, places) => {
      const at = placeIn(sentence, place)
      const [said, rest] = [sentence.slice(0, at), sentence.slice(at)]
      fc.pre(repetitions(said, rest).length === 0)
      const result = whole(said, ...deltasOf(rest, places))
      // Whether "appoint" and "ment" are one word cannot be known: they get a space.
      if (isMidWord(sentence, at)) expect(result).toBe(`${said} ${rest}`)
      else expect(spaced(result)).toBe(spaced(sentence))
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('is whole again when the continuation begins with the last words', () => {
    const property = fc.property(text, cut, fc.nat(), cuts, (sentence, place, back, places) => {
      const at = placeIn(sentence, place)
      const said = sentence.slice(0, at)
      const starts = wordStarts(said).slice(-8)
      fc.pre(starts.length > 0)
      const from = starts[back % starts.length] ?? 0
      const repeated = lettersIn(said.slice(from))
      fc.pre(Math.max(...repetitions(said, sentence.slice(from))) === repeated.length)
      // Two letters of a cut word are too few to know it by.
      const words = starts.filter((start) => start >= from).length
      fc.pre(!isMidWord(sentence, at) || words > 1 || repeated.length > 2)
      const result = whole(said, ...deltasOf(sentence.slice(from), places))
      expect(spaced(result)).toBe(spaced(sentence))
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('is whole again when the continuation is all of it', () => {
    const property = fc.property(text, cut, cuts, (sentence, place, places) => {
      const at = placeIn(sentence, place)
      const said = sentence.slice(0, at)
      const words = wordStarts(said).length
      fc.pre(words > 1 || (words === 1 && (!isMidWord(sentence, at) || lettersIn(said).length > 2)))
      expect(spaced(whole(said, ...deltasOf(sentence, places)))).toBe(spaced(sentence))
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

describe('whatever was said and whatever follows', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('a', 'b', 'A', ' ', '.', ',', "'", '"', '\u4e5d', '\ud83d\ude00'),
    }),
  )

  it('does not depend on how the continuation was cut', () => {
    const property = fc.property(anything, anything, cuts, (said, continuation, places) => {
      const inPieces = given(said, ...deltasOf(continuation, places))
      expect(inPieces).toBe(given(said, continuation))
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('loses no letter but those that were the last ones said', () => {
    const property = fc.property(anything, anything, (said, continuation) => {
      const [all, kept] = [lettersIn(continuation), lettersIn(given(said, continuation))]
      expect(all.endsWith(kept)).toBe(true)
      const lost = all.slice(0, all.length - kept.length)
      const isBrokenRepetition = kept === '' && lettersIn(said).includes(lost)
      expect(lettersIn(said).endsWith(lost) || isBrokenRepetition).toBe(true)
    })
    fc.assert(property, { numRuns: 2000 })
  })
})
