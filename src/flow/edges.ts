import { holds, type Facts } from './condition.ts'
import type { Edge, Flow, JsonSchema, StateId } from './definition.ts'
import { perState } from './per-state.ts'
import type { Position, Variables } from './position.ts'

/** One step from state to state, as it is remembered. */
export interface Transition {
  readonly from: StateId
  readonly to: StateId
  /** Counts only when the turn that took it was heard whole. */
  readonly requireFull: boolean
  readonly enteredAfter: number
  /** Variables that come with the step, and count only if it does. */
  readonly values?: Variables
}

const TRANSITION_PREFIX = 'transition_to_'

export function transitionToolName(state: StateId): string {
  return TRANSITION_PREFIX + state
}

/**
 * The edges that leave a state: its own first, then the global ones of other states. A global `llm`
 * edge gives way to an own one to the same state, since both would be the same tool.
 */
export const edgesFrom = perState((flow, state): readonly Edge[] => {
  const own = flow.states[state]?.edges ?? []
  const offered = new Set(own.flatMap((edge) => (edge.when.type === 'llm' ? [edge.to] : [])))
  const global = Object.entries(flow.states).flatMap(([to, target]) =>
    target.global && to !== state && !(target.global.when.type === 'llm' && offered.has(to))
      ? [{ ...target.global, to }]
      : [],
  )
  return [...own, ...global]
})

export interface TransitionTool {
  readonly name: string
  /** Two states may ask for different arguments on the way to a third. */
  readonly schemaName: string
  readonly description: string
  readonly parameters: JsonSchema
  readonly edge: Edge
}

/** The `llm` edges of a state, as the tools that a model is offered. */
export const transitionTools = perState((flow, state): readonly TransitionTool[] =>
  edgesFrom(flow, state).flatMap((edge) =>
    edge.when.type === 'llm'
      ? [
          {
            name: transitionToolName(edge.to),
            schemaName: `${state}/${transitionToolName(edge.to)}`,
            description: edge.when.description,
            parameters: edge.when.parameters ?? { type: 'object', properties: {} },
            edge,
          },
        ]
      : [],
  ),
)

/** The argument schemas of all `llm` edges, by `schemaName`. */
export function transitionSchemas(flow: Flow): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.keys(flow.states).flatMap((state) =>
      transitionTools(flow, state).map((tool) => [tool.schemaName, tool.parameters] as const),
    ),
  )
}

export function toTransition(from: StateId, edge: Edge, enteredAfter: number): Transition {
  return { from, to: edge.to, requireFull: edge.require_heard === 'full', enteredAfter }
}

export function enter(position: Position, transition: Transition): Position {
  const { to: state, enteredAfter, values } = transition
  return {
    state,
    enteredAfter,
    variables: values ? { ...position.variables, ...values } : position.variables,
  }
}

/** The edge that a tool's result opens, if the state has one. */
export function resultEdge(
  flow: Flow,
  state: StateId,
  result: { readonly tool: string; readonly status: string; readonly wasCut?: boolean },
): Edge | undefined {
  return edgesFrom(flow, state).find(
    ({ when, require_heard }) =>
      when.type === 'result' &&
      when.tool === result.tool &&
      when.status === result.status &&
      !(result.wasCut && require_heard === 'full'),
  )
}

function openEdge(
  flow: Flow,
  position: Position,
  { factsAt, wasCut }: FollowOptions,
): Edge | undefined {
  const facts = factsAt(position)
  return edgesFrom(flow, position.state).find(({ when, require_heard }) => {
    if (wasCut && require_heard === 'full') return false
    if (when.type === 'always') return true
    return when.type === 'expression' && holds(when, facts)
  })
}

interface FollowOptions {
  /** What conditions see at a position; evaluated anew after each step. */
  readonly factsAt: (position: Position) => Facts
  readonly enteredAfter: number
  /** The reply that led here was not heard whole: edges that ask for that stay closed. */
  readonly wasCut?: boolean
  /** Steps that may still be taken. */
  readonly budget: number
}

/**
 * Takes `expression` and `always` edges until none is open, the budget is used up, or a state is
 * entered that has something to `say`: it must be heard before the conversation can move on.
 */
export function followOpenEdges(
  flow: Flow,
  position: Position,
  options: FollowOptions,
): readonly Transition[] {
  const taken: Transition[] = []
  let current = position
  while (taken.length < options.budget) {
    const edge = openEdge(flow, current, options)
    if (!edge) break
    const transition = toTransition(current.state, edge, options.enteredAfter)
    taken.push(transition)
    current = enter(current, transition)
    if (flow.states[current.state]?.say) break
  }
  return taken
}
