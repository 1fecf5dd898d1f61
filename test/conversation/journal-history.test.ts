import { beforeEach, describe, expect, it } from 'vitest'
import {
  addTurn,
  appendText,
  createJournal,
  endTurn,
  type Journal,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import { journalHistory, noteInterruption } from '../../src/conversation/journal-history.ts'
import type { Kind } from '../../src/conversation/kinds.ts'

let journal: Journal

beforeEach(() => {
  journal = createJournal()
})

interface Turn {
  readonly parent?: JournalTurn | null
  readonly kind?: Kind
  readonly user?: string
  readonly say?: string
  /** Characters that left; by default all. */
  readonly sent?: number
  readonly status?: JournalTurn['status']
}

function add({
  parent = null,
  kind = 'new',
  user = '',
  say = '',
  sent,
  status,
}: Turn): JournalTurn {
  const turn = addTurn(
    journal,
    {
      ...{ parent, kind, exchange: (parent?.exchange ?? 0) + 1, userText: user },
      start: { state: 'a', variables: {}, enteredAfter: 0 },
      ...{
        saysOnEntry: false,
        transitionsBefore: 0,
        refusesWrites: false,
        tailKey: '',
        greetingKey: '',
      },
      ...{ startedAt: 0, owner: 'this' },
    },
    { maxTurns: 100, maxCharacters: 100_000 },
  )
  if (say !== '') appendText(turn, 'answer', say)
  turn.sent.characters = sent ?? say.length
  if (status !== 'running') endTurn(turn, { status: status ?? 'finished', now: 1 })
  if (kind !== 'opening' && kind !== 'silence') journal.latest = turn
  return turn
}

const said = () => journalHistory(journal).map(({ role, text }) => `${role}: ${text}`)

describe('the history that a journal tells', () => {
  it('is empty before anything was said', () => {
    expect(said()).toEqual([])
  })

  it('is the path to the turn that answers what was said last, without discarded answers', () => {
    const first = add({ user: 'Hi', say: 'Hello.' })
    add({ parent: first, user: 'Book', say: 'When?' })
    add({ parent: first, user: 'Book it now', say: 'For when?' })
    expect(said()).toEqual([
      'user: Hi',
      'assistant: Hello.',
      'user: Book it now',
      'assistant: For when?',
    ])
  })

  it('begins with the last opening that was heard, and what was said after it', () => {
    add({ kind: 'opening', say: 'An older one' })
    const opening = add({ kind: 'opening', say: 'Welcome.' })
    add({ kind: 'opening' })
    add({ parent: opening, kind: 'silence', say: 'Anybody there?' })
    expect(said()).toEqual(['assistant: Welcome.', 'assistant: Anybody there?'])
    add({ user: 'Hi', say: 'Hello.' })
    expect(said()).toEqual([
      'assistant: Welcome.',
      'assistant: Anybody there?',
      'user: Hi',
      'assistant: Hello.',
    ])
  })

  it('has nothing of an answer of which nothing left', () => {
    add({ user: 'Hi', say: 'Hello.', sent: 0, status: 'running' })
    expect(said()).toEqual(['user: Hi'])
  })

  it('has as much of an unfinished answer as left', () => {
    add({ user: 'Hi', say: 'Hello there.', sent: 5, status: 'running' })
    expect(said()).toEqual(['user: Hi', 'assistant: Hello'])
  })

  it('has what was heard instead of what was said, and says so', () => {
    const turn = add({ user: 'Hi', say: 'Hello there.' })
    turn.heardText = 'Hel'
    expect(journalHistory(journal)).toEqual([
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Hel', interrupted: { original: 'Hello there.' } },
    ])
  })

  it('has the calls that left, as done', () => {
    const turn = add({ user: 'Spanish', say: 'Sure.' })
    const call = { id: 'c1', name: 'language', arguments: '{}' }
    turn.platformCalls.push(call, { ...call, id: 'c2' })
    turn.sent.calls = 1
    expect(journalHistory(journal).slice(1)).toEqual([
      { role: 'assistant', text: 'Sure.', calls: [call] },
      { role: 'tool', callId: 'c1', text: '{"status":"ok"}' },
    ])
  })
})

describe('an interruption', () => {
  it('ends what runs and keeps what was heard of what was said last', () => {
    const done = add({ user: 'Hi', say: 'Hello.' })
    const turn = add({ parent: done, user: 'Book', say: 'On Tuesday at nine', status: 'running' })
    expect(noteInterruption(journal, 'On Tuesday')).toEqual([turn])
    expect([done.superseded, turn.superseded]).toEqual([false, true])
    expect([done.heardText, turn.heardText]).toEqual([null, 'On Tuesday'])
  })

  it('keeps that nothing was heard', () => {
    const turn = add({ user: 'Hi', say: 'Hello.' })
    expect(noteInterruption(journal, '')).toEqual([])
    expect(turn.heardText).toBe('')
    expect(said()).toEqual(['user: Hi'])
  })

  it('leaves open what was heard where nobody knows', () => {
    const turn = add({ user: 'Hi', say: 'Hello.', status: 'running' })
    expect(noteInterruption(journal, null)).toEqual([turn])
    expect(turn.heardText).toBeNull()
  })

  it('cannot change what was heard according to an earlier one', () => {
    const turn = add({ user: 'Hi', say: 'Hello there.' })
    noteInterruption(journal, 'Hello')
    noteInterruption(journal, 'Hello there')
    expect(turn.heardText).toBe('Hello')
  })

  it('is one of the answer before, where the last one has not begun and the words are of that', () => {
    const before = add({ user: 'Hi', say: 'On Tuesday at nine.' })
    add({ parent: before, user: 'Hm', status: 'running' })
    noteInterruption(journal, 'On Tuesday')
    expect(before.heardText).toBe('On Tuesday')
  })

  it('is one of the answer before, where the platform was still at that, and nothing of the last was heard', () => {
    const before = add({ user: 'Spanish', say: 'Sure, one moment please.' })
    const last = add({ parent: before, kind: 'follow_up', say: 'Hola, digame.' })
    noteInterruption(journal, 'Sure, one moment')
    expect([before.heardText, last.heardText]).toEqual(['Sure, one moment', ''])
  })

  it('is believed of the last answer where words could be of both, or are too few to tell', () => {
    const before = add({ user: 'Hi', say: 'Dr. Lee is here, the doctor is in.' })
    const last = add({ parent: before, user: 'Who?', say: 'Dr. Lee.' })
    noteInterruption(journal, 'Doctor')
    expect([before.heardText, last.heardText]).toEqual([null, 'Doctor'])
  })

  it('ends nothing that has said nothing yet', () => {
    const before = add({ user: 'Hi', say: 'On Tuesday at nine.' })
    const turn = add({ parent: before, user: '42#', status: 'running' })
    expect(noteInterruption(journal, 'On Tuesday')).toEqual([])
    expect(turn.superseded).toBe(false)
  })

  it('is none of the answer before, where the words are of no answer', () => {
    const before = add({ user: 'Hi', say: 'On Tuesday at nine.' })
    add({ parent: before, user: 'Hm', status: 'running' })
    noteInterruption(journal, 'Welcome to')
    expect(before.heardText).toBeNull()
  })

  it('of a greeting that is not ours changes nothing', () => {
    expect(noteInterruption(journal, 'Welcome to')).toEqual([])
    expect(said()).toEqual([])
  })
})
