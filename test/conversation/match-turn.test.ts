import { beforeEach, describe, expect, it } from 'vitest'
import type { JournalTurn } from '../../src/conversation/journal.ts'
import type { MessageCall } from '../../src/conversation/message.ts'
import type { Resolution } from '../../src/conversation/resolve.ts'
import { assistant, toolResult, user } from '../support/history.ts'
import { createTalk, type Talk } from '../support/talk.ts'

let talk: Talk
const look: Talk['look'] = (messages) => talk.look(messages)
const ask: Talk['ask'] = (...request) => talk.ask(...request)

beforeEach(() => {
  talk = createTalk()
})

const shown = (resolution: Resolution) =>
  resolution.path.map(({ turn, heard }) => [turn.id, heard] as const)
const lookup = (id: string): MessageCall => ({ id, name: 'lookup', arguments: `{"id":"${id}"}` })

const HI = user('Hi there')
const HELLO = assistant('Hello! What can I do for you?')
const NEXT = user('I need a table')

describe('a block with continuations', () => {
  it('shows a chain of silences, each in its own message', () => {
    const first = ask([HI], HELLO.text)
    const one = ask([HI, HELLO, user('...')], 'Are you there?')
    const two = ask([HI, HELLO, user('...'), assistant('Are you there?')], 'I will wait.')
    expect([one.parent, two.parent]).toEqual([first, one])
    const history = [HI, HELLO, assistant('Are you there?'), assistant('I will wait.'), NEXT]
    const resolution = look(history)
    expect(resolution).toMatchObject({ kind: 'new', exchange: 2, confidence: 'exact', node: two })
    expect(shown(resolution)).toEqual([
      [1, 'full'],
      [2, 'full'],
      [3, 'full'],
    ])
  })

  it('shows them in one merged text, cut where the caller spoke', () => {
    ask([HI], HELLO.text)
    const one = ask([HI, HELLO], 'Are you there?')
    const merged = look([HI, assistant(`${HELLO.text} Are you`), NEXT])
    expect(merged).toMatchObject({ exchange: 2, heard: 'partial', node: one })
  })

  it('shows the continuation also where most words are those of a long reply', () => {
    const long = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen'
    ask([HI], long)
    const nudge = ask([HI, assistant(long)], 'Hello there?')
    expect(look([HI, assistant(`${long} Hello there?`), NEXT])).toMatchObject({
      node: nudge,
      heard: 'full',
      confidence: 'exact',
    })
  })

  it('shows a continuation after a message that was not ours', () => {
    ask([HI], HELLO.text)
    const nudge = ask([HI, HELLO], 'Are you there?')
    const history = [HI, HELLO, assistant('Sorry, bad line.'), assistant('Are you there?'), NEXT]
    expect(look(history)).toMatchObject({ node: nudge, exchange: 2, confidence: 'partial' })
  })

  it('shows a continuation although the turn itself was cut', () => {
    ask([HI], HELLO.text)
    const cut = [HI, assistant('Hello! What')]
    const nudge = ask(cut, 'Are you there?')
    const resolution = look([...cut, assistant('Are you there?'), NEXT])
    expect(resolution).toMatchObject({ node: nudge, confidence: 'partial' })
    expect(shown(resolution)).toEqual([
      [1, 'partial'],
      [2, 'full'],
    ])
  })

  it('shows a silence after a foreign block at its own exchange', () => {
    ask([HI], HELLO.text)
    const foreign = [HI, HELLO, NEXT, assistant('Let me transfer you to billing.')]
    const nudge = ask([...foreign, user('...')], 'Are you there?')
    expect(nudge.exchange).toBe(2)
    const after = look([...foreign, assistant('Are you there?'), user('Yes')])
    expect(after).toMatchObject({ exchange: 3, node: nudge })
  })

  it('shows the best of several continuations, then the newest', () => {
    ask([HI], HELLO.text)
    ask([HI, HELLO], 'Are you still with me?')
    const longer = ask([HI, HELLO], 'Are you still there?')
    const same = ask([HI, HELLO], 'Are you still there?')
    expect(look([HI, HELLO, assistant('Are you still there?'), NEXT]).node).toBe(same)
    expect(look([HI, HELLO, assistant('Are you still with'), NEXT]).node).not.toBe(longer)
  })

  it('shows the continuation with the most words of what was heard, though a newer one fits', () => {
    ask([HI], HELLO.text)
    const older = ask([HI, HELLO], 'Shall I go on with Tuesday at ten?')
    ask([HI, HELLO], 'Shall I go on with Thursday at ten?')
    const heard = assistant('Shall I go on with Tuesday at')
    expect(look([HI, HELLO, heard, NEXT]).node).toBe(older)
  })

  it('is matched in many steps and in one text however long the chain', () => {
    const messages = [HI, HELLO]
    ask([HI], HELLO.text)
    let last: JournalTurn | null = null
    for (let count = 0; count < 400; count++) {
      last = ask(messages, 'Are you still there?')
      messages.push(assistant('Are you still there?'))
    }
    expect(look([...messages, NEXT])).toMatchObject({ node: last, confidence: 'exact' })
  })
})

describe('a turn that did not finish', () => {
  it.each(['running', 'failed', 'aborted'] as const)('was never heard in full: %s', (status) => {
    const turn = ask([HI], 'Hello! What can I', { status })
    for (const words of ['Hello! What can I', 'hello what can i', 'hello, what can i...']) {
      expect(look([HI, assistant(words), NEXT])).toMatchObject({
        node: turn,
        heard: 'partial',
        confidence: 'partial',
      })
    }
  })

  it.each(['running', 'aborted'] as const)(
    'was not heard in full either when its continuation follows in the same text: %s',
    (status) => {
      const turn = ask([HI], 'Hello! What can I', { status })
      const nudge = ask([HI, assistant('Hello! What can I')], 'Are you there?')
      expect(nudge.parent).toBe(turn)
      const resolution = look([HI, assistant('hello what can i Are you there?'), NEXT])
      expect(resolution).toMatchObject({ node: nudge, confidence: 'partial' })
      expect(shown(resolution)).toEqual([
        [1, 'partial'],
        [2, 'full'],
      ])
    },
  )

  it('was not heard in full when it only called', () => {
    const call = assistant('', [lookup('a')])
    const turn = ask([HI], '', { calls: [lookup('a')], status: 'aborted' })
    expect(look([HI, call, toolResult('a', 'ok'), NEXT])).toMatchObject({
      node: turn,
      heard: 'partial',
    })
  })
})

describe('a word that was cut', () => {
  it('is the beginning of the next one, and no other word', () => {
    const turn = ask([HI], 'Thanks, appointment booked.')
    expect(look([HI, assistant('Thanks, appoi...'), NEXT])).toMatchObject({
      node: turn,
      heard: 'partial',
    })
    expect(look([HI, assistant('Thanks, apply'), NEXT])).toMatchObject({ node: null })
    expect(look([HI, assistant('Thanks, appoi booked'), NEXT])).toMatchObject({ node: null })
  })
})

describe('platform calls in a block', () => {
  it('show follow-ups one after the other, with no text at all', () => {
    const c1 = assistant('', [lookup('a')])
    const c2 = assistant('', [lookup('b')])
    const first = ask([HI], '', { calls: [lookup('a')] })
    const second = ask([HI, c1, toolResult('a', '1')], '', { calls: [lookup('b')] })
    expect(second).toMatchObject({ kind: 'follow_up', exchange: 1, parent: first })
    const history = [HI, c1, toolResult('a', '1'), c2, toolResult('b', '2')]
    const resolution = look(history)
    expect(resolution).toMatchObject({ kind: 'follow_up', exchange: 1, node: second })
    const third = ask(history, 'Found it.')
    const after = look([...history, assistant('Found it.'), NEXT])
    expect(after).toMatchObject({ exchange: 2, node: third, confidence: 'exact' })
    expect(shown(after).map(([id]) => id)).toEqual([1, 2, 3])
    expect(after.path.map(({ message }) => message.calls?.[0]?.id)).toEqual(['a', 'b', undefined])
  })

  it('show a follow-up that made the very same call again', () => {
    const same = { id: 'x', name: 'next_page', arguments: '{}' }
    const call = (id: string) => assistant('Let me see.', [{ ...same, id }])
    const first = ask([HI], 'Let me see.', { calls: [{ ...same, id: 'p1' }] })
    const one = [HI, call('q1'), toolResult('q1', '{}')]
    expect(look(one).node).toBe(first)
    const second = ask(one, 'Let me see.', { calls: [{ ...same, id: 'p2' }] })
    // It was delivered: the same history again must not lead to the same call.
    expect(look(one)).toMatchObject({ kind: 'follow_up', node: second })
    expect(look([...one, call('q2'), toolResult('q2', '{}')]).node).toBe(second)
  })

  it('show, of several turns that made the same call, the one whose id they have', () => {
    const same = { name: 'next_page', arguments: '{}' }
    ask([HI], 'Let me see.')
    const heard = [HI, assistant('Let me see.')]
    const silence = (id: string) =>
      ask(heard, 'Are you there?', { calls: [{ ...same, id }], delivered: false })
    const [first, second] = [silence('p1'), silence('p2')]
    for (const [turn, id] of [[first, 'p1'] as const, [second, 'p2'] as const]) {
      const shown = [...heard, assistant('', [{ ...same, id }]), toolResult(id, '{}')]
      expect(look(shown).node).toBe(turn)
    }
  })

  it('show their turn whatever text stands beside it', () => {
    const turn = ask([HI], 'Here is the map for you.', { calls: [lookup('a')] })
    const reworded = assistant('Something else entirely was spoken.', [lookup('a')])
    const resolution = look([HI, reworded, toolResult('a', 'ok')])
    expect(resolution).toMatchObject({ kind: 'follow_up', node: turn, heard: 'partial' })
  })

  it('show their turn beside another user text at the same place', () => {
    const turn = ask([HI], '', { calls: [lookup('a')] })
    const other = [user('Good day'), assistant('', [lookup('a')]), toolResult('a', 'ok')]
    expect(look(other).node).toBe(turn)
  })

  it.each([
    ['{"a":1,"b":{"c":[1,2],"d":null}}', '{ "b": {"d": null, "c": [1, 2]}, "a": 1 }', true],
    ['{"a":[1,2]}', '{"a":[2,1]}', false],
    ['{"a":1}', '{"a":"1"}', false],
    ['not json', 'not json', true],
    ['not json', 'not  json', false],
    ['{"__proto__":1}', '{"__proto__":2}', false],
  ])('with the arguments %s and %s', (ours, theirs, isSame) => {
    const turn = ask([HI], '', { calls: [{ id: 'a', name: 'f', arguments: ours }] })
    const call = assistant('', [{ id: 'z', name: 'f', arguments: theirs }])
    expect(look([HI, call, toolResult('z', 'ok')]).node).toBe(isSame ? turn : null)
  })
})

describe('fillers and short answers', () => {
  it('hear a reply of which only the beginning of the first word was spoken', () => {
    const turn = ask([HI], HELLO.text)
    expect(look([HI, assistant('Hel'), NEXT])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'partial',
      node: turn,
    })
  })

  it('hear an answer after its filler from its first letters on, and no sooner', () => {
    const turn = ask([HI], 'Found it, thanks.', { filler: 'Booking that for you... ' })
    expect(look([HI, assistant('Booking that for you... Fou'), NEXT]).node).toBe(turn)
    for (const heard of ['Booking that for you...', 'Booking that fo', 'Book']) {
      expect(look([HI, assistant(heard), NEXT])).toMatchObject({ node: null, kind: 'revised' })
    }
  })

  it('take equal speech before and after a filler for one, also when that was cut', () => {
    ask([HI], 'Found it, thanks.', { filler: 'Booking that for you... ' })
    expect(look([HI, assistant('Booking that'), HI])).toMatchObject({ kind: 'retry', exchange: 1 })
  })

  it('hear a reply without words', () => {
    const turn = ask([HI], '\u{1f44d}')
    expect(look([HI, assistant('\u{1f44d}'), NEXT])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      node: turn,
    })
  })

  it('do not take one sign for another in what the caller wrote', () => {
    ask([user('\u{1f44d}')], 'Great, I will book it then.')
    expect(look([user('\u{1f44e}')]).kind).toBe('revised')
    expect(look([user('\u{1f44d}')]).kind).toBe('retry')
  })

  it('do not take any text for a reply in a script without spaces that holds a number', () => {
    ask([HI], '我们的电话是10086。')
    expect(look([HI, assistant('请稍等，正在为您转接人工客服'), NEXT]).confidence).toBe('low')
    expect(look([HI, assistant('我们的电话是一零零八六'), NEXT]).heard).toBe('full')
    expect(look([HI, assistant('我们的电'), NEXT]).heard).toBe('partial')
  })
})

describe('several turns that could be shown', () => {
  it('the words that stand in the reply decide, not those that could', () => {
    const older = ask([HI], 'You are booked for Tuesday at ten.')
    ask([HI], 'You are booked for Thursday at nine.')
    expect(look([HI, assistant('You are booked for Tuesday at'), NEXT]).node).toBe(older)
  })

  it('needs three words of a reply to other speech, or the very reply', () => {
    const turn = ask([user('Good day')], HELLO.text)
    expect(look([HI, assistant('Hello what can'), NEXT])).toMatchObject({
      node: turn,
      exchange: 2,
      heard: 'partial',
    })
    expect(look([HI, assistant('Hello what'), NEXT])).toMatchObject({
      node: null,
      heard: 'unknown',
    })
    const short = ask([user('Good day')], 'Yes, of course.')
    expect(look([HI, assistant('Yes, of course.'), NEXT]).node).toBe(short)
    ask([user('Good day')], 'Yes, sure.')
    expect(look([HI, assistant('Yes, sure.'), NEXT]).node).toBe(null)
  })

  it('the one word for word beats a newer one that needs its numbers respelled', () => {
    const literal = ask([HI], 'See you at half past ten.')
    ask([HI], 'See you at 10:30.')
    expect(look([HI, assistant('See you at half past ten.'), NEXT]).node).toBe(literal)
  })
})
