import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonDecoder, createStreamDecoder } from '../../src/upstream/completion-decoder.ts'
import { growth } from '../support/growth.ts'
import type { Completion } from '../../src/upstream/upstream.ts'

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/upstream/${name}.sse`, import.meta.url))
}

function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

interface Decoded {
  readonly text: string
  readonly completion: Completion | undefined
  readonly failure: string | undefined
}

function decode(pieces: readonly Buffer[], isFramed = true): Decoded {
  const decoder = createStreamDecoder()
  const reads = [...pieces.map((piece) => decoder.push(piece)), decoder.end(isFramed)]
  const completion = decoder.completion()
  return {
    text: reads.map(({ text }) => text).join(''),
    completion: completion && {
      ...completion,
      calls: completion.calls.map((call) => ({
        ...call,
        id: call.id.replace(/^call_[0-9a-f]{24}$/, 'made'),
      })),
    },
    failure: reads.at(-1)?.failure,
  }
}

const said = (text: string): Completion => ({ text, calls: [], finishReason: 'stop' })
const called = (...calls: (readonly [string, string, string])[]): Completion => ({
  text: '',
  calls: calls.map(([id, name, args]) => ({ id, name, arguments: args })),
  finishReason: 'tool_calls',
})

const FIXTURES: Readonly<Record<string, Completion>> = {
  text: said('Grüß Gott 👋, 日本.'),
  usage: { ...said('Yes.'), usage: { promptTokens: 7, completionTokens: 2, totalTokens: 9 } },
  'crlf-comments-events': said('One two.'),
  'no-space-multi-line': said('Hi.'),
  'no-done': said('Bye.'),
  'no-last-blank-line': said('Bye.'),
  'missing-index': said('AB'),
  reasoning: { ...said('Sure.'), finishReason: 'length' },
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

describe.each(Object.entries(FIXTURES))('the stream %s', (name, completion) => {
  it('gives its completion in one piece', () => {
    const decoded = decode([fixture(name)])
    expect(decoded).toEqual({ text: completion.text, completion, failure: undefined })
  })

  it('gives the same completion cut at any byte', () => {
    const bytes = fixture(name)
    for (let at = 0; at <= bytes.length; at++) {
      expect(decode(cutAt(bytes, [at])).completion).toEqual(completion)
    }
  })

  it('gives the same completion in any pieces', () => {
    const bytes = fixture(name)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 60 }), (cuts) => {
        const decoded = decode(cutAt(bytes, cuts))
        expect(decoded).toEqual({ text: completion.text, completion, failure: undefined })
      }),
      { numRuns: 30 },
    )
  })
})

function failureOf(stream: string, isFramed = true): string | undefined {
  return decode([Buffer.from(stream)], isFramed).failure
}

const HALF = 'data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n'

function event(delta: object, more: object = {}): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ choices: [{ delta, ...more }] })}\n\n`)
}

const callEvent = (call: object): Buffer => event({ tool_calls: [call] })
const finish = event({}, { finish_reason: 'stop' })

describe('white space before the first word', () => {
  it('is given with it, not before', () => {
    const decoder = createStreamDecoder()
    const reads = ['\n', ' \n', 'Hello', ' ', 'you'].map((content) =>
      decoder.push(event({ content })),
    )
    expect(reads.map(({ text }) => text)).toEqual(['', '', '\n \nHello', ' ', 'you'])
    expect(reads.map(({ hasToken }) => hasToken)).toEqual([false, false, true, true, true])
    expect(decoder.completion()?.text).toBe('\n \nHello you')
  })

  it('is no completion when nothing else comes', () => {
    expect(decode([event({ content: ' \n' }), event({ content: '\u00a0' }), finish])).toEqual({
      text: '',
      completion: undefined,
      failure: undefined,
    })
  })

  it('is left out beside calls', () => {
    const call = { index: 0, id: 'a', function: { name: 'x', arguments: '{}' } }
    const decoded = decode([event({ content: '\n\n' }), callEvent(call), finish])
    expect(decoded).toMatchObject({ text: '', completion: called(['a', 'x', '{}']) })
  })

  it('is no completion in one JSON body', () => {
    const decoder = createJsonDecoder()
    decoder.push(Buffer.from('{"choices":[{"message":{"content":" \\n"}}]}'))
    expect(decoder.end(true).text).toBe('')
    expect(decoder.completion()).toBeUndefined()
  })
})

describe('tool calls', () => {
  const part = (args: unknown, more: object = {}) =>
    callEvent({ index: 0, function: { name: 'find', arguments: args }, ...more })
  const argumentsOf = (...events: readonly Buffer[]) =>
    decode([...events, finish]).completion?.calls.map((call) => call.arguments)

  it('of one name begin anew only after a whole object and with another one', () => {
    expect(argumentsOf(part('{"a":'), part('{"b":1}'), part('}'))).toEqual(['{"a":{"b":1}}'])
    expect(argumentsOf(part('{"a":"}'), part('{'), part('"}'))).toEqual(['{"a":"}{"}'])
    expect(argumentsOf(part('{"a":"\\"}'), part('{"}'))).toEqual(['{"a":"\\"}{"}'])
    expect(argumentsOf(part('{"a":1} '), part('\n{"b":2}'))).toEqual(['{"a":1} ', '\n{"b":2}'])
    expect(argumentsOf(part('{"a":[{}]}'), part(''))).toEqual(['{"a":[{}]}'])
    expect(argumentsOf(part('{}'), part({ b: 2 }))).toEqual(['{}', '{"b":2}'])
  })

  it('fail when one has arguments of more than 256 KiB', () => {
    const half = 'x'.repeat(128 * 1024)
    expect(decode([part(half), part(half), finish]).failure).toBeUndefined()
    expect(decode([part(half), part(half), part('x'), finish]).failure).toBe('too_large')
  })

  it('fail when there are more than 64', () => {
    const calls = Array.from({ length: 65 }, (_, index) => part('{}', { index, id: `c${index}` }))
    expect(decode([...calls.slice(1), finish]).completion?.calls).toHaveLength(64)
    expect(decode([...calls, finish]).failure).toBe('too_large')
  })

  it('fail when their arguments are an object too deep to be written', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const sent = `{"choices":[{"delta":{"tool_calls":[{"function":{"name":"x","arguments":{"a":${deep}}}}]}}]}`
    expect(failureOf(`data: ${sent}\n\n`)).toBe('too_large')
  })

  it('take time for their length, whatever the number of their parts', () => {
    const run = (count: number) => {
      const decoder = createStreamDecoder()
      const pieces = Array.from({ length: count }, (_, at) =>
        at === 0 ? '{"a":"' : '{}'.repeat(20),
      )
      decoder.push(Buffer.concat(pieces.map((piece) => part(piece))))
      expect(decoder.completion()?.calls).toHaveLength(1)
    }
    expect(growth(run, 500)).toBeLessThan(50)
  })
})

describe('createStreamDecoder', () => {
  it.each([
    ['an error object', 'data: {"error":{"message":"overloaded"}}\n\n'],
    ['an error text', 'data: {"error":"overloaded"}\n\n'],
    ['an error event of another shape', 'event: error\ndata: {"object":"error","message":"x"}\n\n'],
    ['the finish reason error', 'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n'],
  ])('fails on %s', (_, stream) => {
    expect(failureOf(stream)).toBe('error_event')
    expect(failureOf(HALF + stream)).toBe('error_event')
  })

  it('fails on data that is no JSON object', () => {
    expect(failureOf('data: <html>\n\n')).toBe('not_json')
    expect(failureOf('data: [1]\n\n')).toBe('not_json')
  })

  it('fails on a line of more than one MiB', () => {
    const decoder = createStreamDecoder()
    const piece = Buffer.alloc(300_000, 'x')
    expect(decoder.push(Buffer.from('data: ')).failure).toBeUndefined()
    const failures = [1, 2, 3, 4].map(() => decoder.push(piece).failure)
    expect(failures).toEqual([undefined, undefined, undefined, 'too_large'])
  })

  it('fails on more than 8 MiB in all', () => {
    const decoder = createStreamDecoder()
    const event = Buffer.from(`: ${'x'.repeat(1_000_000)}\n\n`)
    const failures = Array.from({ length: 9 }, () => decoder.push(event).failure)
    expect(failures.lastIndexOf(undefined)).toBe(7)
    expect(failures.at(-1)).toBe('too_large')
  })

  it('tells a connection that was cut from one that ended', () => {
    expect(failureOf(HALF, false)).toBe('ended_early')
    expect(failureOf(HALF, true)).toBeUndefined()
    expect(failureOf(`${HALF}data: [DONE]\n\n`, false)).toBeUndefined()
  })

  it('has no completion without text and calls', () => {
    const empty = 'data: {"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}\n\n'
    expect(decode([Buffer.from(`${empty}data: [DONE]\n\n`)]).completion).toBeUndefined()
    expect(decode([]).completion).toBeUndefined()
  })

  it('says when the answer is whole and when nothing more will come', () => {
    const decoder = createStreamDecoder()
    const finish = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    const progress = [HALF, finish, 'data: [DONE]\n\n'].map(
      (event) => decoder.push(Buffer.from(event)).progress,
    )
    expect(progress).toEqual(['open', 'finished', 'done'])
  })

  it('counts text and parts of calls as tokens, but not reasoning', () => {
    const hasToken = (delta: object): boolean => {
      const chunk = JSON.stringify({ choices: [{ delta }] })
      return createStreamDecoder().push(Buffer.from(`data: ${chunk}\n\n`)).hasToken
    }
    expect(hasToken({ content: 'a' })).toBe(true)
    expect(hasToken({ tool_calls: [{ index: 0, function: { name: 'x' } }] })).toBe(true)
    expect(hasToken({ role: 'assistant', content: '' })).toBe(false)
    expect(hasToken({ reasoning_content: 'a' })).toBe(false)
  })

  it('ignores other choices than the first', () => {
    const chunk = { choices: [1, 0].map((index) => ({ index, delta: { content: `${index}` } })) }
    const decoded = decode([Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)])
    expect(decoded.text).toBe('0')
  })

  it('fails or completes on any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (bytes, json) => {
        const pieces = [Buffer.from(`data: ${json}\n\n`), Buffer.from(bytes)]
        expect(typeof decode(pieces).text).toBe('string')
      }),
    )
  })
})

describe('createJsonDecoder', () => {
  it('reads a whole completion', () => {
    const message = {
      role: 'assistant',
      content: 'Grüße.',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: '{}' } }],
    }
    const body = Buffer.from(JSON.stringify({ choices: [{ index: 0, message }] }))
    const decoder = createJsonDecoder()
    for (const byte of body) expect(decoder.push(Buffer.from([byte])).text).toBe('')
    expect(decoder.end(true)).toMatchObject({ text: 'Grüße.', progress: 'done' })
    expect(decoder.completion()).toEqual({ ...called(['a', 'x', '{}']), text: 'Grüße.' })
  })

  it('fails on an error and on text that is no JSON', () => {
    const failure = (body: string): string | undefined => {
      const decoder = createJsonDecoder()
      decoder.push(Buffer.from(body))
      return decoder.end(true).failure
    }
    expect(failure('{"error":{"message":"no"}}')).toBe('error_event')
    expect(failure('nope')).toBe('not_json')
  })
})
