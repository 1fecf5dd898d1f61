import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TurnstateError } from '../../../src/errors.ts'
import { parseJsonBody } from '../../../src/routes/openai/json-body.ts'
import { readContent } from '../../../src/routes/openai/read-content.ts'
import { readMessages } from '../../../src/routes/openai/read-messages.ts'
import { growth } from '../../support/growth.ts'

function read(...messages: readonly unknown[]) {
  return readMessages(parseJsonBody(Buffer.from(JSON.stringify({ messages }))))
}

function refusal(body: unknown): TurnstateError {
  try {
    readMessages(parseJsonBody(Buffer.from(JSON.stringify(body))))
  } catch (error) {
    return error as TurnstateError // whatever else was thrown fails the assertions on code and param
  }
  throw new Error('was not refused')
}

describe('readMessages', () => {
  test('reads every role, with developer as system and function as tool', () => {
    const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function']
    expect(
      read(...roles.map((role) => ({ role, content: 'x' }))).map((message) => message.role),
    ).toEqual(['system', 'system', 'user', 'assistant', 'tool', 'tool'])
  })

  test.each([
    [null, ''],
    ['', ''],
    ['Hello', 'Hello'],
    [[], ''],
    [[{ type: 'text', text: 'Hello' }], 'Hello'],
    [
      [
        { type: 'input_text', text: 'Hello ' },
        { type: 'text', text: 'there' },
      ],
      'Hello there',
    ],
    [
      [
        { type: 'text', text: 'Hello' },
        { type: 'text', text: 'there' },
      ],
      'Hello there',
    ],
    [['Hello', ' there', '', { text: '!' }, null, {}, []], 'Hello there !'],
    [{ type: 'text', text: 'Hello' }, 'Hello'],
    [7, '7'],
    [{}, ''],
  ])('reads the content %j as the text %j', (content, text) => {
    for (const role of ['user', 'assistant', 'system']) {
      expect(read({ role, content })).toEqual([{ role, text }])
    }
  })

  test('reads a message without content', () => {
    expect(read({ role: 'user' }, { role: 'assistant' })).toEqual([
      { role: 'user', text: '' },
      { role: 'assistant', text: '' },
    ])
  })

  test('keeps the images, sounds and files of a user, and nothing else of them', () => {
    const content = [
      { type: 'text', text: 'Look', cache_control: { type: 'ephemeral' } },
      { type: 'image_url', image_url: { url: 'https://a.example/b.png' }, secret: 1 },
      { type: 'image_url', image_url: 'https://a.example/c.png' },
      { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      { type: 'file', file: { file_id: 'f1' } },
      { type: 'file', file: 'f1' },
      { type: 'video', video: {} },
    ]
    expect(read({ role: 'user', content })).toEqual([
      {
        role: 'user',
        text: 'Look',
        parts: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
          { type: 'image_url', image_url: { url: 'https://a.example/c.png' } },
          { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          { type: 'file', file: { file_id: 'f1' } },
        ],
      },
    ])
    expect(read({ role: 'assistant', content })).toEqual([{ role: 'assistant', text: 'Look' }])
  })

  test('reads tool calls however incomplete they are', () => {
    const tool_calls = [
      { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
      { function: { name: 'two', arguments: { x: { y: 2 } } } },
      { id: '', function: { name: 'three' } },
      { id: 'd', function: { name: 'four', arguments: '' } },
      { id: 'e', function: { name: 'five', arguments: null } },
      { id: 'f', function: { name: '' } },
      { id: 'g', function: { arguments: '{}' } },
      { id: 'h' },
      null,
      'call',
    ]
    expect(read({ role: 'assistant', content: null, tool_calls })).toEqual([
      {
        role: 'assistant',
        text: '',
        calls: [
          { id: 'a', name: 'one', arguments: '{"x":1}' },
          { id: 'call_0_1', name: 'two', arguments: '{"x":{"y":2}}' },
          { id: 'call_0_2', name: 'three', arguments: '{}' },
          { id: 'd', name: 'four', arguments: '{}' },
          { id: 'e', name: 'five', arguments: '{}' },
        ],
      },
    ])
    for (const wrong of [null, {}, 'x', []]) {
      expect(read({ role: 'assistant', content: 'x', tool_calls: wrong })).toEqual([
        { role: 'assistant', text: 'x' },
      ])
    }
  })

  test('ties a legacy function message to the call that it answers', () => {
    const [, call, result] = read(
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, function_call: { name: 'one', arguments: '{}' } },
      { role: 'function', name: 'one', content: 'done' },
    )
    expect(call?.calls?.[0]?.id).toBe('call_1_0')
    expect(result).toEqual({ role: 'tool', text: 'done', callId: 'call_1_0' })
  })

  test.each([
    ['done', 'done'],
    [null, ''],
    [[{ type: 'text', text: 'done' }], 'done'],
    [{ status: 'ok' }, '{"status":"ok"}'],
    [[1, 2], '1 2'],
    [[{ id: 1 }], '[{"id":1}]'],
  ])('keeps the result %j of a tool as %j', (content, text) => {
    expect(read({ role: 'tool', tool_call_id: 'a', content })).toEqual([
      { role: 'tool', text, callId: 'a' },
    ])
  })

  test('ties it to the newest call of that name', () => {
    const call = { role: 'assistant', content: null, function_call: { name: 'one' } }
    const other = { role: 'assistant', content: null, function_call: { name: 'two' } }
    const result = { role: 'function', name: 'one', content: 'done' }
    const unknown = { role: 'function', name: '__proto__', content: 'done' }
    expect(
      read(call, result, call, other, result, unknown).map((message) => message.callId),
    ).toEqual([undefined, 'call_0_0', undefined, undefined, 'call_2_0', ''])
  })

  test('takes time for each legacy function message, not for each pair', () => {
    const bodies = new Map<number, ReturnType<typeof parseJsonBody>>()
    const bodyOf = (count: number) => {
      const tool_calls = Array.from({ length: count }, () => ({ function: { name: 'other' } }))
      const results = Array.from({ length: count - 1 }, () => ({ role: 'function', name: 'one' }))
      const messages = [{ role: 'assistant', tool_calls }, ...results]
      const body = parseJsonBody(Buffer.from(JSON.stringify({ messages })))
      bodies.set(count, body)
      return body
    }
    expect(
      growth((count) => void readMessages(bodies.get(count) ?? bodyOf(count)), 1000),
    ).toBeLessThan(50)
  })

  test('takes time for each part of a content, not for each pair', () => {
    const parts = 'a'.repeat(50_000).split('')
    const run = (count: number) => void readContent(parts.slice(0, count), 'content')
    expect(growth(run, 5000)).toBeLessThan(50)
    expect(readContent(parts, 'content').text).toHaveLength(99_999)
  })

  test('takes 10,000 messages and no more', () => {
    const messages = Array.from({ length: 10_000 }, () => ({ role: 'user', content: 'x' }))
    expect(read(...messages)).toHaveLength(10_000)
    const refused = refusal({ messages: [...messages, { role: 'user', content: 'x' }] })
    expect(refused).toMatchObject({ code: 'invalid_request', param: 'messages' })
    expect(refused.message).toBe('`messages` must hold at most 10000 messages')
  })

  test('leaves the call of a tool message open when it names none', () => {
    expect(read({ role: 'tool', content: 'done' })).toEqual([
      { role: 'tool', text: 'done', callId: '' },
    ])
  })

  test.each([
    [{}, 'messages'],
    [{ messages: null }, 'messages'],
    [{ messages: 'Hello' }, 'messages'],
    [{ messages: { role: 'user' } }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'user' }, 'Hello'] }, 'messages[1]'],
    [{ messages: [null] }, 'messages[0]'],
    [{ messages: [[]] }, 'messages[0]'],
    [{ messages: [{ role: 'user' }, { role: 'user' }, { role: 'caller' }] }, 'messages[2].role'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'constructor' }] }, 'messages[0].role'],
    [{ messages: [{ role: null }] }, 'messages[0].role'],
  ])('refuses %j and names the field %s', (body, param) => {
    expect(refusal(body)).toMatchObject({ code: 'invalid_request', param })
  })

  test('refuses content that is nested too deeply to be written again', () => {
    const deep: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000))
    const text = `{"messages":[{"role":"user","content":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`
    expect(deep).toBeInstanceOf(Array)
    expect(() => readMessages(parseJsonBody(Buffer.from(text)))).toThrow(/nested too deeply/)
  })

  test('is not fooled by keys that name a prototype', () => {
    const body = Buffer.from(
      '{"__proto__":{"messages":[]},"messages":[{"__proto__":{"role":"user"},"role":"user","content":"x","constructor":1}]}',
    )
    expect(readMessages(parseJsonBody(body))).toEqual([{ role: 'user', text: 'x' }])
    expect({}).not.toHaveProperty('role')
  })
})

describe('the bytes of a large history', () => {
  const filler = { role: 'system', content: 'x'.repeat(20_000) }

  test('come along with plain user and assistant messages only', () => {
    const messages = read(
      filler,
      { role: 'user', content: 'Hei på deg "\n' },
      { role: 'user', content: 'Hello', name: 'caller' },
      { role: 'assistant', content: 'Hello' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', function: { name: 'one' } }] },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    )
    const encoded = messages.map((message) => {
      const span = message.encoded
      return span && Buffer.from(span.body).toString('utf8', span.start, span.end)
    })
    expect(encoded).toEqual([
      undefined,
      '{"role":"user","content":"Hei på deg \\"\\n"}',
      undefined,
      '{"role":"assistant","content":"Hello"}',
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each([
    '{"role":"system","content":"x","role":"user"}',
    '{"role":"system","content":"x","r\\u006fle":"user"}',
    '{"role":"user","content":"first","content":"x"}',
    '{ "content" : {"a":1} , "role":"user" , "content" : "x" }',
  ])('do not come along where a key stands twice: %s', (message) => {
    const body = `{"messages":[${JSON.stringify(filler)},${message},{"role":"user","content":"y"}]}`
    const messages = readMessages(parseJsonBody(Buffer.from(body)))
    expect(messages[1]).toEqual({ role: 'user', text: 'x' })
    expect(messages[2]?.encoded).toBeDefined()
  })

  test('stay where they are when the body is small', () => {
    expect(read({ role: 'user', content: 'Hello' })).toEqual([{ role: 'user', text: 'Hello' }])
  })

  test('say the same as the text, after a byte order mark too', () => {
    const body = Buffer.from(
      '\ufeff' +
        JSON.stringify(
          { model: 'a', messages: [filler, { content: 'Hei på', role: 'user' }] },
          null,
          2,
        ),
    )
    const span = readMessages(parseJsonBody(body))[1]?.encoded
    expect(
      span && JSON.parse(Buffer.from(span.body).toString('utf8', span.start, span.end)),
    ).toEqual({
      content: 'Hei på',
      role: 'user',
    })
  })

  test('are left out when they are not valid UTF-8', () => {
    const before = Buffer.from(`{"messages":[${JSON.stringify(filler)},{"role":"user","content":"`)
    const body = Buffer.concat([before, Buffer.from([0xff]), Buffer.from('"}]}')])
    expect(readMessages(parseJsonBody(body))[1]).toEqual({ role: 'user', text: '\ufffd' })
  })

  test('say the same as the text for any text', () => {
    const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(texts, (contents) => {
        const messages = read(filler, ...contents.map((content) => ({ role: 'user', content })))
        for (const { encoded, text } of messages.slice(1)) {
          const json =
            encoded && Buffer.from(encoded.body).toString('utf8', encoded.start, encoded.end)
          expect(json && JSON.parse(json)).toEqual({ role: 'user', content: text })
        }
      }),
      { numRuns: 50 },
    )
  })
})
