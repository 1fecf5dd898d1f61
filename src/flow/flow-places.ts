import type { Comparison, Condition, Edge, Flow, When } from './definition.ts'

type Path = readonly (string | number)[]

interface EdgePlace {
  /** The state that it leaves; undefined for a global edge, which leaves every other one. */
  readonly from: string | undefined
  readonly edge: Edge
  readonly path: Path
}

/** Every edge of a flow as it stands in the file, own and global ones. */
export function edgePlaces(flow: Flow): readonly EdgePlace[] {
  return Object.entries(flow.states).flatMap(([id, state]) => {
    const path = ['flow', 'states', id]
    const own = state.edges.map((edge, index) => ({
      from: id,
      edge,
      path: [...path, 'edges', index],
    }))
    if (!state.global) return own
    const global = { from: undefined, edge: { ...state.global, to: id }, path: [...path, 'global'] }
    return [...own, global]
  })
}

interface ComparisonPlace {
  readonly comparison: Comparison
  readonly path: Path
}

/** Every comparison of an edge's condition, however deep. */
export function comparisonsOf(when: When, path: Path): readonly ComparisonPlace[] {
  return when.type === 'expression' ? inCondition(when, path) : []
}

function inCondition(condition: Condition, path: Path): readonly ComparisonPlace[] {
  if ('all' in condition) return inList(condition.all, [...path, 'all'])
  if ('any' in condition) return inList(condition.any, [...path, 'any'])
  if ('not' in condition) return inCondition(condition.not, [...path, 'not'])
  return [{ comparison: condition, path }]
}

function inList(conditions: readonly Condition[], path: Path): readonly ComparisonPlace[] {
  return conditions.flatMap((condition, index) => inCondition(condition, [...path, index]))
}
