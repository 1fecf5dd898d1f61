import type { Flow, StateId } from './definition.ts'

export type Variables = Readonly<Record<string, unknown>>

/** Where a conversation stands in its flow. */
export interface Position {
  readonly state: StateId
  readonly variables: Variables
  /** The exchanges begun in the state are those after this one. */
  readonly enteredAfter: number
}

export function initialPosition(flow: Flow): Position {
  const defaults = Object.entries(flow.variables).flatMap(([name, variable]) =>
    variable.default === undefined ? [] : [[name, variable.default] as const],
  )
  return {
    state: flow.starting_state,
    variables: { ...flow.default_dynamic_variables, ...Object.fromEntries(defaults) },
    enteredAfter: 0,
  }
}
