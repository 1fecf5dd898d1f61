import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { createFillerMatcher, toView, type View } from '../../src/conversation/view.ts'
import { assistant, system, toolResult, user } from '../support/history.ts'

const FILLERS = ['One moment... ', 'Let me look... ', 'Hhmmmm...yeah.']
const options = { fillers: createFillerMatcher(FILLERS), stateTool: 'turnstate_state' }
const see = (messages: readonly ConversationMessage[]): View => toView(messages, options)
const texts = (messages: readonly ConversationMessage[]) => messages.map((message) => message.text)
const marker = { id: 'm1', name: 'turnstate_state', arguments: '{"state":"x"}' }
const map = { id: 'c1', name: 'show_map', arguments: '{}' }

describe('the view of a history', () => {
  it('is blocks of user speech with their answers, and the speech that is open', () => {
    const view = see([user('a'), assistant('b'), user('c'), user('d'), assistant('e'), user('f')])
    expect(view.answered.map((block) => [block.user.text, texts(block.answer)])).toEqual([
      ['a', ['b']],
      ['c d', ['e']],
    ])
    expect(view.open?.text).toBe('f')
    expect(view.tail).toBe('user')
  })

  it('is nothing for an empty history', () => {
    expect(see([])).toEqual({
      systemText: '',
      greeting: [],
      answered: [],
      open: null,
      tail: 'nobody',
      endsInSilence: false,
      markers: [],
      endsInMarker: false,
    })
  })

  it('keeps the messages of a block apart, tool messages among them', () => {
    const view = see([user('a'), assistant('b', [map]), toolResult('c1', 'ok'), assistant('d')])
    expect(view.answered[0]?.answer.map((message) => message.role)).toEqual([
      'assistant',
      'tool',
      'assistant',
    ])
    expect(view.tail).toBe('assistant')
  })

  it('takes what the assistant said before any user speech for the greeting', () => {
    const view = see([system('s'), assistant('Hello'), assistant('there'), user('a')])
    expect(texts(view.greeting)).toEqual(['Hello', 'there'])
    expect(view.answered).toEqual([])
  })

  it('joins system texts from anywhere, and leaves them out of the blocks', () => {
    const view = see([system('one'), user('a'), system('two'), user('b'), system('  ')])
    expect(view.systemText).toBe('one\n\ntwo')
    expect(view.open?.text).toBe('a b')
  })

  it('drops user texts of dots alone, but not what was said by other means', () => {
    const image: ConversationMessage = { role: 'user', text: '', parts: [{ type: 'image_url' }] }
    expect(see([user('a'), user('...'), user(' \u2026 ')]).open?.text).toBe('a')
    expect(see([image]).open?.messages).toEqual([image])
  })

  it.each([
    [[user('a'), assistant('b')], 'assistant', false],
    [[user('a'), assistant('b'), user('...')], 'assistant', true],
    [[user('a'), assistant('b'), user('...'), assistant('c')], 'assistant', false],
    [[user('a'), assistant('', [map]), toolResult('c1', 'ok')], 'tool', false],
    [[user('a'), assistant('', [map]), toolResult('c1', 'ok'), user('...')], 'tool', true],
    [[user('a'), user('...')], 'user', true],
    [[user('...')], 'nobody', true],
    [[assistant('Hello')], 'assistant', false],
  ] as const)('knows who spoke last (%#)', (messages, tail, endsInSilence) => {
    expect(see(messages)).toMatchObject({ tail, endsInSilence })
  })
})

describe('fillers in the view', () => {
  it.each([
    'One moment...',
    'one moment',
    'One moment... One moment... Let me look...',
    'Hhmmmm...yeah.',
    '<break time="1s"/> One moment...',
  ])('%j is dropped, and the speech around it is one block', (text) => {
    const view = see([user('a'), assistant(text), user('b')])
    expect(view.answered).toEqual([])
    expect(view.open?.text).toBe('a b')
  })

  it('stay where more was said', () => {
    const view = see([user('a'), assistant('One moment... Here it is.'), user('b')])
    expect(view.answered).toHaveLength(1)
  })

  it('collapse equal neighbours around them', () => {
    const view = see([user('Book it'), assistant('One moment...'), user('book it!'), user('now')])
    expect(view.open?.text).toBe('Book it now')
  })

  it('do not collapse signs that mean different things', () => {
    expect(see([user('\u{1f44d}'), user('\u{1f44e}')]).open?.messages).toHaveLength(2)
  })

  it('are dropped beside a marker, and kept beside a call', () => {
    expect(see([user('a'), assistant('One moment...', [marker])]).answered).toEqual([])
    expect(see([user('a'), assistant('One moment...', [map])]).answered).toHaveLength(1)
  })

  it('are dropped from a message with an empty list of calls', () => {
    expect(see([user('a'), assistant('One moment...', []), user('b')]).answered).toEqual([])
  })

  it('do not include an emoji, which is an answer', () => {
    expect(see([user('a'), assistant('\u{1f44d}'), user('b')]).answered).toHaveLength(1)
  })
})

describe('the filler matcher', () => {
  it('finds fillers of which one begins with another one', () => {
    const matches = createFillerMatcher(['one', 'one two', 'two three', ''])
    for (const text of ['one', 'one two', 'one two three', 'one one two', 'two three one']) {
      expect(matches(text)).toBe(true)
    }
    for (const text of ['two', 'one three', 'two one', '']) expect(matches(text)).toBe(text === '')
  })

  it('matches nothing without fillers', () => {
    expect(createFillerMatcher([])('One moment')).toBe(false)
  })

  it('ignores a text without words only where it was named', () => {
    expect(createFillerMatcher(['\u{1f914}'])(' \u{1f914} ')).toBe(true)
    expect(createFillerMatcher(['\u{1f914}'])('\u{1f44d}')).toBe(false)
  })

  it('matches any row of up to eight of its texts', () => {
    const matches = createFillerMatcher(FILLERS)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FILLERS), { minLength: 1, maxLength: 8 }), (row) => {
        expect(matches(row.join(' '))).toBe(true)
        expect(matches(`${row.join(' ')} really`)).toBe(false)
      }),
    )
  })
})

describe('markers in the view', () => {
  it('leave no trace in what was said, with text or without', () => {
    const plain = { ...see([user('a'), assistant('b'), user('c')]), markers: ['x'] }
    const marked = [assistant('b', [marker]), toolResult('m1', 'ok')]
    expect(see([user('a'), ...marked, user('c')])).toEqual(plain)
    const alone = [assistant('b'), assistant('', [marker]), toolResult('m1', 'ok')]
    expect(see([user('a'), ...alone, user('c')])).toEqual(plain)
  })

  it('leave other calls and their results in place', () => {
    const view = see([
      user('a'),
      assistant('', [marker, map]),
      toolResult('m1', 'ok'),
      toolResult('c1', 'shown'),
    ])
    expect(view.answered[0]?.answer).toEqual([assistant('', [map]), toolResult('c1', 'shown')])
  })

  it('are listed with what they carry, in the order of the history', () => {
    const other = { id: 'm2', name: 'turnstate_state', arguments: '{ "state": "y", "more": 1 }' }
    const history = [assistant('', [marker]), user('a'), assistant('b', [map, other, marker])]
    expect(see(history).markers).toEqual(['x', 'y', 'x'])
  })

  it.each([
    '',
    'x',
    'null',
    '5',
    '[]',
    '{}',
    '{"state":5}',
    '{"state":{"state":"x"}}',
    '{"state":',
  ])('are not listed when their arguments are %j, and stay invisible', (malformed) => {
    const call = { id: 'm1', name: 'turnstate_state', arguments: malformed }
    const history = [user('a'), assistant('b', [call]), toolResult('m1', 'ok'), user('c')]
    expect(see(history)).toEqual(see([user('a'), assistant('b'), user('c')]))
  })
})

describe('a history that ends in a marker', () => {
  const said = [user('a'), assistant('b', [marker])]
  const called = [user('a'), assistant('b', [marker, map])]
  const note = toolResult('m1', 'ok')
  const shown = toolResult('c1', 'shown')

  it.each([
    ['its result is last', [...said, note]],
    [
      'the marker is a message of its own',
      [user('a'), assistant('b'), assistant('', [marker]), note],
    ],
    ['its result comes twice', [...said, note, note]],
    [
      'only words that do not count follow',
      [...said, note, system('s'), assistant('One moment...')],
    ],
    [
      'earlier results were answered by the marker alone',
      [user('a'), assistant('', [map]), shown, assistant('', [marker]), note],
    ],
    ['it follows a greeting', [assistant('b', [marker]), note]],
  ])('ends in it when %s', (_, messages) => expect(see(messages).endsInMarker).toBe(true))

  it.each([
    ['there is no result yet', said],
    ['another result stands beside it', [...called, note, shown]],
    ['another result stands before it', [...called, shown, note]],
    ['words follow', [...said, note, assistant('c')]],
    ['a call follows', [...said, note, assistant('', [map])]],
    ['another marker waits for its result', [...said, note, assistant('', [marker])]],
    ['the caller speaks', [...said, note, user('c')]],
    ['silence follows', [...said, note, user('...')]],
    ['the result is that of another call', [...called, shown]],
    ['the result does not say of what', [...said, toolResult('', 'ok')]],
  ])('does not end in it when %s', (_, messages) => expect(see(messages).endsInMarker).toBe(false))
})

describe('any history', () => {
  const message = fc.oneof(
    fc.constantFrom('a', 'b', '...', '', 'One moment...').map(user),
    fc.constantFrom('c', 'd', '', '...', 'One moment...').map((text) => assistant(text)),
    fc.constantFrom([map], [marker], [marker, map]).map((calls) => assistant('', calls)),
    fc.constantFrom('c1', 'm1', '').map((id) => toolResult(id, 'ok')),
    fc.constant(system('s')),
  )

  it('has blocks in which both sides are there, and nothing twice', () => {
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const view = see(messages)
        for (const block of view.answered) {
          expect(block.user.messages.length).toBeGreaterThan(0)
          expect(block.answer.length).toBeGreaterThan(0)
        }
        const shown = view.answered.flatMap((block) => [...block.user.messages, ...block.answer])
        const count = shown.length + view.greeting.length + (view.open?.messages.length ?? 0)
        expect(count).toBeLessThanOrEqual(messages.length)
        expect(view.open === null).toBe(view.tail !== 'user')
      }),
    )
  })

  it('has the same view when what does not count is put in anywhere', () => {
    const noise = fc.constantFrom(system(' '), assistant('One moment...'), assistant('...'))
    fc.assert(
      fc.property(fc.array(message), fc.nat(), noise, (messages, at, extra) => {
        const place = at % (messages.length + 1)
        const noisy = [...messages.slice(0, place), extra, ...messages.slice(place)]
        expect(see(noisy)).toEqual(see(messages))
      }),
    )
  })
})
