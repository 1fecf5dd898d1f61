import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRequest } from '../../src/upstream/encode-request.ts'
import type { OpenAiCompatibleOptions } from '../../src/upstream/options.ts'
import { inAcceptedOrder } from '../../src/upstream/role-order.ts'
import type { UpstreamMessage } from '../../src/upstream/upstream.ts'

type Compat = OpenAiCompatibleOptions['compat'][number]

const system = (content: string): UpstreamMessage => ({ role: 'system', content })
const user = (content: string | readonly object[]): UpstreamMessage => ({ role: 'user', content })
const said = (content: string | null): UpstreamMessage => ({ role: 'assistant', content })
const called = (content: string | null, ...ids: readonly string[]): UpstreamMessage => ({
  role: 'assistant',
  content,
  calls: ids.map((id) => ({ id, name: 'find', arguments: '{}' })),
})
const result = (callId: string): UpstreamMessage => ({
  role: 'tool',
  callId,
  content: `found ${callId}`,
})
const part = (text: string) => ({ type: 'text', text })
const BEGINS = user('(The call begins.)')
const SILENT = user('(The caller says nothing.)')

function ordered(messages: readonly UpstreamMessage[], ...compat: readonly Compat[]) {
  return inAcceptedOrder(messages, { compat: [...compat] })
}

describe('the order of messages', () => {
  it('is left alone without flags', () => {
    const messages = [said('a'), system('s'), said('b'), user('c'), user('d'), said('e')]
    expect(ordered(messages)).toBe(messages)
    expect(ordered(messages, 'short_tool_call_ids', 'no_stream_options')).toBe(messages)
  })

  it.each<[string, readonly UpstreamMessage[], readonly UpstreamMessage[]]>([
    ['texts of users', [user('a'), user('b'), user('')], [user('a\n\nb')]],
    ['answers', [user('a'), said('b'), said(null), said('c')], [user('a'), said('b\n\nc')]],
    ['nothing said twice', [said(null), said('')], [said(null)]],
    [
      'system messages, wherever they stand',
      [user('a'), system('s'), said('b'), system('t'), said('c')],
      [system('s\n\nt'), user('a'), said('b\n\nc')],
    ],
    [
      'calls into the answer before them',
      [said('Let me see.'), called(null, 'x')],
      [called('Let me see.', 'x')],
    ],
    ['calls of two answers', [called('a', 'x'), called('b', 'y')], [called('a\n\nb', 'x', 'y')]],
    [
      'lists of parts',
      [user([part('a')]), user([{ type: 'image_url' }])],
      [user([part('a'), { type: 'image_url' }])],
    ],
    [
      'a text and parts',
      [user('a'), user([part('b'), part('c')])],
      [user([part('a\n\nb'), part('c')])],
    ],
    [
      'parts and a text',
      [user([{ type: 'image_url' }]), user('a')],
      [user([{ type: 'image_url' }, part('a')])],
    ],
    ['parts and no text', [user([part('a')]), user('')], [user([part('a')])]],
  ])('merge_roles makes one message of %s', (_, messages, expected) => {
    expect(ordered(messages, 'merge_roles')).toEqual(expected)
  })

  it('merge_roles keeps each result by itself', () => {
    const messages = [user('a'), called(null, 'x', 'y'), result('x'), result('y'), said('b')]
    expect(ordered(messages, 'merge_roles')).toEqual(messages)
  })

  it('merge_roles puts an answer between results and what the caller says next', () => {
    const messages = [user('a'), called(null, 'x'), result('x'), user('b')]
    expect(ordered(messages, 'merge_roles')).toEqual([
      ...messages.slice(0, 3),
      said('Okay.'),
      user('b'),
    ])
  })

  it('user_first lets the caller begin', () => {
    expect(ordered([system('s'), said('a'), user('b')], 'user_first')).toEqual([
      system('s'),
      BEGINS,
      said('a'),
      user('b'),
    ])
    expect(ordered([called(null, 'x'), result('x')], 'user_first')[0]).toEqual(BEGINS)
    expect(ordered([system('s')], 'user_first')).toEqual([system('s'), BEGINS])
    const messages = [system('s'), user('a'), said('b')]
    expect(ordered(messages, 'user_first')).toBe(messages)
  })

  it('no_trailing_assistant lets the caller or a result be last', () => {
    expect(ordered([user('a'), said('b')], 'no_trailing_assistant')).toEqual([
      user('a'),
      said('b'),
      SILENT,
    ])
    expect(ordered([system('s')], 'no_trailing_assistant')).toEqual([system('s'), BEGINS])
    for (const messages of [[user('a')], [user('a'), called(null, 'x'), result('x')]]) {
      expect(ordered(messages, 'no_trailing_assistant')).toBe(messages)
    }
  })

  it('says once that the call begins when all flags are set', () => {
    const all = ordered([system('s')], 'no_trailing_assistant', 'user_first', 'merge_roles')
    expect(all).toEqual([system('s'), BEGINS])
    expect(ordered([said('Hi.')], 'no_trailing_assistant', 'user_first')).toEqual([
      BEGINS,
      said('Hi.'),
      SILENT,
    ])
  })

  it('copies the bytes of messages that stay as they are', () => {
    const body = Buffer.from('[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]')
    const own: UpstreamMessage = {
      role: 'user',
      content: 'a',
      encoded: { body, index: 0, start: 1, end: 30 },
    }
    const messages = ordered([said('b'), own, said('c'), said('d')], 'merge_roles', 'user_first')
    expect(messages).toContain(own)
    expect(messages.at(-1)).toEqual(said('c\n\nd'))
  })
})

interface WireMessage {
  readonly role: string
  readonly content: unknown
  readonly tool_calls?: readonly { readonly id: string }[]
  readonly tool_call_id?: string
}

function sent(messages: readonly UpstreamMessage[], compat: readonly Compat[]) {
  const request = { messages, tools: [], parameters: {}, wantsUsage: true, state: 's' }
  const { pieces } = encodeRequest(request, { model: 'm', compat: [...compat] })
  // Written by encodeRequest as these types say.
  const body = JSON.parse(Buffer.concat(pieces).toString()) as { messages: readonly WireMessage[] }
  return body.messages
}

describe('any history under all flags', () => {
  const ALL: readonly Compat[] = [
    'merge_roles',
    'user_first',
    'no_trailing_assistant',
    'short_tool_call_ids',
    'max_completion_tokens',
    'no_stream_options',
  ]
  const ids = fc.array(fc.constantFrom('call_0', 'call_1', 'aB3456789'), {
    minLength: 1,
    maxLength: 3,
  })
  /** Each with its own words, so that none can stand in for another. */
  const step = fc.oneof(
    fc
      .constantFrom('system', 'user', 'parts', 'assistant', 'nothing')
      .map((kind) => ({ kind, ids: [] })),
    ids.map((of) => ({ kind: 'calls', ids: of })),
  )
  const history = fc.array(step, { maxLength: 12 }).map((steps) =>
    steps.flatMap(({ kind, ids: of }, at): readonly UpstreamMessage[] => {
      const words = `words ${at}.`
      if (kind === 'system') return [system(words)]
      if (kind === 'user') return [user(words)]
      if (kind === 'parts') return [user([part(words), { type: 'image_url', image_url: {} }])]
      if (kind === 'assistant') return [said(words)]
      if (kind === 'nothing') return [said(null)]
      const unique = [...new Set(of)]
      const results = unique.map((callId, place) => ({
        role: 'tool' as const,
        callId,
        content: `result ${at}-${place}.`,
      }))
      return [called(at % 2 === 0 ? null : words, ...unique), ...results]
    }),
  )

  it('alternates, begins with the caller, ends with the caller or a result', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const [first, ...others] = sent(messages, ALL)
        const spoken = first?.role === 'system' ? others : [first, ...others]
        const roles = spoken.map((message) => message?.role)
        expect(roles[0]).toBe('user')
        expect(['user', 'tool']).toContain(roles.at(-1))
        for (const [at, role] of roles.entries()) {
          const before = at === 0 ? 'system' : roles[at - 1]
          const allowed = {
            user: ['system', 'assistant'],
            assistant: ['user', 'tool'],
            tool: ['assistant', 'tool'],
          }
          expect(allowed).toHaveProperty(role ?? '', expect.arrayContaining([before]))
        }
      }),
    )
  })

  it('loses no words, and each result follows its own call', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const wire = sent(messages, ALL)
        const text = JSON.stringify(wire)
        const words = JSON.stringify(messages).match(/(?:words|result) [\d-]+\./g) ?? []
        for (const one of words) expect(text.split(one)).toHaveLength(2)
        const calls = wire.flatMap((message) => message.tool_calls?.map(({ id }) => id) ?? [])
        const results = wire.flatMap((message) => message.tool_call_id ?? [])
        expect(results).toEqual(calls)
        expect(new Set(calls).size).toBe(calls.length)
        for (const id of calls) expect(id).toMatch(/^[A-Za-z0-9]{9}$/)
      }),
    )
  })

  it('is the beginning of the longer history, but for what stands last', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const spoken = messages.filter(({ role }) => role !== 'system')
        const shorter = sent(spoken, ALL).slice(0, -2)
        const longer = sent([...spoken, said('more'), user('and more')], ALL)
        expect(longer.slice(0, shorter.length)).toEqual(shorter)
      }),
    )
  })
})
