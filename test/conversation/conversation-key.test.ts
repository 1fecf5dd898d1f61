import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyResolver, type KeyMaterial } from '../../src/conversation/conversation-key.ts'
import { ConversationOptions, DEFAULT_KEY_SOURCES } from '../../src/conversation/options.ts'

const EMPTY: KeyMaterial = {
  platform: 'other',
  headers: {},
  query: {},
  body: {},
  extraBody: {},
  call: {},
}

function find(
  given: Partial<KeyMaterial> & { readonly system?: string },
  sources: readonly string[] = DEFAULT_KEY_SOURCES,
) {
  const { system = '', ...material } = given
  return createKeyResolver(sources)(system, { ...EMPTY, ...material })
}

describe('the default key sources', () => {
  it.each([
    ['system:CALL_ID=(conv_[A-Za-z0-9]+)', { system: 'You are x.\nCALL_ID=conv_7a' }, 'conv_7a'],
    ['system:conv_[A-Za-z0-9]+', { system: 'id conv_7a, again conv_7a' }, 'conv_7a'],
    ['header.x-conversation-id', { headers: { 'x-conversation-id': ' h1 ' } }, 'h1'],
    ['header.x-livekit-room-id', { headers: { 'x-livekit-room-id': 'room' } }, 'room'],
    ['query.custom_session_id', { query: { custom_session_id: 'hume' } }, 'hume'],
    ['body.call.id', { body: { call: { id: 'vapi' } } }, 'vapi'],
    ['extra_body.conversation_id', { extraBody: { conversation_id: 'x1' } }, 'x1'],
    ['extra_body.call_id', { extraBody: { call_id: 'x2' } }, 'x2'],
  ])('%s', (source, given, key) => {
    expect(find(given)).toEqual({ key, source })
    expect(DEFAULT_KEY_SOURCES).toContain(source)
  })

  it('are tried in their order, and an unusable value gives way to the next one', () => {
    const extraBody = { conversation_id: 'later', call_id: 'last' }
    expect(find({ headers: { 'x-conversation-id': 'h' }, extraBody })?.key).toBe('h')
    expect(find({ headers: { 'x-conversation-id': '' }, extraBody })?.key).toBe('later')
    expect(find({ extraBody: { ...extraBody, conversation_id: '{{id}}' } })?.key).toBe('last')
  })

  it('give none for an empty request', () => expect(find({})).toBeNull())
})

describe('a key in the system text', () => {
  it('is none when the matches differ: the prompt could name another call', () => {
    expect(find({ system: 'CALL_ID=conv_a ... CALL_ID=conv_b' })).toBeNull()
    expect(find({ system: 'conv_a and conv_b' })).toBeNull()
  })

  it('is the marked one, whatever other ids the text holds', () => {
    expect(find({ system: 'As in conv_old. CALL_ID=conv_new' })?.key).toBe('conv_new')
  })

  it('is none while the platform has not filled it in', () => {
    expect(find({ system: 'CALL_ID={{system__conversation_id}}' })).toBeNull()
    expect(find({ system: 'CALL={{id}}' }, ['system:CALL=(\\S+)'])).toBeNull()
  })

  it('is the first group, and nothing when that group has no part in the match', () => {
    expect(find({ system: 'id: 12 (b)' }, ['system:id: (\\d+) \\((\\w)\\)'])?.key).toBe('12')
    expect(find({ system: 'CALL=' }, ['system:CALL=(\\w+)?'])).toBeNull()
    expect(find({ system: 'CALL= CALL=7' }, ['system:CALL=(\\w+)?'])?.key).toBe('7')
  })

  it('is nothing when the pattern matches the empty text', () => {
    expect(find({ system: 'abc' }, ['system:x*'])).toBeNull()
  })

  it('is found in the same way every time', () => {
    const resolve = createKeyResolver(['system:ID=(\\w+)'])
    for (const id of ['a', 'b', 'a']) expect(resolve(`ID=${id}`, EMPTY)?.key).toBe(id)
  })
})

describe('the key of a connection', () => {
  it('is the call that it is of, whatever the system text or a header says', () => {
    const call = { call_id: 'call_1' }
    const headers = { 'x-conversation-id': 'other' }
    const given = { platform: 'retell', system: 'CALL_ID=conv_2', headers, call } as const
    for (const sources of [
      DEFAULT_KEY_SOURCES,
      ['system:CALL_ID=(conv_2)', 'header.x-conversation-id'],
    ])
      expect(find(given, sources)).toEqual({ key: 'call_1', source: 'call.call_id' })
    expect(find({ ...given, call: {} })).toBeNull()
  })
})

describe('the value of a key', () => {
  const value = (given: unknown) => find({ extraBody: { call_id: given } })?.key

  it.each([
    ['text', 'a b', 'a b'],
    ['a number', 42, '42'],
    ['text of 256 characters', 'x'.repeat(256), 'x'.repeat(256)],
  ])('may be %s', (_, given, key) => expect(value(given)).toBe(key))

  it.each([
    ['longer text', 'x'.repeat(257)],
    ['blank', '  '],
    ['an unfilled template', 'id-{{x}}'],
    ['a list', ['a']],
    ['an object', { id: 'a' }],
    ['true', true],
    ['null', null],
    ['not a number', Number.NaN],
    ['a number that was rounded, so that two calls read the same', 12345678901234567890],
  ])('is never %s', (_, given) => expect(value(given)).toBeUndefined())

  it('is none for a header or a query that came several times', () => {
    expect(find({ headers: { 'x-conversation-id': ['a', 'b'] } })).toBeNull()
    expect(find({ query: { custom_session_id: ['a', 'b'] } })).toBeNull()
  })
})

describe('any source', () => {
  it('finds a header by its name in any case', () => {
    expect(find({ headers: { 'x-call': 'a' } }, ['header.X-Call'])?.key).toBe('a')
  })

  it.each(['header', 'query', 'body', 'extra_body'])('reaches no prototype from %s', (part) => {
    for (const name of ['__proto__', 'constructor', 'constructor.name', 'toString']) {
      expect(find({}, [`${part}.${name}`])).toBeNull()
    }
  })

  it('never throws, and gives short text without templates', () => {
    const record = fc.dictionary(
      fc.constantFrom('conversation_id', 'call_id', 'call'),
      fc.anything(),
    )
    fc.assert(
      fc.property(fc.string(), record, record, (system, body, extraBody) => {
        const found = find({ system, body, extraBody })
        if (!found) return
        expect(found.key.length).toBeLessThanOrEqual(256)
        expect(found.key).not.toContain('{{')
        expect(found.key.trim()).not.toBe('')
      }),
    )
  })
})

describe('the options', () => {
  it('take the sources of the default when none are given', () => {
    expect(ConversationOptions.parse({}).key).toEqual(DEFAULT_KEY_SOURCES)
  })

  it.each(['system:', 'system:(', 'cookie.x', 'header.', 'header.a b', 'x', ''])(
    'refuse the source %j',
    (source) => expect(ConversationOptions.safeParse({ key: [source] }).success).toBe(false),
  )
})
