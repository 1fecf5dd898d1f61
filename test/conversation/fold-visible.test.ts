import { describe, expect, it } from 'vitest'
import { foldVisible } from '../../src/conversation/fold-visible.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { createFillerMatcher, toView } from '../../src/conversation/view.ts'
import { Flow } from '../../src/flow/definition.ts'
import type { Position } from '../../src/flow/position.ts'
import { assistant, toolResult, user } from '../support/history.ts'

const result = (status: string) => ({ type: 'result', tool: 'verify', status })
const flow = Flow.parse({
  name: 'test',
  starting_state: 'start',
  states: {
    start: {
      edges: [
        { to: 'verified', when: result('ok') },
        { to: 'refused', when: result('failed') },
      ],
    },
    verified: {
      edges: [{ to: 'gold', when: { type: 'expression', var: 'gold', op: '==', value: 1 } }],
    },
    refused: { edges: [{ to: 'verified', when: result('ok') }] },
    gold: { edges: [{ to: 'loop', when: { type: 'always' } }] },
    loop: { edges: [{ to: 'gold', when: { type: 'always' } }] },
  },
})

interface Given {
  readonly after?: ConversationMessage
  readonly from?: Partial<Position>
  /** The number of the exchange that the request asks for. */
  readonly exchange?: number
}

function fold(messages: readonly ConversationMessage[], given: Given = {}): Position {
  const view = toView(messages, { fillers: createFillerMatcher([]), stateTool: 'turnstate_state' })
  const exchange = given.exchange ?? view.answered.length + (view.open ? 1 : 0)
  return foldVisible(
    view,
    { state: 'start', variables: {}, enteredAfter: 0, ...given.from },
    {
      flow,
      after: given.after ?? null,
      firstExchange: exchange - view.answered.length + (view.open ? 0 : 1),
      wasCut: false,
      maxTransitions: 3,
      factsAt: ({ variables }, moment) => ({
        variables,
        extra: {},
        exchange: moment.exchange,
        turnsInState: 1,
        kind: 'new',
        lastUserText: '',
      }),
    },
  ).position
}

const call = (id: string, name = 'verify') => assistant('', [{ id, name, arguments: '{}' }])
const OK = toolResult('c1', '{"status":"ok"}')
const FAILED = toolResult('c1', '{"status":"error"}')

describe('what a history shows by itself', () => {
  it('moves the state by the results of platform tools', () => {
    expect(fold([user('a'), call('c1'), OK])).toMatchObject({ state: 'verified', enteredAfter: 1 })
    expect(fold([user('a'), call('c1'), FAILED]).state).toBe('refused')
  })

  it('moves it step by step, in the order of the history', () => {
    const retried = [user('a'), call('c1'), FAILED, call('c1'), OK]
    expect(fold(retried).state).toBe('verified')
    expect(fold([user('a'), call('c1'), OK, call('c1'), FAILED]).state).toBe('verified')
  })

  it.each([
    ['without its call', [user('a'), OK]],
    ['of another tool', [user('a'), call('c1', 'other'), OK]],
    ['without an id', [user('a'), call('c1'), toolResult('', '{}')]],
    ['that has not come', [user('a'), call('c1')]],
    ['before its call', [user('a'), OK, call('c1')]],
  ])('is not moved by a result %s', (_, messages) => expect(fold(messages).state).toBe('start'))

  it('counts from the last exchange, also when the head of the history was cut', () => {
    const tail = [user('a'), assistant('b'), user('c'), call('c1'), OK, user('d')]
    expect(fold(tail)).toMatchObject({ state: 'verified', enteredAfter: 2 })
    expect(fold(tail, { exchange: 11 })).toMatchObject({ state: 'verified', enteredAfter: 10 })
    expect(fold(tail.slice(0, -1), { exchange: 10 })).toMatchObject({ enteredAfter: 10 })
  })

  it('counts results in the greeting as before the first exchange', () => {
    expect(fold([call('c1'), OK, user('a')])).toMatchObject({ state: 'verified', enteredAfter: 0 })
  })

  it('begins after the message that the journal reaches to', () => {
    const known = assistant('b')
    const messages = [user('a'), call('c1'), OK, known, user('c')]
    expect(fold(messages, { after: known }).state).toBe('start')
    const called = call('c1')
    expect(fold([user('a'), called, OK], { after: called }).state).toBe('verified')
  })

  it('follows the open edges after each result, within the limit', () => {
    const rich = { variables: { gold: 1 } }
    expect(fold([user('a'), call('c1'), OK], { from: rich }).state).toBe('gold')
    expect(fold([user('a'), call('x', 'other'), toolResult('x', 'ok')], { from: rich }).state).toBe(
      'start',
    )
  })

  it('changes nothing in a history without results', () => {
    const from = { state: 'gold', variables: { a: 1 }, enteredAfter: 3 }
    expect(fold([user('a'), assistant('b'), user('c')], { from })).toEqual(from)
    expect(fold([], { from })).toEqual(from)
  })
})
