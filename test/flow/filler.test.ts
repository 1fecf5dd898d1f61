import { describe, expect, it } from 'vitest'
import { allFillerTexts, Filler, fillerAt, fillerTexts, OwnFiller } from '../../src/flow/filler.ts'

const TOP = Filler.parse({ texts: ['Top... '], after_ms: 1000, again_after_ms: 5000 })
const STATE = OwnFiller.parse({ texts: ['State... '], again_after_ms: 6000 })

describe('the filler of a place', () => {
  it('is that of the top of the file where no other is said', () => {
    expect(fillerAt({ top: TOP, state: undefined, tool: undefined })).toEqual(TOP)
    expect(fillerAt({ top: undefined, state: undefined, tool: undefined })).toBeNull()
  })

  it('takes what it does not say from the wider places', () => {
    expect(fillerAt({ top: TOP, state: STATE, tool: undefined })).toEqual({
      texts: ['State... '],
      after_ms: 1000,
      again_after_ms: 6000,
    })
    expect(fillerAt({ top: TOP, state: STATE, tool: { after_ms: 0 } })).toEqual({
      texts: ['State... '],
      after_ms: 0,
      again_after_ms: 6000,
    })
  })

  it('has the defaults where no place says anything else', () => {
    const filler = fillerAt({ top: undefined, state: undefined, tool: { texts: ['Tool... '] } })
    expect(filler).toEqual({ texts: ['Tool... '], after_ms: 1200, again_after_ms: 8000 })
  })

  it('is none where the narrowest place says so, whatever the wider ones say', () => {
    expect(fillerAt({ top: TOP, state: false, tool: undefined })).toBeNull()
    expect(fillerAt({ top: TOP, state: STATE, tool: false })).toBeNull()
    expect(fillerAt({ top: TOP, state: false, tool: {} })).toEqual(TOP)
  })
})

describe('the texts of a filler', () => {
  const texts = { en: ['One... ', 'Two... ', 'One... '], de: ['Eins... '] }

  it.each([
    ['de-AT', ['Eins... ']],
    ['fr', ['One... ', 'Two... ']],
    [undefined, ['One... ', 'Two... ']],
  ])('for the language %j are %j', (language, expected) => {
    expect(fillerTexts({ texts }, language)).toEqual(expected)
  })

  it('are found in every language, each with its place', () => {
    expect(allFillerTexts({ texts }).map(({ text, path }) => [text, path.join('.')])).toEqual([
      ['One... ', 'texts.en.0'],
      ['Two... ', 'texts.en.1'],
      ['One... ', 'texts.en.2'],
      ['Eins... ', 'texts.de.0'],
    ])
    expect(allFillerTexts({ texts: ['A... '] })).toEqual([{ text: 'A... ', path: ['texts', 0] }])
    expect([...allFillerTexts(false), ...allFillerTexts(undefined)]).toEqual([])
  })
})
