import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayElementSpans } from '../../src/json-spans.ts'
import { encodeRequest } from '../../src/upstream/encode-request.ts'
import type { CompletionRequest, UpstreamMessage } from '../../src/upstream/upstream.ts'

const request: CompletionRequest = {
  messages: [{ role: 'user', content: 'Hi' }],
  tools: [],
  parameters: {},
  wantsUsage: false,
  state: 'start',
}
const endpoint = { model: 'test-model', compat: [] }
const tool = { name: 'find', description: 'Find it', parameters: { type: 'object' }, strict: true }

function textOf({ pieces, length }: ReturnType<typeof encodeRequest>): string {
  const bytes = Buffer.concat(pieces)
  expect(bytes.length).toBe(length)
  return bytes.toString()
}

function encode(
  changes: Partial<CompletionRequest>,
  options: Parameters<typeof encodeRequest>[1] = endpoint,
): unknown {
  return JSON.parse(textOf(encodeRequest({ ...request, ...changes }, options)))
}

describe('encodeRequest', () => {
  it('writes model, messages and stream, and nothing that was not asked for', () => {
    expect(encode({})).toEqual({
      model: 'test-model',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
    })
  })

  it('writes every kind of message', () => {
    const call = { id: 'call_1', name: 'find', arguments: '{"a":"é"}' }
    const messages: UpstreamMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: null, calls: [call] },
      { role: 'tool', callId: 'call_1', content: 'found' },
      { role: 'assistant', content: 'Here.', calls: [] },
    ]
    expect(encode({ messages })).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"a":"é"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'found' },
        { role: 'assistant', content: 'Here.' },
      ],
    })
  })

  it('writes calls and results under ids that the endpoint takes', () => {
    const call = { id: 'call_1', name: 'find', arguments: '{}' }
    const messages: UpstreamMessage[] = [
      { role: 'assistant', content: null, calls: [call] },
      { role: 'tool', callId: 'call_1', content: 'found' },
    ]
    const short: unknown = expect.stringMatching(/^[A-Za-z0-9]{9}$/)
    expect(encode({ messages }, { ...endpoint, compat: ['short_tool_call_ids'] })).toMatchObject({
      messages: [{ tool_calls: [{ id: short }] }, { tool_call_id: short }],
    })
  })

  it('keeps description and strict of tools, and the tool choice', () => {
    const { name, ...definition } = tool
    expect(encode({ tools: [tool, { name: 'bare' }], toolChoice: 'none' })).toMatchObject({
      tools: [
        { type: 'function', function: { name, ...definition } },
        { type: 'function', function: { name: 'bare' } },
      ],
      tool_choice: 'none',
    })
  })

  it('leaves out what endpoints refuse without tools', () => {
    const parameters = { parallel_tool_calls: false, temperature: 0.5 }
    const body = encode({ toolChoice: 'auto', parameters })
    expect(body).not.toHaveProperty('tools')
    expect(body).not.toHaveProperty('tool_choice')
    expect(body).not.toHaveProperty('parallel_tool_calls')
    expect(body).toHaveProperty('temperature', 0.5)
    expect(encode({ tools: [tool], parameters })).toHaveProperty('parallel_tool_calls', false)
  })

  it('lets no parameter replace what it writes itself', () => {
    const parameters = { model: 'other', messages: [], stream: false, stream_options: {}, tools: 1 }
    expect(encode({ parameters })).toEqual(encode({}))
  })

  it('asks for usage only when it is wanted and the endpoint knows how', () => {
    expect(encode({ wantsUsage: true })).toMatchObject({ stream_options: { include_usage: true } })
    const options = { ...endpoint, compat: ['no_stream_options' as const] }
    expect(encode({ wantsUsage: true }, options)).not.toHaveProperty('stream_options')
  })

  it('renames max_tokens for endpoints that want it so', () => {
    const options = { ...endpoint, compat: ['max_completion_tokens' as const] }
    const body = encode({ parameters: { max_tokens: 50 } }, options)
    expect(body).toHaveProperty('max_completion_tokens', 50)
    expect(body).not.toHaveProperty('max_tokens')
    const both = { max_tokens: 50, max_completion_tokens: 60 }
    expect(encode({ parameters: both }, options)).toHaveProperty('max_completion_tokens', 60)
  })

  it('copies neighbours byte for byte, the space between them included', () => {
    const a = '{ "role" : "user", "content": "\\u00e9" }'
    const b = '{"content":"日本","role":"assistant"}'
    const body = Buffer.from(`{"messages":[${a} ,\n ${b}]}`)
    const [first, second] = arrayElementSpans(body, 'messages') ?? []
    const messages: UpstreamMessage[] = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'é', ...(first && { encoded: first }) },
      { role: 'assistant', content: '日本', ...(second && { encoded: second }) },
    ]
    const text = textOf(encodeRequest({ ...request, messages }, endpoint))
    expect(text).toContain(`{"role":"system","content":"S"},${a} ,\n ${b}],`)
  })

  it('says the same whichever messages are copied and in whatever order', () => {
    const message = fc.record({
      role: fc.constantFrom('user' as const, 'assistant' as const),
      content: fc.string({ unit: 'binary' }),
    })
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 12 }),
        (history, picks) => {
          const body = Buffer.from(JSON.stringify({ messages: history }))
          const spans = arrayElementSpans(body, 'messages') ?? []
          const messages = picks.flatMap(([pick, isCopied]): UpstreamMessage[] => {
            const index = pick % history.length
            const [said, encoded] = [history[index], spans[index]]
            return said && encoded ? [{ ...said, ...(isCopied && { encoded }) }] : []
          })
          const plain = messages.map(({ role, content }) => ({ role, content }))
          expect(encode({ messages })).toMatchObject({ messages: plain })
        },
      ),
    )
  })
})
