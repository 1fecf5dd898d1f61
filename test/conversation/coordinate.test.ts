import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/conversation/classify.ts'
import { coordinate } from '../../src/conversation/coordinate.ts'
import {
  addTurn,
  createJournal,
  endTurn,
  type Journal,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import type { Kind } from '../../src/conversation/kinds.ts'

const NOW = 100_000
const LIMITS = { maxTurns: 100, maxCharacters: 100_000 }

type Start = Partial<Parameters<typeof addTurn>[1]>
interface Past extends Start {
  readonly status?: JournalTurn['status']
  /** Milliseconds ago. */
  readonly endedBefore?: number
  readonly replays?: number
}

function addPast(journal: Journal, { status = 'finished', ...past }: Past = {}): JournalTurn {
  const { endedBefore = 0, replays = 0, ...start } = past
  const turn = addTurn(
    journal,
    {
      parent: null,
      kind: 'new',
      exchange: 1,
      userText: 'Hi.',
      start: { state: 'a', variables: {}, enteredAfter: 0 },
      saysOnEntry: false,
      transitionsBefore: 0,
      refusesWrites: false,
      tailKey: '',
      greetingKey: '',
      startedAt: NOW - endedBefore - 1000,
      owner: 'this',
      ...start,
    },
    LIMITS,
  )
  turn.replays = replays
  if (status !== 'running') endTurn(turn, { status, now: NOW - endedBefore })
  return turn
}

const verdict = (kind: Kind, more: Partial<Verdict> = {}): Verdict => ({
  kind,
  exchange: 1,
  parent: null,
  answersSpeech: true,
  retryOf: null,
  asksAgain: new Set(),
  ...more,
})

interface Look {
  readonly shown?: readonly JournalTurn[]
  readonly tailKey?: string
  readonly endsInMarker?: boolean
}

const look = (journal: Journal, what: Verdict, { shown = [], ...more }: Look = {}) =>
  coordinate(
    {
      journal,
      shown: new Set(shown),
      tailKey: '',
      endsInMarker: false,
      now: NOW,
      isNewest: false,
      ...more,
    },
    what,
  )

describe('how a retry is answered', () => {
  const ways: readonly (readonly [string, Past, 'join' | 'replay' | 'generate'])[] = [
    ['runs', { status: 'running' }, 'join'],
    ['runs and has been replayed before', { status: 'running', replays: 3 }, 'join'],
    ['has just ended', {}, 'replay'],
    ['ended 14,999 ms ago', { endedBefore: 14_999 }, 'replay'],
    ['ended 15 s ago', { endedBefore: 15_000 }, 'generate'],
    ['was replayed twice', { replays: 2 }, 'replay'],
    ['was replayed three times', { replays: 3 }, 'generate'],
    ['failed', { status: 'failed' }, 'generate'],
    ['was aborted', { status: 'aborted' }, 'generate'],
  ]

  it.each(ways)('of a turn that %s', (_, past, type) => {
    const journal = createJournal()
    const turn = addPast(journal, past)
    const { answer, superseded } = look(journal, verdict('retry', { retryOf: turn }))
    expect(answer).toEqual(type === 'generate' ? { type } : { type, turn })
    expect(superseded).toEqual([])
  })
})

describe('how a repeat without speech is answered', () => {
  const ways: readonly (readonly [
    Kind,
    JournalTurn['status'],
    number,
    'join' | 'replay' | 'generate',
  ])[] = (['opening', 'follow_up', 'silence'] as const).flatMap((kind) => [
    [kind, 'running', 0, 'join'] as const,
    // Whoever is silent once more has heard the first answer.
    [kind, 'finished', 0, kind === 'silence' ? 'generate' : 'replay'] as const,
    [kind, 'finished', 15_000, 'generate'] as const,
    [kind, 'failed', 0, 'generate'] as const,
    [kind, 'aborted', 0, 'generate'] as const,
  ])

  it.each(ways)('%s, after one that is %s for %i ms: %4$s', (kind, status, endedBefore, type) => {
    const journal = createJournal()
    const turn = addPast(journal, { kind, status, endedBefore, tailKey: 'x', exchange: 1 })
    const { answer } = look(journal, verdict(kind), { tailKey: 'x' })
    expect(answer).toEqual(type === 'generate' ? { type } : { type, turn })
  })

  it.each([
    ['with another tail', { tailKey: 'y' }],
    ['of another kind', { kind: 'silence' }],
    ['in another exchange', { exchange: 2 }],
  ] as const)('is none of a turn %s', (_, other) => {
    const journal = createJournal()
    addPast(journal, { kind: 'follow_up', status: 'running', tailKey: 'x', ...other })
    const { answer } = look(journal, verdict('follow_up'), { tailKey: 'x' })
    expect(answer).toEqual({ type: 'generate' })
  })

  it('is none of a turn at another node', () => {
    const journal = createJournal()
    const parent = addPast(journal)
    addPast(journal, { parent, kind: 'silence', status: 'running' })
    expect(look(journal, verdict('silence')).answer).toEqual({ type: 'generate' })
  })

  it('joins the one that runs rather than repeat a newer one that has ended', () => {
    const journal = createJournal()
    const running = addPast(journal, { kind: 'opening', status: 'running', exchange: 0 })
    addPast(journal, { kind: 'opening', exchange: 0 })
    const opening = verdict('opening', { exchange: 0 })
    expect(look(journal, opening).answer).toEqual({ type: 'join', turn: running })
  })
})

describe('new speech', () => {
  it.each(['new', 'revised', 'withdrawn', 'late'] as const)('that is %s is generated', (kind) => {
    const journal = createJournal()
    addPast(journal)
    expect(look(journal, verdict(kind))).toEqual({ answer: { type: 'generate' }, superseded: [] })
  })
})

describe('the report on a marker', () => {
  it('is answered quietly, and nothing ends for it', () => {
    const journal = createJournal()
    addPast(journal, { kind: 'follow_up', status: 'running' })
    const coordination = look(journal, verdict('follow_up'), { endsInMarker: true })
    expect(coordination).toEqual({ answer: { type: 'quiet' }, superseded: [] })
  })
})

describe('a running turn ends', () => {
  /** Speech, a silence and a follow-up of exchange 1, an opening and speech of exchange 2. */
  function crowd() {
    const journal = createJournal()
    const status = 'running'
    const opening = addPast(journal, { status, kind: 'opening', exchange: 0 })
    const speech = addPast(journal, { status })
    const silence = addPast(journal, { status, kind: 'silence', parent: speech, tailKey: 's' })
    const followUp = addPast(journal, { status, kind: 'follow_up', parent: speech, tailKey: 'f' })
    const next = addPast(journal, { status, parent: speech, exchange: 2 })
    return { journal, opening, speech, silence, followUp, next }
  }

  it.each(['new', 'revised', 'withdrawn'] as const)('for %s speech, wherever it is', (kind) => {
    const { journal, opening, speech, silence, followUp, next } = crowd()
    const { superseded } = look(journal, verdict(kind))
    expect(superseded).toEqual([opening, speech, silence, followUp, next])
  })

  it('for a retry that is generated; at its place alone for a replay; never for a join', () => {
    const { journal, speech, next } = crowd()
    const failed = addPast(journal, { status: 'failed' })
    const generated = look(journal, verdict('retry', { retryOf: failed }))
    expect(generated.superseded).toContain(speech)
    expect(generated.superseded).toContain(next)
    expect(look(journal, verdict('retry', { retryOf: speech })).superseded).toEqual([])
    const finished = addPast(journal)
    const { superseded } = look(journal, verdict('retry', { retryOf: finished }))
    expect(superseded).toContain(speech)
    expect(superseded).not.toContain(next)
  })

  it.each(['late', 'silence', 'opening'] as const)('never for one that is %s', (kind) => {
    const { journal } = crowd()
    const coordination = look(journal, verdict(kind), { tailKey: 'none' })
    expect(coordination).toEqual({ answer: { type: 'generate' }, superseded: [] })
  })

  it('for a follow-up if it goes on in the same exchange', () => {
    const { journal, speech, silence, followUp } = crowd()
    const { superseded } = look(journal, verdict('follow_up'), { tailKey: 'other' })
    expect(superseded).toEqual([speech, silence, followUp])
    const later = look(journal, verdict('follow_up', { exchange: 3 }), { tailKey: 'other' })
    expect(later.superseded).toEqual([])
  })

  it('whatever the request is, once the history shows it', () => {
    const { journal, speech, next } = crowd()
    const silence = verdict('silence', { parent: speech })
    expect(look(journal, silence, { shown: [speech] }).superseded).toEqual([speech])
    const joined = look(journal, verdict('retry', { retryOf: next }), { shown: [speech] })
    expect(joined).toEqual({ answer: { type: 'join', turn: next }, superseded: [speech] })
  })

  it('only while it runs', () => {
    const journal = createJournal()
    const turn = addPast(journal)
    addPast(journal, { status: 'failed' })
    addPast(journal, { status: 'aborted' })
    expect(look(journal, verdict('new'), { shown: [turn] }).superseded).toEqual([])
  })
})
