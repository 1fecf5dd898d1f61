import { describe, expect, it } from 'vitest'
import { flowVersionOf, openState, sealingKeyFrom } from '../../../src/conversation/state-token.ts'
import { createFillerMatcher, toView } from '../../../src/conversation/view.ts'
import type { Position } from '../../../src/flow/position.ts'
import { toMarkerCall } from '../../../src/turn/generate/marker.ts'
import { assistant, toolResult, user } from '../../support/history.ts'

const token = { sealingKey: sealingKeyFrom('secret'), flowVersion: flowVersionOf({ a: 1 }) }
const stateTool = 'turnstate_state'
const see = (messages: Parameters<typeof toView>[0]) =>
  toView(messages, { fillers: createFillerMatcher([]), stateTool })
const HI = user('Hi')
const carried: Position = { state: 'a', variables: { clinic: 'Oak' }, enteredAfter: 0 }
const moved: Position = { state: 'b', variables: { clinic: 'Oak', slot: 'ten' }, enteredAfter: 1 }
const base = {
  token,
  stateTool,
  identity: 'c1',
  view: see([HI]),
  platformTools: [{ name: 'end_call' }, { name: stateTool }],
  position: moved,
  carried,
}

function callFor(options: Partial<typeof base> = {}) {
  const call = toMarkerCall({ ...base, ...options })
  if (call === null || call === 'too_large') throw new Error(`no marker: ${String(call)}`)
  return call
}

describe('a marker', () => {
  it('carries the state to the next request, once its answer was heard', () => {
    const call = callFor()
    expect(call.name).toBe(stateTool)
    const heard = see([HI, assistant('Hello', [call]), toolResult(call.id, 'ok'), user('Ten')])
    expect(heard.markers).toHaveLength(1)
    expect(openState(heard.markers[0], token, { identity: 'c1', view: heard })).toMatchObject({
      status: 'counts',
      sealed: { position: moved, exchange: 1 },
    })
    const unheard = see([HI, assistant('', [call]), toolResult(call.id, 'ok'), user('Ten')])
    expect(openState(unheard.markers[0], token, { identity: 'c1', view: unheard })).toEqual({
      status: 'unheard',
    })
  })

  it('has an id that any model server takes, the same for one state and another for any other', () => {
    const { id } = callFor()
    expect(id).toMatch(/^\w{1,40}$/)
    expect(callFor().id).toBe(id)
    expect(callFor({ position: { ...moved, enteredAfter: 2 } }).id).not.toBe(id)
    expect(callFor({ view: see([user('Hello')]) }).id).not.toBe(id)
    expect(callFor({ identity: 'c2' }).id).not.toBe(id)
  })

  it('is made when the state, its beginning or a variable is another one', () => {
    const call = { name: stateTool }
    const after = (position: Position, from = carried) =>
      toMarkerCall({ ...base, position, carried: from })
    expect(after({ ...carried, state: 'b' })).toMatchObject(call)
    expect(after({ ...carried, enteredAfter: 3 })).toMatchObject(call)
    expect(after({ ...carried, variables: {} })).toMatchObject(call)
    expect(after(carried, moved)).toMatchObject(call)
  })

  it('is not made when the client carries all of it already', () => {
    expect(toMarkerCall({ ...base, position: carried })).toBeNull()
    const nested = { ...moved, variables: { list: [{ a: 1, b: [2] }], gone: undefined } }
    const same = { ...moved, variables: { list: [{ b: [2], a: 1 }] } }
    expect(toMarkerCall({ ...base, position: nested, carried: same })).toBeNull()
  })

  it('is not made when the request does not offer its tool', () => {
    expect(toMarkerCall({ ...base, platformTools: [] })).toBeNull()
    expect(toMarkerCall({ ...base, platformTools: [{ name: 'end_call' }] })).toBeNull()
  })

  it('is too large for a state of more than a kilobyte', () => {
    const large = (length: number) => ({ ...moved, variables: { text: 'x'.repeat(length) } })
    expect(callFor({ position: large(900) }).arguments.length).toBeLessThan(1600)
    expect(toMarkerCall({ ...base, position: large(1500) })).toBe('too_large')
    expect(toMarkerCall({ ...base, position: large(1500), platformTools: [] })).toBeNull()
  })
})
