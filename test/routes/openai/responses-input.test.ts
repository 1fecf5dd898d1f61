import { describe, expect, test } from 'vitest'
import { parseJsonBody } from '../../../src/routes/openai/json-body.ts'
import { readInput } from '../../../src/routes/openai/responses/read-input.ts'

const messagesOf = (body: object) => readInput(parseJsonBody(Buffer.from(JSON.stringify(body))))

const call = (id: string, name = 'look') => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: id,
  name,
  arguments: '{"a":1}',
  status: 'completed',
})
const output = (id: string, text: unknown) => ({
  type: 'function_call_output',
  call_id: id,
  output: text,
})
const readCall = (id: string, name = 'look') => ({ id, name, arguments: '{"a":1}' })

describe('the input', () => {
  test('may be the words of the user', () => {
    expect(messagesOf({ input: 'Hello' })).toEqual([{ role: 'user', text: 'Hello' }])
  })

  test('holds messages of every role, with or without a type', () => {
    const input = [
      { role: 'developer', content: 'Be brief.' },
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be kind.' }] },
      { type: null, role: 'user', content: 'Hi' },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
      },
      { role: 'user', content: null },
    ]
    expect(messagesOf({ input })).toEqual([
      { role: 'system', text: 'Be brief.' },
      { role: 'system', text: 'Be kind.' },
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Hello.' },
      { role: 'user', text: '' },
    ])
  })

  test('keeps images and files, in the form in which upstreams take them', () => {
    const content = [
      { type: 'input_text', text: 'Look' },
      { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'low' },
      { type: 'input_image', file_id: 'file_1' },
      { type: 'input_file', file_data: 'data:text/plain;base64,aGk=', filename: 'a.txt', x: 1 },
      { type: 'input_file', file_url: 'https://a.example/b.pdf' },
      { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
    ]
    expect(messagesOf({ input: [{ role: 'user', content }] })).toEqual([
      {
        role: 'user',
        text: 'Look',
        parts: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
          { type: 'file', file: { file_data: 'data:text/plain;base64,aGk=', filename: 'a.txt' } },
          { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
        ],
      },
    ])
  })

  test('may hold messages in the form of chat completions', () => {
    const tool_calls = [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }]
    const input = [
      { role: 'assistant', content: null, tool_calls },
      { role: 'tool', tool_call_id: 'c1', content: 'seen' },
    ]
    expect(messagesOf({ input })).toEqual([
      { role: 'assistant', text: '', calls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
      { role: 'tool', text: 'seen', callId: 'c1' },
    ])
  })

  test('leaves the bytes of a long conversation as they came', () => {
    const words = 'x'.repeat(9000)
    const input = [
      { role: 'user', content: words },
      { type: 'reasoning', summary: [] },
      { type: 'message', role: 'user', content: words },
    ]
    const body = { instructions: 'Talk.', input }
    const [system, bare, typed] = messagesOf(body)
    expect(system).toEqual({ role: 'system', text: 'Talk.' })
    const { body: bytes, start = 0, end = 0 } = bare?.encoded ?? {}
    expect(JSON.parse(Buffer.from(bytes ?? []).toString('utf8', start, end))).toEqual(input[0])
    expect(typed).toEqual({ role: 'user', text: words })
  })
})

describe('function calls', () => {
  test.each([
    ['alone', [call('c1')], [{ role: 'assistant', text: '', calls: [readCall('c1')] }]],
    [
      'in a row',
      [call('c1'), call('c2'), { type: 'reasoning', summary: [] }, call('c3')],
      [{ role: 'assistant', text: '', calls: ['c1', 'c2', 'c3'].map((id) => readCall(id)) }],
    ],
    [
      'right after what the assistant said',
      [{ role: 'assistant', content: 'Wait.' }, call('c1'), call('c2'), output('c1', 'x')],
      [
        { role: 'assistant', text: 'Wait.', calls: [readCall('c1'), readCall('c2')] },
        { role: 'tool', text: 'x', callId: 'c1' },
      ],
    ],
    [
      'with their outputs between them',
      [call('c1'), output('c1', 'x'), call('c2'), output('c2', 'y')],
      [
        { role: 'assistant', text: '', calls: [readCall('c1')] },
        { role: 'tool', text: 'x', callId: 'c1' },
        { role: 'assistant', text: '', calls: [readCall('c2')] },
        { role: 'tool', text: 'y', callId: 'c2' },
      ],
    ],
    [
      'before what the assistant said',
      [call('c1'), { role: 'assistant', content: 'Wait.' }],
      [
        { role: 'assistant', text: '', calls: [readCall('c1')] },
        { role: 'assistant', text: 'Wait.' },
      ],
    ],
    [
      'after the user',
      [{ role: 'user', content: 'Hi' }, call('c1')],
      [
        { role: 'user', text: 'Hi' },
        { role: 'assistant', text: '', calls: [readCall('c1')] },
      ],
    ],
  ])('%s belong together', (_, input, messages) => {
    expect(messagesOf({ input })).toEqual(messages)
  })

  test('are read however incomplete they are', () => {
    const input = [
      { type: 'function_call', name: 'a' },
      { type: 'function_call', call_id: 'c2', name: '' },
      { type: 'function_call', call_id: 'c3', name: 'c', arguments: { b: 1 } },
      { type: 'function_call_output' },
      output('c3', [
        { type: 'input_text', text: 'one' },
        { type: 'output_text', text: 'two' },
      ]),
      output('c3', { ok: true }),
    ]
    expect(messagesOf({ input })).toEqual([
      {
        role: 'assistant',
        text: '',
        calls: [
          { id: 'call_0_0', name: 'a', arguments: '{}' },
          { id: 'c3', name: 'c', arguments: '{"b":1}' },
        ],
      },
      { role: 'tool', text: '', callId: '' },
      { role: 'tool', text: 'one two', callId: 'c3' },
      { role: 'tool', text: '{"ok":true}', callId: 'c3' },
    ])
  })
})

describe('what the model thought and tools of OpenAI did', () => {
  test('is left out', () => {
    const others = ['reasoning', 'web_search_call', 'item_reference', 'of_tomorrow', 7].map(
      (type) => ({ type, role: 'user', content: 'x', name: 'x' }),
    )
    const input = [...others, { role: 'user', content: 'Hi' }]
    expect(messagesOf({ input })).toEqual([{ role: 'user', text: 'Hi' }])
  })
})

describe('instructions', () => {
  test('are the system text', () => {
    const hello = { role: 'user', text: 'Hello' }
    const body = (instructions: unknown) => messagesOf({ instructions, input: 'Hello' })
    expect(body('Talk.')).toEqual([{ role: 'system', text: 'Talk.' }, hello])
    const list = [
      { role: 'developer', content: 'Talk.' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Kindly.' }] },
      { type: 'reasoning', summary: [] },
    ]
    expect(body(list)).toEqual([
      { role: 'system', text: 'Talk.' },
      { role: 'system', text: 'Kindly.' },
      hello,
    ])
    for (const none of [undefined, null, '', []]) expect(body(none)).toEqual([hello])
  })

  test.each([undefined, null, []])('are enough for a call that the server opens: %j', (input) => {
    expect(messagesOf({ instructions: 'Talk.', input })).toEqual([
      { role: 'system', text: 'Talk.' },
    ])
  })
})
