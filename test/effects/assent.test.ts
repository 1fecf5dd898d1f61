import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ASSENT_WORDS, type AssentWords } from '../../src/effects/assent-words.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { AssentOptions } from '../../src/effects/options.ts'

const READ_BACK = 'So that is Monday at four, shall I book it?'
const LANGUAGES: readonly (readonly [string, AssentWords])[] = Object.entries(ASSENT_WORDS)
const builtIn = createAssent({})

function agrees(answer: string, language?: string, readBack = READ_BACK): boolean {
  return builtIn(answer, { readBack, language })
}

describe('an answer that assents', () => {
  it.each([
    ['yes'],
    ['Yes, please.'],
    ['YES'],
    ['ｙｅｓ'],
    ['yes yes yes'],
    ["yep that's right"],
    ['yep that’s right'],
    ['Correct'],
    ['ok'],
    ['sure, go ahead'],
    ['I do'],
    ['uh-huh, yes'],
    ['yes, Monday at four please'],
    ['Monday at four, yes, book it'],
    ['um yes thank you'],
  ])('%j', (answer) => {
    expect(agrees(answer)).toBe(true)
    expect(agrees(answer, 'en-GB')).toBe(true)
  })

  it.each([
    ['ja', 'de'],
    ['Ja gerne', 'de-DE'],
    ['oui', 'fr'],
    ['Oui, d’accord.', 'fr_CA'],
    ['si', 'es'],
    ['Sí, por favor', 'es-MX'],
    ['SÌ', 'it'],
    ['Да, всё верно', 'ru'],
    ['はい', 'ja'],
    ['はい、お願いします。', 'ja'],
    ['是的', 'zh'],
    ['對', 'zh-TW'],
    ['نعم، شكرا', 'ar'],
    ['\u202bنعم\u202c', 'ar'],
    ['ja', 'nb-NO'],
    ['EVET', 'tr'],
  ])('%j in %s', (answer, language) => expect(agrees(answer, language)).toBe(true))
})

describe('an answer that does not assent', () => {
  it.each([
    [''],
    ['...'],
    ['no'],
    ['yeah no'],
    ['no problem, yes'],
    ['not really'],
    ["I don't think so"],
    ['yes... actually'],
    ['yes, at five'],
    ['yes, 4'],
    ['yes at twenty four'],
    ['yes but Tuesday'],
    ['yes?'],
    ['yes, how much is it'],
    ['I guess yes'],
    ['yes, make it four'],
    ['Monday at four'],
    ['please'],
    ['mhm'],
    ['uh-huh'],
    ['uh-uh'],
    ['right'],
    ['go ahead'],
    ['ja'],
    ['yes nein'],
    ['yes 👎'],
    ['yesno'],
    [Array.from({ length: 41 }, () => 'yes').join(' ')],
    ['yes'.padEnd(3000, '.')],
  ])('%j', (answer) => expect(agrees(answer)).toBe(false))

  it.each([
    ['nein', 'de'],
    ['doch', 'de'],
    ['ja aber', 'de'],
    ['non', 'fr'],
    ['no', 'es'],
    ['нет', 'ru'],
    ['不對', 'zh'],
    ['不是', 'zh'],
    ['可以吗', 'zh'],
    ['いいえ', 'ja'],
    ['لا', 'ar'],
    ['HAYIR', 'tr'],
    ['yes', 'tlh'],
  ])('%j in %s', (answer, language) => expect(agrees(answer, language)).toBe(false))

  it('is not one that holds a no inside of another word only', () =>
    expect(agrees('yes at Nobu', 'en', 'That is four at Nobu?')).toBe(true))

  it.each([
    ['yes, five', 'A table for twenty-five?', 'en'],
    ['yes five', 'That is two hundred and five?', 'en'],
    ['yes 30', 'At 16 30?', 'en'],
    ['yes at five', 'For five at four?', 'en'],
    ['right knee', 'Is it the right knee?', 'en'],
    ['はい、五日', '十五日の四時', 'ja'],
    ['ええと', '四時と', 'ja'],
    ['はい、午', '午前四時', 'ja'],
  ])('%j repeats only a part of %j that says something else', (answer, readBack, language) =>
    expect(agrees(answer, language, readBack)).toBe(false),
  )
})

describe('the built-in lists', () => {
  it.each(LANGUAGES)('of %s say yes with each of their words for it', (language, { affirm }) => {
    expect(affirm.filter((word) => !agrees(word, language, ''))).toEqual([])
  })

  it.each(LANGUAGES)('of %s let each of the neutral words stand by', (language, words) => {
    const yes = words.affirm[0] ?? ''
    expect(words.neutral.filter((word) => !agrees(`${yes} ${word}`, language, ''))).toEqual([])
    expect(words.neutral.filter((word) => agrees(word, language, ''))).toEqual([])
  })

  it('say yes in English when no language is known', () => {
    const { affirm, neutral } = ASSENT_WORDS['en'] ?? { affirm: [], neutral: [] }
    expect(affirm.filter((word) => !agrees(word, undefined, ''))).toEqual([])
    expect(affirm.filter((word) => !agrees(word, ' ', ''))).toEqual([])
    expect(neutral.filter((word) => !agrees(`yes ${word}`, undefined, ''))).toEqual([])
  })
})

describe('any answer', () => {
  const language = fc.constantFrom(...LANGUAGES)
  /** Words that would assent, and where something else comes between them. */
  const assenting = language.chain(([code, words]) =>
    fc.record({
      code: fc.constant(code),
      said: fc.array(fc.constantFrom(...words.affirm, ...words.neutral, READ_BACK), {
        minLength: 1,
        maxLength: 4,
      }),
      deny: fc.constantFrom(...words.deny),
      at: fc.nat(30),
    }),
  )

  function inserted(said: readonly string[], at: number, word: string): string {
    const words = said.join(' ').split(' ')
    return words.toSpliced(at % (words.length + 1), 0, word).join(' ')
  }

  it('with a word of denial in it does not assent', () => {
    fc.assert(
      fc.property(assenting, ({ code, said, deny, at }) => {
        const answer = inserted(said, at, deny)
        expect(agrees(answer, code)).toBe(false)
        expect(agrees(answer)).toBe(false)
        expect(agrees(answer, code, `${READ_BACK} ${answer}`)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('with a word or number in it that nobody mentioned does not assent', () => {
    const foreign = fc.oneof(
      fc.stringMatching(/^[b-z]{2,6}q$/),
      fc.integer({ min: 5 }).map(String),
      fc.constantFrom('Tuesday', 'cinco', '五', '٤', '½'),
    )
    fc.assert(
      fc.property(assenting, foreign, ({ code, said, at }, word) => {
        expect(agrees(inserted(said, at, word), code)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('is answered without a fault', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }))
    fc.assert(
      fc.property(text, text, fc.option(text, { nil: undefined }), (answer, readBack, code) => {
        expect(typeof agrees(answer, code, readBack)).toBe('boolean')
      }),
    )
  })
})

describe('configured words', () => {
  const configured = (value: unknown) => createAssent(AssentOptions.parse(value))
  const context = { readBack: '', language: 'de' }

  it('come on top of the built-in ones', () => {
    const assents = configured({ de: { affirm: ['jo mei'], neutral: ['gell'], deny: ['genau'] } })
    expect(assents('jo mei, gell', context)).toBe(true)
    expect(assents('ja', context)).toBe(true)
    expect(assents('ja genau', context)).toBe(false)
  })

  it('stand alone if they say so', () => {
    const assents = configured({ de: { affirm: ['jo'], replace: true } })
    expect(assents('jo', context)).toBe(true)
    expect(assents('ja', context)).toBe(false)
  })

  it('make a language known', () => {
    const assents = configured({ tlh: { affirm: ['HIja'] } })
    expect(assents('hija', { ...context, language: 'tlh' })).toBe(true)
    expect(assents('ja', { ...context, language: 'cs' })).toBe(false)
  })

  it('deny in a conversation without a language too', () => {
    const assents = configured({ tlh: { deny: ['perfect'] } })
    expect(assents('yes, perfect', { readBack: '', language: undefined })).toBe(false)
    expect(assents('yes, perfect', { readBack: '', language: 'en' })).toBe(true)
  })

  it.each([
    [{ German: {} }, 'German', 'must be a language code, such as de'],
    [{ de: { affirm: ['...'] } }, 'de.affirm.0', 'must be a word or a phrase'],
    [{ de: { affirm: ['ja', 'eigentlich ja'] } }, 'de.affirm.1', 'can never say yes'],
    [{ de: { affirm: ['passt?'] } }, 'de.affirm.0', 'can never say yes'],
    [{ de: { maybe: [] } }, 'de', 'maybe'],
  ])('are refused when they are wrong: %j', (value, path, message) => {
    const issue = AssentOptions.safeParse(value).error?.issues[0]
    expect(issue?.path.join('.')).toBe(path)
    expect(JSON.stringify(issue)).toContain(message)
  })
})
