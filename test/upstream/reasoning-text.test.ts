import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createReasoningFilter,
  endOfText,
  withoutReasoning,
} from '../../src/upstream/reasoning-text.ts'
import { growth } from '../support/growth.ts'
import { decode } from './decoding.ts'

function filtered(...deltas: readonly string[]): string {
  const filter = createReasoningFilter()
  return deltas.map((delta) => withoutReasoning(filter, delta)).join('') + endOfText(filter)
}

const TABLE: readonly (readonly [string, string, string])[] = [
  ['text without a tag', 'Hello.', 'Hello.'],
  ['reasoning before the answer', '<think>hm</think>Hello.', 'Hello.'],
  ['reasoning in the middle', 'Well, <thinking>hm\n\n</thinking>yes.', 'Well, yes.'],
  ['every name', '<reasoning>a</reasoning>1<thought>b</thought>2<think>c</think>3', '123'],
  ['capitals', '<THINK>hm</Think>Yes.', 'Yes.'],
  ['white space in the tags', '< think >hm</ think\n>Yes.', 'Yes.'],
  ['attributes', '<think type="long" step=1>hm</think>Yes.', 'Yes.'],
  ['an empty tag', 'A<think/>B<think />C', 'ABC'],
  ['two stretches', '<think>a</think>One<think>b</think> two', 'One two'],
  ['tags inside of reasoning', '<think>a <thinking>b</thinking> <b> c</think>Yes.', 'Yes.'],
  ['a comparison inside of reasoning', '<think>1 < 2 </thin </think>Yes.', 'Yes.'],
  ['reasoning that does not end', 'Yes. <think>but then', 'Yes. '],
  ['an opening tag that does not end', 'Yes. <think', 'Yes. '],
  ['an end that was not begun', '</think>Yes.', 'Yes.'],
  ['an end too many', '<think>a</think>Yes.</think> No.', 'Yes. No.'],
  [
    'other tags',
    '<b>Yes</b> <thinker> <thin> <break time="1s"/>',
    '<b>Yes</b> <thinker> <thin> <break time="1s"/>',
  ],
  ['comparisons', '1 < 2, 3 <4, a<b and <t', '1 < 2, 3 <4, a<b and <t'],
  ['tags one behind the other', '<<think>a</think><', '<<'],
  ['what only begins like a tag', `<think ${'x'.repeat(200)}>`, `<think ${'x'.repeat(200)}>`],
]

describe('text with reasoning in it', () => {
  it.each(TABLE)('is read with %s', (_, text, answer) => {
    expect(filtered(text)).toBe(answer)
  })

  it.each(TABLE)('is read the same cut anywhere, with %s', (_, text, answer) => {
    for (let at = 0; at <= text.length; at++) {
      expect(filtered(text.slice(0, at), text.slice(at))).toBe(answer)
    }
    expect(filtered(...Array.from(text))).toBe(answer)
  })

  it('loses what a template began as reasoning, as far as it was not given out', () => {
    expect(filtered('The caller greets me. </think>Hello.')).toBe('Hello.')
    expect(filtered('The caller ', 'greets me. </think>Hello.')).toBe('The caller Hello.')
  })

  it('is held back no further than a tag can reach', () => {
    const filter = createReasoningFilter()
    const given = Array.from(`<think${' '.repeat(200)}`, (one) => withoutReasoning(filter, one))
    expect(given.join('').length).toBeGreaterThan(70)
    expect(withoutReasoning(filter, 'a <')).toContain('a ')
  })

  it('loses nothing else, in any pieces', () => {
    const part = fc.constantFrom('<', '>', '</', 'think', 'thought', ' ', '/', 'a', '<b>', '"')
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const whole = parts.join('')
        const pieces = filtered(...parts)
        const hasLoneEnd = /<\s*\/\s*(?:think|thought)/.test(whole)
        if (!hasLoneEnd) expect(pieces).toBe(filtered(whole))
        if (!/<\s*\/?\s*(?:think|thought)/.test(whole)) expect(pieces).toBe(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('never gives out what stands between its own tags', () => {
    const inside = fc.string({ unit: fc.constantFrom('x', '<', '>', '/', 't', ' ', 'think') })
    fc.assert(
      fc.property(inside, fc.array(fc.nat(80)), (text, cuts) => {
        fc.pre(!/<\s*\/\s*reasoning/i.test(text))
        const whole = `A<reasoning>${text}#</reasoning>B`
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((end, at) => whole.slice(places[at], end))
        expect(filtered(...pieces)).toBe('AB')
      }),
    )
  })

  it('takes time for its length, however many tags begin in it', () => {
    const run = (count: number) => {
      expect(filtered('<'.repeat(count))).toHaveLength(count)
    }
    expect(growth(run, 2000)).toBeLessThan(50)
  })
})

describe('an answer that is nothing but reasoning', () => {
  const event = (content: string) =>
    Buffer.from(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
  const finish = Buffer.from('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n')

  it.each([
    ['closed', ['<think>', 'hm', '</think>', '\n\n']],
    ['not closed', ['<think>', 'hm', ' and so on']],
  ])('has no text, %s', (_, deltas) => {
    const events = [...deltas.map(event), finish]
    expect(decode(events, { stripThink: true }).completion).toBeUndefined()
    expect(decode(events).completion?.text).toBe(deltas.join(''))
  })
})
