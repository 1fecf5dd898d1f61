import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addTurn,
  createJournal,
  type JournalledEffect,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import { toRecord, turnFromRecord } from '../../src/conversation/journal-record.ts'
import { KINDS } from '../../src/conversation/kinds.ts'
import type { Variables } from '../../src/flow/position.ts'

function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

/** Everything that a variable may hold, and what JSON cannot hold besides. */
const variables: fc.Arbitrary<Variables> = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom('$', '$$', '$$a', '__proto__', 'constructor', 'toJSON')),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(undefined, null, NaN, Infinity, -Infinity, -0, 0),
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', '$', '$$', '__proto__'), tie('value'), {
        noNullPrototype: true,
      }),
    ),
  })).value,
  { noNullPrototype: true },
)
const position = record({ state: fc.string(), variables, enteredAfter: fc.nat() })
const text = fc.string({ unit: 'binary' })
const call = record({ id: text, name: text, arguments: text })
const undo = record({
  name: text,
  arguments: text,
  status: fc.constantFrom('due', 'running', 'ok', 'failed', 'unknown'),
})
const effect: fc.Arbitrary<JournalledEffect> = record({
  name: text,
  arguments: text,
  status: fc.constantFrom('waiting', 'running', 'ok', 'failed', 'unknown', 'cancelled'),
  exchange: fc.nat(),
  generation: fc.nat(),
  given: fc.string(),
  undo: fc.option(undo),
})
const transition = fc.record(
  { from: text, to: text, requireFull: fc.boolean(), enteredAfter: fc.nat(), values: variables },
  { requiredKeys: ['from', 'to', 'requireFull', 'enteredAfter'], noNullPrototype: true },
)
const change = fc.oneof(
  record({ type: fc.constant('transition' as const), transition }),
  record({ type: fc.constant('assignment' as const), values: variables }),
)

const turns: fc.Arbitrary<JournalTurn> = record({
  id: fc.integer({ min: 1 }),
  parent: fc.constantFrom(null, { ...newTurn(), id: 7 }),
  children: fc.constant([newTurn()]),
  kind: fc.constantFrom(...KINDS),
  exchange: fc.nat(),
  userText: text,
  start: position,
  saysOnEntry: fc.boolean(),
  transitionsBefore: fc.nat(),
  refusesWrites: fc.boolean(),
  tailKey: text,
  greetingKey: text,
  startedAt: fc.double({ noDefaultInfinity: true, noNaN: true, min: 0 }),
  owner: text,
  pieces: fc.array(record({ type: fc.constantFrom('filler', 'answer'), text })),
  changes: fc.array(change),
  serverCalls: fc.array(record({ id: text, name: text, arguments: text, result: text })),
  effects: fc.array(effect),
  platformCalls: fc.array(call),
  status: fc.constantFrom('running', 'finished', 'failed', 'aborted'),
  finishReason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
  endedAt: fc.nat(),
  replays: fc.nat(),
  sent: record({
    characters: fc.nat(),
    calls: fc.nat(),
    isWhole: fc.boolean(),
    closedBy: fc.constantFrom('caller', 'server', null),
  }),
  shown: fc.boolean(),
  superseded: fc.boolean(),
  heardText: fc.option(text),
  readBack: fc.option(record({ tool: text, digest: text })),
})

function newTurn(): JournalTurn {
  const start = { state: 'a', variables: {}, enteredAfter: 0 }
  return addTurn(
    createJournal(),
    {
      ...{ parent: null, kind: 'new', exchange: 1, userText: 'hello', start, saysOnEntry: false },
      ...{
        transitionsBefore: 0,
        refusesWrites: false,
        tailKey: '',
        greetingKey: '',
        startedAt: 5,
        owner: 'one',
      },
    },
    { maxTurns: 9, maxCharacters: 9999 },
  )
}

describe('the record of a turn', () => {
  it('gives back all that its owner knows of any turn', () => {
    fc.assert(
      fc.property(turns, (turn) => {
        const { parent, children, replays, shown, superseded, heardText, ...own } = turn
        expect([children, replays, shown, superseded, heardText]).toBeDefined()
        const { characters, calls, closedBy } = turn.sent
        const expected = {
          ...own,
          parent: parent?.id ?? null,
          effects: own.effects.map((done) => ({
            ...done,
            undo: done.undo && { ...done.undo, status: 'due' },
          })),
          sent: { characters, calls, closedBy },
        }
        // As Node compares: a key `constructor` is a key like any other.
        expect(isDeepStrictEqual(turnFromRecord(toRecord(turn)), expected)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('tells an unset variable from one that was never set', () => {
    const turn = newTurn()
    turn.changes.push({ type: 'assignment', values: { gone: undefined, kept: [undefined, 1] } })
    expect(turnFromRecord(toRecord(turn))?.changes).toStrictEqual([
      { type: 'assignment', values: { gone: undefined, kept: [undefined, 1] } },
    ])
  })

  it('leaves out what all instances may change', () => {
    const turn = newTurn()
    const before = toRecord(turn)
    Object.assign(turn, { shown: true, superseded: true, replays: 3, heardText: 'Hel' })
    turn.sent.isWhole = true
    expect(toRecord(turn)).toBe(before)
  })

  it('is not read when another version wrote it', () => {
    const record = toRecord(newTurn())
    expect(record).toContain('"v":1,')
    expect(turnFromRecord(record)).not.toBeNull()
    expect(turnFromRecord(record.replace('"v":1,', '"v":2,'))).toBeNull()
  })

  it.each(['exchange', 'kind', 'pieces', 'sent', 'owner', 'readBack', 'start'])(
    'is not read without its %s',
    (field) => {
      const record = toRecord(newTurn())
      expect(turnFromRecord(record.replace(`"${field}":`, '"other":'))).toBeNull()
    },
  )

  it('is not read when it is cut, and no text breaks the reader', () => {
    const record = toRecord(newTurn())
    fc.assert(
      fc.property(fc.nat({ max: record.length - 1 }), (length) => {
        expect(turnFromRecord(record.slice(0, length))).toBeNull()
      }),
    )
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => void turnFromRecord(any)))
  })
})
