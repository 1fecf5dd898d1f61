import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitHeard, isPartOf } from '../../src/conversation/fit-heard.ts'
import { toWords } from '../../src/conversation/words.ts'

const REPLY = 'Let me see. I have Tuesday at nine, or Friday.'

describe('what was heard of a reply', () => {
  it.each([
    ['its beginning, as it was told', 'let me see', 'let me see'],
    ['its beginning, cut in mid-word', 'Let me s', 'Let me s'],
    ['all of it', REPLY, REPLY],
    ['up to the end of a later sentence', 'I have Tuesday', 'Let me see. I have Tuesday'],
    ['up to a later word that is cut', 'I have Tues', 'Let me see. I have Tuesday'],
    ['what stands nowhere in it, as it was told', 'Good morning', 'Good morning'],
    ['nothing where no words are told', ' ... ', ''],
    ['nothing where nothing is told', '', ''],
  ])('is %s', (_, told, heard) => {
    expect(fitHeard(told, REPLY)).toBe(heard)
  })

  it('ends after the word also where a script has no spaces', () => {
    expect(fitHeard('火曜日', '少々お待ちください。火曜日か金曜日です。')).toBe(
      '少々お待ちください。火曜日',
    )
  })

  it('is not searched for in a text without end', () => {
    const told = 'a '.repeat(200_000)
    expect(fitHeard(told, 'b '.repeat(200_000)).length).toBeLessThan(25_000)
  })

  it('never goes beyond the words that were told, wherever in the reply they stand', () => {
    // Of one length, so that none is the cut beginning of another one.
    const word = fc.stringMatching(/^[a-z]{4}$/)
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), fc.nat(), (words, seed) => {
        const from = seed % words.length
        const told = words.slice(from).join(' ')
        const heard = toWords(fitHeard(told, words.join(' ')))
        // The same words can stand there earlier as well.
        expect(heard.length).toBeLessThanOrEqual(words.length)
        expect(words.slice(0, heard.length).join(' ').endsWith(told)).toBe(true)
      }),
    )
  })
})

describe('words that may be some of a reply', () => {
  it.each([
    ['its beginning', 'Let me', true],
    ['some in its midst', 'Tuesday at', true],
    ['most of its beginning, respelled', 'let me see i have a Tuesday at nine', true],
    ['others', 'Good morning', false],
    ['none', '', false],
  ])('are %s', (_, told, isPart) => {
    expect(isPartOf(told, REPLY)).toBe(isPart)
  })
})
