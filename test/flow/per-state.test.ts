import { describe, expect, test } from 'vitest'
import { Flow } from '../../src/flow/definition.ts'
import { perState } from '../../src/flow/per-state.ts'

function flowOf(...states: readonly string[]): Flow {
  const named = Object.fromEntries(states.map((state) => [state, {}]))
  return Flow.parse({ name: 'test', starting_state: states[0], states: named })
}

describe('what is worked out per state', () => {
  test('is worked out once for each state', () => {
    const asked: string[] = []
    const lengthOf = perState((_, state) => {
      asked.push(state)
      return { length: state.length }
    })
    const flow = flowOf('a', 'bb')
    const first = lengthOf(flow, 'bb')
    expect(first).toEqual({ length: 2 })
    expect(lengthOf(flow, 'a')).toEqual({ length: 1 })
    expect(lengthOf(flow, 'bb')).toBe(first)
    expect(asked).toEqual(['bb', 'a'])
  })

  test('is another thing in another flow', () => {
    const statesOf = perState((flow) => Object.keys(flow.states))
    expect(statesOf(flowOf('a'), 'a')).toEqual(['a'])
    expect(statesOf(flowOf('a', 'b'), 'a')).toEqual(['a', 'b'])
  })
})
