import { describe, expect, it } from 'vitest'
import type { JournalledEffect, JournalTurn } from '../../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../../src/conversation/message.ts'
import {
  mayBeUndone,
  noteUndo,
  undosDecidedBy,
  undosDecidedBySilence,
} from '../../../src/turn/undo/due-undos.ts'
import { assistant, user } from '../../support/history.ts'
import { createTalk, type Talk } from '../../support/talk.ts'

const WISH = user('Book ten, please.')
const ASIDE = user('Book ten, please. And what does it cost?')
const DONE = assistant('It is booked for ten.')
const PRICE = assistant('It costs forty euros.')
const HEARD = [ASIDE, PRICE, user('Thanks.')]

function booking(more: Partial<JournalledEffect> = {}): JournalledEffect {
  return {
    name: 'book',
    arguments: '{"at":"ten"}',
    status: 'ok',
    exchange: 1,
    generation: 0,
    given: '',
    undo: { name: 'cancel', arguments: '{}', status: 'due' },
    ...more,
  }
}

/** A turn that booked. */
function book(turn: JournalTurn, more?: Partial<JournalledEffect>) {
  const effect = booking(more)
  turn.effects.push(effect)
  return effect
}

/** Booked, then revised: the other answer stands beside the first one. */
function revisedTalk(more?: Partial<JournalledEffect>) {
  const talk = createTalk()
  const first = talk.ask([WISH], DONE.text)
  const effect = book(first, more)
  const second = talk.ask([ASIDE], PRICE.text)
  talk.journal.latest = second
  return { ...talk, first, second, effect }
}

const decidedBy = ({ look, journal }: Talk, messages: readonly ConversationMessage[]) =>
  undosDecidedBy(look(messages), journal).map(({ turn, effect }) => [turn.id, effect.name])

const decidedBySilence = ({ journal }: Talk) =>
  undosDecidedBySilence(journal).map(({ turn, effect }) => [turn.id, effect.name])

describe('what a request decides', () => {
  it('is the booking of a turn in whose stead another one was heard', () => {
    const talk = revisedTalk()
    expect(decidedBy(talk, HEARD)).toEqual([[talk.first.id, 'book']])
  })

  it('is nothing before that', () => {
    expect(decidedBy(revisedTalk(), [user('Book ten, please. Hello?')])).toEqual([])
  })

  it.each([
    ['has failed', { status: 'failed' }],
    ['is under way', { status: 'running' }],
    ['may have been done', { status: 'unknown' }],
    ['cannot be undone', { undo: null }],
    ['is being undone', { undo: { name: 'cancel', arguments: '{}', status: 'running' } }],
    ['could not be undone', { undo: { name: 'cancel', arguments: '{}', status: 'failed' } }],
  ] as const)('is nothing where it %s', (_, more) => {
    expect(decidedBy(revisedTalk(more), HEARD)).toEqual([])
  })

  it('is nothing where the other turn did the same, however its arguments are written', () => {
    const talk = revisedTalk()
    book(talk.second, { arguments: '{ "at": "ten" }' })
    expect(decidedBy(talk, HEARD)).toEqual([])
  })

  it('is nothing while the turn is going to do more', () => {
    const talk = revisedTalk()
    book(talk.first, { arguments: '{"at":"eleven"}', status: 'waiting', undo: null })
    expect(decidedBy(talk, HEARD)).toEqual([])
  })

  it('is nothing where the history shows words that nobody knows', () => {
    const unknown = [ASIDE, assistant('Hmm, let us see about that now.'), user('Thanks.')]
    expect(decidedBy(revisedTalk(), unknown)).toEqual([])
  })

  it('is nothing where the turn that was heard is the older one', () => {
    const talk = createTalk()
    talk.ask([ASIDE], PRICE.text)
    book(talk.ask([user('Book ten, please. And what does it cost? Now.')], DONE.text))
    expect(decidedBy(talk, HEARD)).toEqual([])
  })

  it('is one undo where several turns asked for the same', () => {
    const talk = createTalk()
    book(talk.ask([WISH], DONE.text))
    book(talk.ask([user('Book ten, please, now.')], DONE.text))
    talk.ask([ASIDE], PRICE.text)
    expect(decidedBy(talk, HEARD)).toHaveLength(1)
  })
})

describe('what silence decides', () => {
  it('counts the answer to the last words as heard', () => {
    const talk = revisedTalk()
    expect(decidedBySilence(talk)).toEqual([[talk.first.id, 'book']])
  })

  it('is nothing where the last answer is the one that booked', () => {
    const talk = createTalk()
    const first = talk.ask([WISH], DONE.text)
    book(first)
    talk.journal.latest = first
    expect(decidedBySilence(talk)).toEqual([])
  })

  it('is nothing where nobody has answered', () => {
    expect(decidedBySilence(createTalk())).toEqual([])
  })
})

it('how an undo stands is noted with every turn that asked for the same, and no other', () => {
  const talk = revisedTalk()
  const again = book(talk.second, { arguments: '{ "at": "ten" }' })
  const later = book(talk.second, { generation: 1 })
  const other = book(talk.second, { arguments: '{"at":"eleven"}' })
  expect(mayBeUndone(talk.journal)).toBe(true)
  noteUndo(talk.journal, talk.effect, 'ok')
  const statuses = [talk.effect, again, later, other].map(({ undo }) => undo?.status)
  expect(statuses).toEqual(['ok', 'ok', 'due', 'due'])
  noteUndo(talk.journal, later, 'ok')
  noteUndo(talk.journal, other, 'failed')
  expect(mayBeUndone(talk.journal)).toBe(false)
})
