import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type JournalTurn } from '../../src/conversation/journal.ts'
import { positionAfter } from '../../src/conversation/position-after.ts'
import { KINDS } from '../../src/conversation/kinds.ts'
import type { ConversationMessage, MessageCall } from '../../src/conversation/message.ts'
import { walk } from '../../src/conversation/walk.ts'
import { assistant, toolResult, user } from '../support/history.ts'
import { createTalk, type Talk } from '../support/talk.ts'

let talk: Talk
const look: Talk['look'] = (messages) => talk.look(messages)
const ask: Talk['ask'] = (...request) => talk.ask(...request)

beforeEach(() => {
  talk = createTalk()
})

const lookup = (id: string): MessageCall => ({ id, name: 'lookup', arguments: `{"id":"${id}"}` })

const HI = user('Hi there')
const HELLO = assistant('Hello! What can I do for you?')
const NEXT = user('I need a table')

describe('foreign blocks', () => {
  it('stay in the count, and nothing after them is lost', () => {
    const first = ask([HI], HELLO.text)
    const foreign = [HI, HELLO, user('a'), assistant('Other words.'), user('b'), assistant('More.')]
    expect(look([...foreign, NEXT])).toMatchObject({ exchange: 4, node: first, confidence: 'low' })
    const fourth = ask([...foreign, NEXT], 'A table for how many people?')
    const later = [...foreign, NEXT, assistant('A table for how many people?'), user('Two')]
    expect(look(later)).toMatchObject({ exchange: 5, node: fourth })
  })

  it('do not show a silence of another exchange', () => {
    const nudge = 'Are you still there?'
    ask([HI], HELLO.text)
    const first = ask([HI, HELLO], nudge)
    const foreign = [HI, HELLO, NEXT, assistant('Let me transfer you.'), assistant(nudge)]
    const after = look([...foreign, user('Yes')])
    expect(after).toMatchObject({ exchange: 3, confidence: 'low' })
    expect(after.path.map(({ turn }) => turn)).not.toContain(first)
  })

  it('that are withdrawn with what came after them are seen as withdrawn', () => {
    ask([HI], HELLO.text)
    const foreign = [HI, HELLO, user('a'), assistant('Other words.')]
    ask([...foreign, NEXT], 'A table for how many?')
    ask([...foreign, NEXT, assistant('A table for how many?'), user('Two')], 'Two it is.')
    expect(look([HI, HELLO, user('Wait')])).toMatchObject({ kind: 'withdrawn', rollback: true })
  })

  it('do not hide a withdrawal behind a silence', () => {
    ask([HI], HELLO.text)
    const nudged = [HI, HELLO, assistant('Are you there?')]
    ask([HI, HELLO], 'Are you there?')
    ask([...nudged, NEXT], 'A table for how many?')
    ask([...nudged, NEXT, assistant('A table for how many?'), user('Two')], 'Two it is.')
    const back = look([HI, HELLO, user('Forget it')])
    expect(back).toMatchObject({ kind: 'withdrawn', exchange: 2, rollback: true })
    expect(back.discarded).toHaveLength(3)
  })
})

/** A conversation of so many exchanges, each asked three times in growing words. */
function converse(exchanges: number): ConversationMessage[] {
  const messages: ConversationMessage[] = []
  for (let number = 1; number <= exchanges; number++) {
    // Letters only: numbers match loosely.
    const name = String(number).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))
    for (const words of ['says', 'says the', 'says the caller']) {
      ask([...messages, user(`q${name} ${words}`)], `r${name} answers ${words} and more`)
    }
    messages.push(
      user(`q${name} says the caller`),
      assistant(`r${name} answers says the caller and`),
    )
  }
  return messages
}

describe('a history without its head', () => {
  it('is found by its tail in a journal of 300 turns', () => {
    const messages = converse(100)
    expect(look([...messages, NEXT])).toMatchObject({ exchange: 101, confidence: 'partial' })
    for (const kept of [198, 60, 8, 2]) {
      const tail = look([...messages.slice(-kept), NEXT])
      expect(tail).toMatchObject({ kind: 'new', exchange: 101, heard: 'partial', rollback: false })
      expect(tail.node?.id).toBe(300)
    }
  })

  it('is found when a summary in foreign words stands in front of the tail', () => {
    const messages = converse(10)
    const summary = [user('Earlier we spoke of tables'), assistant('Indeed we did, at length.')]
    expect(look([...summary, ...messages.slice(-6), NEXT])).toMatchObject({
      exchange: 11,
      confidence: 'low',
    })
  })

  it('is found by what the caller said where several turns said the same', () => {
    const okay = assistant('Okay, what is next?')
    ask([user('one')], okay.text)
    const second = ask([user('one'), okay, user('two')], okay.text)
    expect(look([user('two'), okay, user('three')])).toMatchObject({
      node: second,
      exchange: 3,
      rollback: false,
    })
  })

  it('goes on in a journal that lost its own head', () => {
    talk = createTalk(2)
    const messages: ConversationMessage[] = []
    let last: JournalTurn | null = null
    for (const name of ['alpha', 'beta', 'gamma', 'delta']) {
      last = ask([...messages, user(`${name} please, dear`)], `${name} it is, then.`)
      last.changes.push({ type: 'assignment', values: { [name]: true } })
      messages.push(user(`${name} please, dear`), assistant(`${name} it is, then.`))
    }
    expect(talk.journal.turns).toHaveLength(2)
    const resolution = look([...messages, NEXT])
    expect(resolution).toMatchObject({ exchange: 5, node: last, confidence: 'low' })
    expect(resolution.followed?.turn).toBe(last)
    expect(last && positionAfter(last, 'full').variables).toEqual({
      alpha: true,
      beta: true,
      gamma: true,
      delta: true,
    })
  })
})

describe('any history over any journal', () => {
  const text = fc.constantFrom(
    'One moment...',
    'Hello there, dear caller',
    'Hello there',
    'Hello there, dear caller. Are you there?',
    'Are you there?',
    'At 10:30 on 5',
    'at half past ten on five',
    '\u{1f44d}',
    '',
    '...',
  )
  const call = fc.constantFrom<MessageCall[]>(
    [lookup('a')],
    [lookup('b')],
    [lookup('a'), lookup('b')],
  )
  const message = fc.oneof(
    fc.constantFrom('yes', 'no', 'yes please', '...', '\u{1f44d}').map(user),
    text.map((said) => assistant(said)),
    fc.tuple(text, call).map(([said, calls]) => assistant(said, calls)),
    fc.constantFrom('a', 'b').map((id) => toolResult(id, '{}')),
  )
  const request = fc.record({
    messages: fc.array(message, { maxLength: 8 }),
    say: text,
    filler: fc.constantFrom('', 'One moment... '),
    calls: fc.oneof(fc.constant([]), call),
    status: fc.constantFrom('running' as const, 'finished' as const, 'aborted' as const),
  })

  it('resolves to a path in the tree, and to kinds and numbers that fit together', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 8 }), fc.array(message), (requests, last) => {
        talk = createTalk()
        for (const { messages, say, ...answer } of requests) ask(messages, say, answer)
        const resolution = look(last)
        const { path, kind, exchange, discarded, rollback, retryOf } = resolution
        expect(KINDS).toContain(kind)
        if (kind === 'opening') expect(exchange).toBe(0)
        expect(new Set(path.map(({ turn }) => turn)).size).toBe(path.length)
        for (const { turn, heard, message: at } of path) {
          expect(talk.journal.turns).toContain(turn)
          expect(heard === 'full' && turn.status !== 'finished').toBe(false)
          expect(last.some((other) => other.text === at.text)).toBe(true)
        }
        for (const turn of discarded)
          expect(path.map((shownTurn) => shownTurn.turn)).not.toContain(turn)
        expect(rollback).toBe(discarded.length > 0 && ['revised', 'withdrawn'].includes(kind))
        // Half a sentence can have been answered before.
        if (kind !== 'late') expect(retryOf !== null).toBe(kind === 'retry')
        expect(look(last)).toEqual(resolution)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a hostile history', () => {
  it('uses up its effort and is then foreign', () => {
    for (let count = 0; count < 50; count++) ask([HI], `${'1 '.repeat(2000)}${count}`)
    const effort = { left: 100_000 }
    const blocks = Array.from({ length: 200 }, () => [HI, assistant('2 '.repeat(3000))]).flat()
    const walked = walk(talk.journal, talk.view(blocks), effort)
    expect(walked.hasForeign).toBe(true)
    expect(effort.left).toBeGreaterThan(-100_000)
  })

  it('does not overflow the stack with nested arguments', () => {
    const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`
    ask([HI], '', { calls: [{ id: 'a', name: 'f', arguments: deep }] })
    const call = assistant('', [{ id: 'z', name: 'f', arguments: `${deep} ` }])
    expect(['follow_up', 'silence']).toContain(look([HI, call, toolResult('z', 'ok')]).kind)
  })
})
