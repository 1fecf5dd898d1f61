import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  addTurn,
  charactersOf,
  appendText,
  createJournal,
  endTurn,
  isContinuation,
  replyText,
  wasAnswered,
  type Change,
  type Journal,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import { positionAfter } from '../../src/conversation/position-after.ts'
import { KINDS } from '../../src/conversation/kinds.ts'

let journal: Journal

beforeEach(() => {
  journal = createJournal()
})

interface Given {
  readonly exchange?: number
  readonly ends?: boolean
  readonly maxCharacters?: number
  readonly userText?: string
  readonly maxTurns?: number
}

function add(parent: JournalTurn | null, given: Given = {}): JournalTurn {
  const turn = addTurn(
    journal,
    {
      parent,
      kind: 'new',
      exchange: given.exchange ?? (parent?.exchange ?? 0) + 1,
      userText: given.userText ?? '',
      start: { state: 'a', variables: { x: 0 }, enteredAfter: 0 },
      saysOnEntry: false,
      transitionsBefore: 0,
      refusesWrites: false,
      tailKey: '',
      greetingKey: '',
      startedAt: 0,
      owner: 'this',
    },
    { maxTurns: given.maxTurns ?? 100, maxCharacters: given.maxCharacters ?? 1_000_000 },
  )
  if (given.ends ?? true) endTurn(turn, { status: 'finished', now: 0 })
  return turn
}

describe('a journal', () => {
  it('is a tree, with its turns numbered in the order of their beginning', () => {
    const first = add(null)
    const second = add(first)
    const sibling = add(first)
    expect(journal.children).toEqual([first])
    expect(first.children).toEqual([second, sibling])
    expect(journal.turns.map((turn) => turn.id)).toEqual([1, 2, 3])
  })

  it('records what was sent as pieces, and what ended', () => {
    const turn = add(null, { ends: false })
    expect(turn).toMatchObject({ status: 'running' })
    expect(wasAnswered(turn)).toBe(false)
    appendText(turn, 'filler', 'One ')
    appendText(turn, 'filler', 'moment... ')
    appendText(turn, 'answer', 'Here ')
    appendText(turn, 'answer', 'it is.')
    appendText(turn, 'filler', ' Well.')
    expect(turn.pieces).toEqual([
      { type: 'filler', text: 'One moment... ' },
      { type: 'answer', text: 'Here it is.' },
      { type: 'filler', text: ' Well.' },
    ])
    expect(replyText(turn)).toBe('One moment... Here it is. Well.')
    expect(wasAnswered(turn)).toBe(true)
    endTurn(turn, { status: 'aborted', now: 7 })
    expect(turn).toMatchObject({ status: 'aborted', endedAt: 7 })
  })

  it('counts a platform call as an answer', () => {
    const turn = add(null)
    turn.platformCalls.push({ id: 'c', name: 'end_call', arguments: '{}' })
    expect(wasAnswered(turn)).toBe(true)
    expect(replyText(turn)).toBe('')
  })

  it('knows silences and follow-ups as continuations', () => {
    const turn = add(null)
    const continuing = KINDS.filter((kind) => isContinuation({ ...turn, kind }))
    expect(continuing).toEqual(['follow_up', 'silence'])
  })
})

describe('a full journal', () => {
  it('forgets the oldest ended turn that nothing stands on', () => {
    const path = add(null)
    const leaf = add(path)
    const next = add(path)
    const newest = add(next, { maxTurns: 3 })
    expect(journal.turns).toEqual([path, next, newest])
    expect(path.children).toEqual([next])
    expect(journal.turns).not.toContain(leaf)
  })

  it('forgets the first turn of a path without branches, and keeps the rest of it', () => {
    const first = add(null)
    const second = add(first)
    const third = add(second, { maxTurns: 2 })
    expect(journal.turns).toEqual([second, third])
    expect(journal.children).toEqual([second])
    expect(second.parent).toBeNull()
    expect(second.exchange).toBe(2)
  })

  it('never forgets a running turn while another one can go, nor the newest', () => {
    const running = add(null, { ends: false })
    const ended = add(null)
    const newest = add(null, { maxTurns: 2, ends: false })
    expect(journal.turns).toEqual([running, newest])
    expect(journal.turns).not.toContain(ended)
    const alone = createJournal()
    journal = alone
    const only = add(null, { maxTurns: 0 })
    expect(alone.turns).toEqual([only])
  })

  it('stays a tree within its bound, whatever is added where', () => {
    const step = fc.record({ parent: fc.nat(), root: fc.boolean(), ends: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (steps, max) => {
          journal = createJournal()
          for (const { parent, root, ends } of steps) {
            const known = journal.turns[parent % Math.max(1, journal.turns.length)]
            const newest = add(root ? null : (known ?? null), { ends, maxTurns: max })
            expect(journal.turns.at(-1)).toBe(newest)
          }
          // Running turns are never forgotten.
          const ended = journal.turns.filter((turn) => turn.status !== 'running')
          expect(ended.length).toBeLessThanOrEqual(max)
          for (const turn of journal.turns) {
            const siblings = turn.parent?.children ?? journal.children
            expect(siblings).toContain(turn)
            if (turn.parent) expect(journal.turns).toContain(turn.parent)
            for (const child of turn.children) expect(child.parent).toBe(turn)
          }
        },
      ),
    )
  })
})

describe('the position after a turn', () => {
  const go = (from: string, to: string, requireFull = false): Change => ({
    type: 'transition',
    transition: { from, to, requireFull, enteredAfter: 5 },
  })
  const set = (values: Record<string, unknown>): Change => ({ type: 'assignment', values })

  function after(changes: readonly Change[], heard: 'full' | 'partial' | 'none'): string {
    const turn = add(null)
    turn.changes.push(...changes)
    return positionAfter(turn, heard).state
  }

  it('is where it began when nothing happened', () => {
    const turn = add(null)
    expect(positionAfter(turn, 'full')).toBe(turn.start)
  })

  it('has all that happened, in order', () => {
    const turn = add(null)
    turn.changes.push(set({ x: 1, y: 1 }), go('a', 'b'), set({ x: 2 }), go('b', 'c'))
    expect(positionAfter(turn, 'partial')).toEqual({
      state: 'c',
      variables: { x: 2, y: 1 },
      enteredAfter: 5,
    })
    expect(turn.start.variables).toEqual({ x: 0 })
  })

  it('lacks an edge that asks for the whole turn after a part, and what followed from it', () => {
    const changes = [go('a', 'b'), go('b', 'c', true), go('c', 'd')]
    expect(after(changes, 'partial')).toBe('b')
    expect(after(changes, 'full')).toBe('d')
  })

  it('lacks what followed from it also when that came back to the same state', () => {
    const changes = [go('a', 'b', true), go('b', 'a'), go('a', 'c')]
    expect(after(changes, 'partial')).toBe('a')
    expect(after(changes, 'full')).toBe('c')
  })

  it('lacks a step from a state in which the conversation is not', () => {
    expect(after([go('b', 'c')], 'full')).toBe('a')
    expect(after([go('a', 'b'), go('a', 'c'), go('b', 'd')], 'full')).toBe('d')
  })

  it('has the variables of a step only with that step', () => {
    const turn = add(null)
    const step = { from: 'a', to: 'b', requireFull: true, enteredAfter: 5, values: { y: 1 } }
    turn.changes.push(set({ x: 1 }), { type: 'transition', transition: step })
    expect(positionAfter(turn, 'full')).toMatchObject({ state: 'b', variables: { x: 1, y: 1 } })
    expect(positionAfter(turn, 'partial').variables).toEqual({ x: 1 })
  })

  it('keeps variables whatever was heard', () => {
    const turn = add(null)
    turn.changes.push(go('a', 'b', true), set({ x: 1 }))
    expect(positionAfter(turn, 'partial')).toMatchObject({ state: 'a', variables: { x: 1 } })
  })
})

describe('a journal of long texts', () => {
  it('forgets its oldest turns when they are too much together, but never the newest', () => {
    const limits = { maxCharacters: 1000 }
    add(null, { ...limits, userText: 'a'.repeat(400) })
    const second = add(null, { ...limits, userText: 'b'.repeat(400) })
    expect(journal.turns).toHaveLength(2)
    const third = add(null, { ...limits, userText: 'c'.repeat(400) })
    expect(journal.turns).toEqual([second, third])
    const huge = add(null, { ...limits, userText: 'd'.repeat(4600) })
    expect(journal.turns).toEqual([third, huge])
    expect(charactersOf(journal)).toBe(10_000)
  })
})
