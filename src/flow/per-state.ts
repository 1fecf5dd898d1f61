import type { Flow, StateId } from './definition.ts'

/** Works out once for each state what every turn in it needs: a flow that was read never changes. */
export function perState<Value extends object>(
  workOut: (flow: Flow, state: StateId) => Value,
): (flow: Flow, state: StateId) => Value {
  const known = new WeakMap<Flow, Map<StateId, Value>>()
  return (flow, state) => {
    const ofFlow = known.get(flow) ?? new Map<StateId, Value>()
    const before = ofFlow.get(state)
    if (before) return before
    const value = workOut(flow, state)
    known.set(flow, ofFlow.set(state, value))
    return value
  }
}
