import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonDecoder, createStreamDecoder } from '../../src/upstream/completion-decoder.ts'
import { growth } from '../support/growth.ts'
import { decode } from './decoding.ts'
import type { Completion } from '../../src/upstream/upstream.ts'

const called = (...calls: (readonly [string, string, string])[]): Completion => ({
  text: '',
  calls: calls.map(([id, name, args]) => ({ id, name, arguments: args })),
  finishReason: 'tool_calls',
})

function failureOf(stream: string, isFramed = true): string | undefined {
  return decode([Buffer.from(stream)], { isFramed }).failure
}

const HALF = 'data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n'

function event(delta: object, more: object = {}): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ choices: [{ delta, ...more }] })}\n\n`)
}

const callEvent = (call: object): Buffer => event({ tool_calls: [call] })
const finish = event({}, { finish_reason: 'stop' })

describe('white space before the first word', () => {
  it('is given with it, not before', () => {
    const decoder = createStreamDecoder({ stripThink: false })
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
    const decoder = createJsonDecoder({ stripThink: false })
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

  it('are told apart by their ids where all have the same index', () => {
    const named = (id: string, name: string, args: string) =>
      callEvent({ index: 0, id, function: { name, arguments: args } })
    expect(
      decode([
        named('a', 'find', '{"a":'),
        named('b', 'free', '{"b":'),
        callEvent({ index: 0, id: 'a', function: { arguments: '1}' } }),
        callEvent({ index: 0, id: 'b', function: { arguments: '2}' } }),
        finish,
      ]).completion,
    ).toEqual(called(['a', 'find', '{"a":1}'], ['b', 'free', '{"b":2}']))
  })

  it('are taken once when the whole call comes again', () => {
    const whole = callEvent({ index: 0, id: 'a', function: { name: 'x', arguments: '{"b":1}' } })
    expect(decode([whole, whole, finish]).completion).toEqual(called(['a', 'x', '{"b":1}']))
  })

  it('are told apart by name or by a second object where all have the same id', () => {
    const same = (name: string, args: string) =>
      callEvent({ index: 0, id: 'call_0', function: { name, arguments: args } })
    const { completion } = decode([same('x', '{"a":1}'), same('y', '{}'), same('y', '{"a":2}')])
    expect(completion).toEqual(
      called(['call_0', 'x', '{"a":1}'], ['call_0', 'y', '{}'], ['call_0', 'y', '{"a":2}']),
    )
  })

  it.each([
    ['an index as text', [{ index: '0', id: 'a', function: { name: 'x', arguments: '{}' } }], '{}'],
    ['one call without a list', { id: 'a', function: { name: 'x', arguments: '{}' } }, '{}'],
    ['no function around the name', [{ id: 'a', name: 'x', arguments: '{"b":1}' }], '{"b":1}'],
    ['null for arguments', [{ id: 'a', function: { name: 'x', arguments: null } }], '{}'],
    [
      'the text null for arguments',
      [{ id: 'a', function: { name: 'x', arguments: 'null' } }],
      '{}',
    ],
    ['no arguments', [{ id: 'a', function: { name: 'x' } }], '{}'],
    ['an object', [{ id: 'a', function: { name: 'x', arguments: { b: [1] } } }], '{"b":[1]}'],
  ])('are read with %s', (_, calls, args) => {
    const { completion } = decode([event({ content: null, tool_calls: calls }), finish])
    expect(completion).toEqual(called(['a', 'x', args]))
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
      const decoder = createStreamDecoder({ stripThink: false })
      const pieces = Array.from({ length: count }, (_, at) =>
        at === 0 ? '{"a":"' : '{}'.repeat(20),
      )
      decoder.push(Buffer.concat(pieces.map((piece) => part(piece))))
      expect(decoder.completion()?.calls).toHaveLength(1)
    }
    expect(growth(run, 100)).toBeLessThan(50)
  })
})

describe('createStreamDecoder', () => {
  it.each([
    ['an error object', 'data: {"error":{"message":"overloaded"}}\n\n'],
    ['an error text', 'data: {"error":"overloaded"}\n\n'],
    ['an error event of another shape', 'event: error\ndata: {"object":"error","message":"x"}\n\n'],
    ['an error by its type', 'data: {"type":"error","message":"overloaded"}\n\n'],
    ['a detail instead of choices', 'data: {"detail":"Not Found"}\n\n'],
    ['a list of details', 'data: {"detail":[{"msg":"field required"}]}\n\n'],
    ['a message instead of choices', 'data: {"message":"Too many requests","code":429}\n\n'],
    ['an error beside an empty list of choices', 'data: {"choices":[],"error":{"code":502}}\n\n'],
    ['an error in the choice', 'data: {"choices":[{"delta":{},"error":{"code":502}}]}\n\n'],
    ['the finish reason error', 'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n'],
    ['an abort', 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"abort"}]}\n\n'],
    [
      'a lack of resources',
      'data: {"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}\n\n',
    ],
  ])('fails on %s', (_, stream) => {
    expect(failureOf(stream)).toBe('error_event')
    expect(failureOf(HALF + stream)).toBe('error_event')
  })

  it('does not fail on an error that is empty, or behind a whole answer', () => {
    const whole =
      'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"error":{}}\n\n'
    expect(failureOf(whole)).toBeUndefined()
    expect(failureOf(`${whole}data: {"error":{"message":"no usage"}}\n\n`)).toBeUndefined()
    expect(failureOf(`${whole}data: nonsense\n\n`)).toBeUndefined()
  })

  it('fails on data that is no JSON object', () => {
    expect(failureOf('data: <html>\n\n')).toBe('not_json')
    expect(failureOf('data: [1]\n\n')).toBe('not_json')
  })

  it('fails on a line of ten MiB in one piece, whatever it says', () => {
    const content = 'x'.repeat(10 * 1024 * 1024)
    const { text, completion, failure } = decode([event({ content })])
    expect({ text, completion, failure }).toEqual({
      text: '',
      completion: undefined,
      failure: 'too_large',
    })
  })

  it('fails on a long line also where shorter ones like it came before', () => {
    const lengths = [1, 2, 2 * 1024 * 1024]
    const events = lengths.map((length) => event({ content: 'x'.repeat(length) }))
    const { text, failure } = decode(events)
    expect({ text, failure }).toEqual({ text: 'xxx', failure: 'too_large' })
  })

  it('fails on a line of more than one MiB', () => {
    const decoder = createStreamDecoder({ stripThink: false })
    const piece = Buffer.alloc(300_000, 'x')
    expect(decoder.push(Buffer.from('data: ')).failure).toBeUndefined()
    const failures = [1, 2, 3, 4].map(() => decoder.push(piece).failure)
    expect(failures).toEqual([undefined, undefined, undefined, 'too_large'])
  })

  it('fails on more than 8 MiB in all', () => {
    const decoder = createStreamDecoder({ stripThink: false })
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
    const decoder = createStreamDecoder({ stripThink: false })
    const finish = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    const progress = [HALF, finish, 'data: [DONE]\n\n'].map(
      (event) => decoder.push(Buffer.from(event)).progress,
    )
    expect(progress).toEqual(['open', 'finished', 'done'])
  })

  it('counts text and parts of calls as tokens, but not reasoning', () => {
    const hasToken = (delta: object): boolean => {
      const chunk = JSON.stringify({ choices: [{ delta }] })
      return createStreamDecoder({ stripThink: false }).push(Buffer.from(`data: ${chunk}\n\n`))
        .hasToken
    }
    expect(hasToken({ content: 'a' })).toBe(true)
    expect(hasToken({ tool_calls: [{ index: 0, function: { name: 'x' } }] })).toBe(true)
    expect(hasToken({ role: 'assistant', content: '' })).toBe(false)
    expect(hasToken({ reasoning_content: 'a' })).toBe(false)
  })

  it('counts as a token what is given out, neither half a character nor an unfinished tag', () => {
    const decoder = createStreamDecoder({ stripThink: true })
    const reads = ['\ud83d', '\ude00', '<thi', 'nk>', 'hm', '</think>', ' ok'].map((content) =>
      decoder.push(event({ content })),
    )
    expect(reads.map(({ text }) => text)).toEqual(['', '😀', '', '', '', '', ' ok'])
    expect(reads.map(({ hasToken }) => hasToken)).toEqual(reads.map(({ text }) => text !== ''))
  })

  it('gives out what it held back once the answer is whole', () => {
    const decoder = createStreamDecoder({ stripThink: true })
    expect(decoder.push(event({ content: '1 <' })).text).toBe('1 ')
    expect(decoder.push(finish).text).toBe('<')
    expect(decoder.completion()?.text).toBe('1 <')
    const withoutFinish = createStreamDecoder({ stripThink: true })
    withoutFinish.push(event({ content: '1 <' }))
    expect(withoutFinish.push(Buffer.from('data: [DONE]\n\n')).text).toBe('<')
  })

  it('drops half a character at the end', () => {
    expect(decode([event({ content: 'Hi \ud83d' }), finish]).completion?.text).toBe('Hi ')
  })

  it('holds no more than a little white space, however much comes', () => {
    const space = event({ content: ' '.repeat(10_000) })
    const { text } = decode([...Array.from({ length: 100 }, () => space), event({ content: 'x' })])
    expect(text).toHaveLength(257)
  })

  it('ignores other choices than the first', () => {
    const chunk = { choices: [1, 0].map((index) => ({ index, delta: { content: `${index}` } })) }
    const decoded = decode([Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)])
    expect(decoded.text).toBe('0')
  })

  it('fails or completes on any bytes without throwing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.json(),
        fc.boolean(),
        (bytes, json, stripThink) => {
          const inside = `data: {"choices":[{"delta":${json},"error":${json}}]}\n\n`
          const pieces = [`data: ${json}\n\n`, inside].map((text) => Buffer.from(text))
          const { text } = decode([...pieces, Buffer.from(bytes)], { stripThink })
          expect(typeof text).toBe('string')
        },
      ),
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
    const decoder = createJsonDecoder({ stripThink: false })
    for (const byte of body) expect(decoder.push(Buffer.from([byte])).text).toBe('')
    expect(decoder.end(true)).toMatchObject({ text: 'Grüße.', progress: 'done' })
    expect(decoder.completion()).toEqual({ ...called(['a', 'x', '{}']), text: 'Grüße.' })
  })

  it('leaves out all that stands before an end of reasoning that was not begun', () => {
    const decoder = createJsonDecoder({ stripThink: true })
    const content = 'The caller greets me.\n</think>\n\nHello.'
    decoder.push(Buffer.from(`\uFEFF${JSON.stringify({ choices: [{ message: { content } }] })}`))
    expect(decoder.end(true).text).toBe('\n\nHello.')
  })

  it('fails on an error and on text that is no JSON', () => {
    const failure = (body: string): string | undefined => {
      const decoder = createJsonDecoder({ stripThink: false })
      decoder.push(Buffer.from(body))
      return decoder.end(true).failure
    }
    expect(failure('{"error":{"message":"no"}}')).toBe('error_event')
    expect(failure('{"detail":"Not Found"}')).toBe('error_event')
    expect(failure('nope')).toBe('not_json')
  })
})
