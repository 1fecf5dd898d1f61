import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSpeechFilter, type SpeechFilterOptions } from '../../src/speech/speech-filter.ts'
import { growth } from '../support/growth.ts'
import { spokenFrom } from '../support/speech-filter.ts'

const PIECES = (
  '* ** *** _ __ ~ ~~ ~~~ ` `` ``` ```js - -- --- + # ## ##### > >> | || : = === \\ ! ? . , ; ( ) [ ] { } " \' < > </ /> / // :// ' +
  'h ht http https https:// http:// www www. w f functions functions. functions.get( x.y a b ab laughs sighs softly *sighs* (laughs) ' +
  '[1] [warmly] [TOOL_CALLS] ]( [a](b) ![a](b) {"a":1} {" \\" <b> </b> <br/> <break time="1s"/> <break time="9s"/> <think> </think> ' +
  '<tool_call> </tool_call> <!-- --> <| |> <|python_tag|> <|eom_id|> <|im_end|> <｜tool▁calls▁begin｜> <｜tool▁calls▁end｜> <|channel|> final<|message|> ' +
  "*9 *# (* （ ） （笑） 【 【4 † 】 [ARGS] [THINK] [/THINK] [f(a= <｜DSML｜invoke> </｜DSML｜invoke> <start_function_call> a<b *pause* *typing *waits for ' " +
  '1 2 5 1. $ % & @ 😀 👍🏽 🇳🇴 👨‍👩‍👧 ❤️ 1️⃣ ✅ → • ★ \uD83D \uDE00 \u200D \uFE0F \u20E3 é 你 𝐀 … ’'
)
  .split(' ')
  .concat([' ', ' ', '  ', '\n', '\n', '\r\n', '\t', '\u00A0', 'x'.repeat(90), ' '.repeat(40)])

const tricky = fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((all) => all.join(''))
const text = fc.oneof(
  tricky,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.oneof(tricky, fc.string({ unit: 'grapheme' })), { maxLength: 4 })
    .map((all) => all.join('')),
)
const allow: fc.Arbitrary<SpeechFilterOptions['allow']> = fc.subarray(['break', 'tags'] as const)

/** The text in pieces of these lengths, over and over. */
function cut(whole: string, lengths: readonly number[]): readonly string[] {
  const deltas: string[] = []
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    deltas.push(whole.slice(at, at + length))
    at += length
  }
  return deltas
}

describe('whatever the text', () => {
  it('says the same wherever it is cut', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(text, lengths, allow, (whole, sizes, allowed) => {
        expect(spokenFrom(cut(whole, sizes), allowed)).toBe(spokenFrom([whole], allowed))
      }),
      { numRuns: 3000 },
    )
  })

  it('never says an emoji, a fence, bold marks, an address or a tag', () => {
    const forbidden = /\p{Emoji_Presentation}|[\uFE0F\u20E3]|`|~~|\*\*|https?:\/\/|<[/!]?\p{L}|<\|/u
    fc.assert(
      fc.property(text, (whole) => {
        expect(spokenFrom([whole])).not.toMatch(forbidden)
      }),
      { numRuns: 3000 },
    )
  })

  it('passes only breaks as tags when breaks are allowed', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const others = spokenFrom([whole], ['break']).replaceAll(/<break\s+time="[13]s"\s*\/>/g, '')
        expect(others).not.toMatch(/<[/!]?\p{L}/u)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives plain prose back at once', () => {
    const word = fc.stringMatching(
      /^[$]?[a-egi-vx-zA-EGI-VX-Z0-9][a-zA-Zéø0-9]{0,8}(?:'s)?[,.;:?!%-]?$/,
    )
    const prose = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(fc.array(prose, { minLength: 1 }), (deltas) => {
        const filter = createSpeechFilter({ allow: [] })
        filter.push('So')
        for (const delta of deltas) expect(filter.push(' ' + delta)).toBe(' ' + delta)
        expect(filter.end()).toBe('')
      }),
    )
  })
})

describe('what never closes', () => {
  const openings = [
    ...[
      '*',
      '*9',
      '【4',
      '[f(a=',
      '（',
      '[THINK]',
      '_',
      '`',
      '```',
      '-',
      '|',
      '(',
      '[',
      '[a](',
      '<',
      '<!--',
      '<think>',
      '{ ',
      '{"',
      ' ',
    ],
    ...[
      '[TOOL_CALLS]',
      '<|channel|>',
      'functions.a(',
      'https://x.',
      'www.',
      '\\',
      '\n',
      '😀',
      '- ',
    ],
  ]

  it.each(openings)('%j costs no more per character the longer it lasts', (opening) => {
    const ratio = growth((size) => {
      const filter = createSpeechFilter({ allow: ['break', 'tags'] })
      filter.push(opening)
      for (let sent = 0; sent < size; sent++) filter.push('ab. ')
      filter.end()
    }, 1500)
    expect(ratio).toBeLessThan(45)
  })

  it.each(openings)('%j costs no more per character the more often it begins', (opening) => {
    const ratio = growth((size) => {
      const filter = createSpeechFilter({ allow: ['break', 'tags'] })
      for (let sent = 0; sent < size; sent++) filter.push(opening)
      filter.end()
    }, 500)
    expect(ratio).toBeLessThan(45)
  })

  it('takes five megabytes of a fence without keeping them', () => {
    const filter = createSpeechFilter({ allow: [] })
    filter.push('```\n')
    const delta = 'let a = "b" // c '.repeat(64)
    for (let sent = 0; sent < 5_000_000; sent += delta.length) expect(filter.push(delta)).toBe('')
    expect(filter.push('```\nHi')).toBe('Hi')
  })
})
