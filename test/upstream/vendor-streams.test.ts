import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStreamDecoder } from '../../src/upstream/completion-decoder.ts'
import type { Completion } from '../../src/upstream/upstream.ts'
import { cutAt, decode, eventsOf, streamFixture } from './decoding.ts'

const said = (text: string): Completion => ({ text, calls: [], finishReason: 'stop' })
const called = (...calls: (readonly [string, string, string])[]): Completion => ({
  text: '',
  calls: calls.map(([id, name, args]) => ({ id, name, arguments: args })),
  finishReason: 'tool_calls',
})
/** The two calls of each vendor's fixture. */
const bothCalled = (first: string, second: string, name = '{"name":"Zoë"}'): Completion =>
  called([first, 'find_patient', name], [second, 'free_slots', '{"day":"2026-12-01"}'])

function counting(promptTokens: number, completionTokens: number, total?: number) {
  return {
    usage: {
      promptTokens,
      completionTokens,
      totalTokens: total ?? promptTokens + completionTokens,
    },
  }
}

const VENDORS: Readonly<Record<string, Completion>> = {
  'openai-text': { ...said('Good morning, this is "Zoë" speaking.'), ...counting(31, 6) },
  'openai-tools': {
    ...bothCalled('call_qYmeTNXmU9FH9xPmYYuz0REm', 'call_h0oGTNXmU9FH9xPmYYuzAAAA'),
    ...counting(31, 6),
  },
  'azure-text': { ...said('One moment, please.'), ...counting(20, 5) },
  'azure-tools': { ...bothCalled('call_az1', 'call_az2'), ...counting(20, 5) },
  'groq-text': { ...said('We are open until six.'), ...counting(18, 9) },
  'groq-tools': { ...bothCalled('call_gjk5', 'call_p0fa'), ...counting(18, 9) },
  'together-text': { ...said('Yes, we do.'), ...counting(44, 4) },
  'together-tools': {
    ...bothCalled('call_t1abcdefghijklmnopqrstuv', 'call_t2abcdefghijklmnopqrstuv'),
    ...counting(44, 4),
  },
  'mistral-text': { ...said('That costs ten euros.'), ...counting(12, 28) },
  'mistral-tools': { ...bothCalled('UByW1YDuT', 'iRvM4muS4'), ...counting(12, 28) },
  'gemini-text': { ...said('Hello, how may I help you?'), ...counting(9, 9, 48) },
  'gemini-tools': { ...bothCalled('jm4owj31', 'made'), ...counting(9, 20, 59) },
  'anthropic-text': { ...said('Of course. Which day suits you?'), ...counting(25, 12) },
  'anthropic-tools': {
    ...bothCalled('toolu_01PUn6AKXuXwP99hvsMycubH', 'toolu_01QZz6AKXuXwP99hvsMycubI'),
    ...counting(25, 12),
    text: 'Let me look.',
  },
  'deepseek-text': { ...said('Hi there!'), ...counting(11, 40) },
  'deepseek-tools': {
    ...bothCalled('call_0_aaaa', 'call_1_bbbb', '{"name": "Zoë"}'),
    ...counting(11, 40),
  },
  'vllm-text': { ...said('\n\nThe doctor is in.'), ...counting(15, 9) },
  'vllm-tools': {
    ...bothCalled('chatcmpl-tool-c9ZCzB9b', 'chatcmpl-tool-HfzZPEVf', '{"name": "Zoë"}'),
    ...counting(15, 9),
  },
  'ollama-text': said('Sure, at ten then.'),
  'ollama-tools': bothCalled('call_k1', 'call_k2'),
  'llama-cpp-text': { ...said('Hello from Köln 👋'), ...counting(10, 7) },
  'llama-cpp-tools': {
    ...bothCalled('jlTrAPaWqJHv3UBE3nZ4M4lZ', '2FqRAPaWqJHv3UBE3nZ4MAAA'),
    ...counting(10, 7),
  },
  'fireworks-text': { ...said('I can offer Tuesday.'), ...counting(22, 7) },
  'fireworks-tools': { ...bothCalled('call_fw1', 'call_fw2'), ...counting(22, 7) },
  'openrouter-text': { ...said('Gladly. For when?'), ...counting(8, 21) },
  'openrouter-tools': { ...bothCalled('call_or1', 'call_or2'), ...counting(8, 21) },
}

const QUIRKS: Readonly<Record<string, Completion>> = {
  text: said('Grüß Gott 👋, 日本.'),
  usage: { ...said('Yes.'), ...counting(7, 2) },
  'crlf-comments-events': said('One two.'),
  'no-space-multi-line': said('Hi.'),
  'no-done': said('Bye.'),
  'no-last-blank-line': said('Bye.'),
  'missing-index': said('AB'),
  reasoning: { ...said('Sure.'), finishReason: 'length' },
  'split-surrogates': said('Hi 😀 there 👋'),
  'message-instead-of-delta': said('Just a moment.'),
  'message-repeats-deltas': said('Fine.'),
  'text-completion': { ...said('Good bye.'), finishReason: 'length' },
  'function-call': called(['made', 'find_patient', '{"name":"Zoë"}']),
  'calls-fragmented': {
    ...called(['call_a', 'find_patient', '{"name": "Zoë"}'], ['call_b', 'free_slots', '{}']),
    text: 'Let me look. ',
  },
  'calls-whole-stop': called(
    ['x1', 'find_patient', '{"name":"Ann"}'],
    ['x2', 'free_slots', '{"day":1}'],
  ),
  'calls-no-index-no-id': called(
    ['made', 'find_patient', '{"name":"Ann"}'],
    ['made', 'find_patient', '{"name":"Bob"}'],
    ['made', 'end_call', '{}'],
  ),
  'calls-name-repeated': called(['r1', 'find_patient', '{"name":1}']),
}

describe.each(Object.entries({ ...VENDORS, ...QUIRKS }))('the stream %s', (name, completion) => {
  const bytes = streamFixture(name)
  const whole = { text: completion.text, completion, failure: undefined }

  it('gives its completion in one piece', () => {
    expect(decode([bytes])).toEqual(whole)
    expect(decode([bytes], { stripThink: true })).toEqual(whole)
  })

  it('gives the same completion event by event', () => {
    expect(decode(eventsOf(bytes))).toEqual(whole)
    expect(decode(eventsOf(bytes), { stripThink: true })).toEqual(whole)
  })

  it('gives the same completion cut at any byte', () => {
    for (let at = 0; at <= bytes.length; at++) expect(decode(cutAt(bytes, [at]))).toEqual(whole)
  })

  it('gives the same completion byte by byte', () => {
    expect(decode([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole)
  })

  it('gives the same completion in any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(bytes.length), { maxLength: 60 }),
        fc.boolean(),
        (cuts, stripThink) => {
          expect(decode(cutAt(bytes, cuts), { stripThink })).toEqual(whole)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('says that the answer is whole before the end of the stream', () => {
    const decoder = createStreamDecoder({ stripThink: false })
    const reads = eventsOf(bytes).map((event) => decoder.push(event))
    expect(reads.map(({ progress }) => progress)).toContain('finished')
  })
})

describe('the reasons to finish', () => {
  it.each([
    ['stop', 'stop'],
    ['end_turn', 'stop'],
    ['eos', 'stop'],
    ['STOP', 'stop'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'content_filter'],
    ['tool_calls', 'stop'],
  ])('read %s as %s', (reason, normal) => {
    const chunk = { choices: [{ delta: { content: 'x' }, finish_reason: reason }] }
    const { completion } = decode([Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)])
    expect(completion?.finishReason).toBe(normal)
  })

  it.each([null, '', 'null'])('take %j as none', (reason) => {
    const decoder = createStreamDecoder({ stripThink: false })
    const chunk = { choices: [{ delta: { content: 'x' }, finish_reason: reason }] }
    const read = decoder.push(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))
    expect(read.progress).toBe('open')
  })
})

describe('the choice', () => {
  const textOf = (...chunks: readonly (readonly object[])[]) => {
    const events = chunks.map((choices) => `data: ${JSON.stringify({ choices })}\n\n`)
    return decode([Buffer.from(events.join(''))]).text
  }
  const choice = (content: string, index?: number | null) => ({ index, delta: { content } })

  it('may have another index than 0, or none', () => {
    expect(textOf([choice('a', 1)], [choice('b', 1)])).toBe('ab')
    expect(textOf([choice('a')], [choice('b', null)])).toBe('ab')
  })

  it('stays the same when others come', () => {
    expect(textOf([choice('x', 1), choice('a', 0)], [choice('y', 1)], [choice('b', 0)])).toBe('ab')
    expect(textOf([choice('a', 0)], [choice('y', 1)], [choice('z', 1), choice('b', 0)])).toBe('ab')
  })
})

describe('the content', () => {
  it.each([
    ['parts without a type', [{ text: 'a' }, { text: 'b' }], 'ab'],
    ['bare texts', ['a', 'b'], 'ab'],
    [
      'parts of other types',
      [
        { type: 'reference', reference_ids: [1] },
        { type: 'text', text: 'a' },
      ],
      'a',
    ],
    ['parts that are thoughts', [{ text: 'hm', thought: true }, { text: 'a' }], 'a'],
    ['parts without text', [{ type: 'text' }, null, 7, { type: 'text', text: 'a' }], 'a'],
  ])('may be %s', (_, content, text) => {
    const chunk = { choices: [{ delta: { content } }] }
    expect(decode([Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)]).text).toBe(text)
  })
})
