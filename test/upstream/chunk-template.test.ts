import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createChunkTemplate,
  learnChunk,
  takeKnownChunks,
} from '../../src/upstream/chunk-template.ts'
import { createStreamDecoder } from '../../src/upstream/completion-decoder.ts'
import { isRecord } from '../../src/upstream/json-value.ts'
import { choiceOf, contentOf } from '../../src/upstream/vendor-chunk.ts'

function chunk(content: unknown, more: object = {}, choice: object = {}): object {
  return {
    id: 'c1',
    choices: [{ index: 0, delta: { content, ...choice }, finish_reason: null }],
    ...more,
  }
}

function textsOf(events: readonly string[]): readonly string[] {
  const decoder = createStreamDecoder({ stripThink: false })
  return events.map((event) => decoder.push(Buffer.from(event)).text)
}

const eventOf = (value: object, eol = '\n') => `data: ${JSON.stringify(value)}${eol}${eol}`

function readText(value: unknown): string {
  const delta = isRecord(value) ? choiceOf(value, undefined)?.delta : undefined
  return isRecord(delta) ? contentOf(delta.content) : ''
}

/** What is known of these bytes after the lesson. */
function known(lesson: string, bytes: Buffer): { readonly texts: string[]; readonly to: number } {
  const template = createChunkTemplate()
  const texts: string[] = []
  learnChunk(template, lesson, readText)
  const to = takeKnownChunks(template, bytes, (text) => texts.push(text))
  return { texts, to }
}

describe('a stream of chunks that differ in their text alone', () => {
  const words = ['One', ' two', ' drei', ' fünf', ' 👋', '.']

  it.each([
    ['as they are', (word: string) => eventOf(chunk(word))],
    ['with CRLF', (word: string) => eventOf(chunk(word), '\r\n')],
    [
      'with padding',
      (word: string) => eventOf(chunk(word, { obfuscation: 'x'.repeat(9 - word.length) })),
    ],
    [
      'with short padding',
      (word: string) => eventOf(chunk(word, { p: 'x'.repeat(9 - word.length) })),
    ],
    ['with spaces', (word: string) => `data: {"choices": [{"delta": {"content": "${word}"}}]}\n\n`],
  ])('is known after the first one, %s', (_, toEvent) => {
    const lesson = toEvent('One').trim().slice('data: '.length)
    const bytes = Buffer.from(words.map(toEvent).join(''))
    expect(known(lesson, bytes)).toEqual({ texts: words, to: bytes.length })
    expect(textsOf(words.map(toEvent))).toEqual(words)
  })

  it('is known up to the first event that is not whole, or is another', () => {
    const two = eventOf(chunk('a')) + eventOf(chunk('b'))
    for (const rest of [
      eventOf(chunk('c')).slice(0, -1),
      eventOf(chunk('c', { usage: {} })),
      ': x\n\n',
      '',
    ]) {
      const { texts, to } = known(JSON.stringify(chunk('x')), Buffer.from(two + rest))
      expect({ texts, to }).toEqual({ texts: ['a', 'b'], to: two.length })
    }
  })

  it('is parsed where a chunk says more, or says it otherwise', () => {
    const events = [
      eventOf(chunk('a')),
      eventOf(chunk('b')),
      eventOf(chunk('"c"\n')),
      eventOf(chunk('d', { usage: { prompt_tokens: 1, completion_tokens: 2 } })),
      `: comment\n${eventOf(chunk('e'))}`,
      eventOf(chunk('f')).replace('"content":', '"content" :'),
      eventOf(chunk('g', { id: 'c2' })),
      eventOf(chunk('h', { id: 'c2' })),
      eventOf(chunk('i')),
    ]
    expect(textsOf(events)).toEqual(['a', 'b', '"c"\n', 'd', 'e', 'f', 'g', 'h', 'i'])
  })

  it('finds the error, the end and the calls in it', () => {
    const decoder = createStreamDecoder({ stripThink: false })
    const push = (value: object) => decoder.push(Buffer.from(eventOf(value)))
    push(chunk('a'))
    expect(push(chunk('b')).text).toBe('b')
    expect(push(chunk('c', {}, { tool_calls: [{ function: { name: 'x' } }] })).hasToken).toBe(true)
    expect(push({ choices: [{ index: 0, delta: {}, finish_reason: 'length' }] }).progress).toBe(
      'finished',
    )
    expect(decoder.completion()).toMatchObject({ text: 'abc', calls: [{ name: 'x' }] })
    const failing = createStreamDecoder({ stripThink: false })
    failing.push(Buffer.from(eventOf(chunk('a'))))
    expect(failing.push(Buffer.from(eventOf(chunk('b', { error: 'x' })))).failure).toBe(
      'error_event',
    )
  })

  it.each([
    ['elsewhere', { meta: { content: 'meta' }, ...chunk('a') }],
    ['in parts', chunk([{ type: 'text', text: 'a' }])],
    ['nowhere', chunk(undefined)],
    ['with an escape', chunk('a"b')],
  ])('learns nothing from text that stands %s', (_, value) => {
    expect(known(JSON.stringify(value), Buffer.from(eventOf(value)))).toEqual({ texts: [], to: 0 })
  })

  it('learns nothing from text that is replaced by another', () => {
    const twice = '{"choices":[{"delta":{"content":"x","content":"a"}}]}'
    expect(known(twice, Buffer.from(`data: ${twice}\n\n`)).to).toBe(0)
    expect(textsOf([`data: ${twice}\n\n`, `data: ${twice}\n\n`])).toEqual(['a', 'a'])
  })

  it('learns a bounded number of times where every chunk is another', () => {
    const template = createChunkTemplate()
    let lessons = 0
    for (let at = 0; at < 50; at++) {
      learnChunk(template, JSON.stringify(chunk('x', { at })), () => {
        lessons++
        return ''
      })
    }
    expect(lessons).toBe(8)
  })

  it('gives what parsing each chunk gives', () => {
    const value = fc.record({
      content: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('a', ' b', 'ü', '"', '\\'),
      ),
      id: fc.constantFrom('c1', 'c1', 'c1', 'c2'),
      padding: fc.option(fc.constantFrom('', 'x', 'xyz'), { nil: undefined }),
      eol: fc.constantFrom('\n', '\n', '\r\n', '\r'),
    })
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), fc.array(fc.nat(3000)), (values, cuts) => {
        const events = values.map(({ content, id, padding, eol }) =>
          eventOf(
            chunk(content, { id, ...(padding !== undefined && { obfuscation: padding }) }),
            eol,
          ),
        )
        const expected = values.map(({ content }) => content).join('')
        const bytes = Buffer.from(events.join(''))
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const pieces = places.slice(1).map((end, at) => bytes.toString('latin1', places[at], end))
        const decoder = createStreamDecoder({ stripThink: false })
        const text = pieces.map((piece) => decoder.push(Buffer.from(piece, 'latin1')).text).join('')
        const isSpace = expected.trim() === ''
        if (!isSpace) expect(text + decoder.end(true).text).toBe(expected)
      }),
    )
  })
})
