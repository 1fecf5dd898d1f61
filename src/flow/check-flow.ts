import { isBuiltIn, toPattern } from './condition.ts'
import type { Comparison, Edge, Flow, JsonSchema, State, Variable } from './definition.ts'
import { transitionToolName } from './edges.ts'
import { comparisonsOf, edgePlaces } from './flow-places.ts'
import { suggestion } from './near-name.ts'
import type { Tools } from './tool-definition.ts'

/** What is wrong with a flow; the path begins at the top of the configuration file. */
export interface FlowProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Everything in a flow that cannot work: names that lead nowhere, and what contradicts itself. */
export function checkFlow(flow: Flow, tools: Tools): readonly FlowProblem[] {
  return [
    ...checkState(flow, flow.starting_state, ['flow', 'starting_state']),
    ...checkToolList(tools, flow.general_tools, ['flow', 'general_tools']),
    ...Object.entries(flow.states).flatMap(([id, state]) =>
      checkStateTools(flow, tools, id, state),
    ),
    ...edgePlaces(flow).flatMap(({ edge, path }) => checkEdge(flow, edge, path)),
    ...Object.entries(flow.states).flatMap(([id, state]) => checkTransitionTools(id, state)),
    ...checkVariables(flow),
    ...Object.entries(tools).flatMap(([name, tool]) => checkTool(flow, name, tool)),
  ]
}

function checkState(flow: Flow, state: string, path: FlowProblem['path']): readonly FlowProblem[] {
  if (Object.hasOwn(flow.states, state)) return []
  const near = suggestion(state, Object.keys(flow.states))
  return [{ path, message: `there is no state ${JSON.stringify(state)}${near}` }]
}

function checkToolList(
  tools: Tools,
  names: readonly string[],
  path: FlowProblem['path'],
): readonly FlowProblem[] {
  return names.flatMap((name, index) => {
    const at = [...path, index]
    if (!Object.hasOwn(tools, name)) {
      const near = suggestion(name, Object.keys(tools))
      return [{ path: at, message: `there is no tool ${JSON.stringify(name)} under tools${near}` }]
    }
    if (names.indexOf(name) === index) return []
    return [{ path: at, message: `lists ${JSON.stringify(name)} a second time` }]
  })
}

function checkStateTools(
  flow: Flow,
  tools: Tools,
  id: string,
  state: State,
): readonly FlowProblem[] {
  const path = ['flow', 'states', id, 'tools']
  const repeated = state.tools.flatMap((name, index) => {
    if (!flow.general_tools.includes(name)) return []
    const message = `${JSON.stringify(name)} is one of general_tools and offered here anyway; remove it`
    return [{ path: [...path, index], message }]
  })
  return [...checkToolList(tools, state.tools, path), ...repeated]
}

function checkEdge(flow: Flow, edge: Edge, path: FlowProblem['path']): readonly FlowProblem[] {
  const problems = comparisonsOf(edge.when, [...path, 'when']).flatMap((found) =>
    checkComparison(found.comparison, found.path),
  )
  if (edge.when.type === 'llm' && edge.when.parameters) {
    problems.push(...checkParameters(flow, edge.when.parameters, [...path, 'when', 'parameters']))
  }
  return [...checkState(flow, edge.to, [...path, 'to']), ...problems]
}

function checkComparison(
  { var: name, op, value }: Comparison,
  path: FlowProblem['path'],
): FlowProblem[] {
  const problems: FlowProblem[] = []
  if (name.startsWith('$') && (!isBuiltIn(name) || name === '$extra.')) {
    const near = suggestion(name, BUILT_IN_NAMES)
    const message = `there is no ${JSON.stringify(name)}; known are ${BUILT_IN_NAMES.join(', ')}${near}`
    problems.push({ path: [...path, 'var'], message })
  }
  if (value === undefined && op !== 'exists' && op !== 'not_exist') {
    problems.push({ path, message: `the operator ${op} needs a value` })
  } else if (op === 'matches' && (typeof value !== 'string' || !toPattern(value))) {
    problems.push({ path: [...path, 'value'], message: 'must be a regular expression' })
  }
  return problems
}

const BUILT_IN_NAMES = [
  '$turns_in_state',
  '$exchange',
  '$kind',
  '$last_user_text',
  '$extra.<path>',
] as const

/** A transition's arguments set variables, so an argument without one would be lost. */
function checkParameters(
  flow: Flow,
  parameters: JsonSchema,
  path: FlowProblem['path'],
): readonly FlowProblem[] {
  const properties = parameters['properties']
  if (typeof properties !== 'object' || properties === null) return []
  const declared = Object.keys(flow.variables)
  return Object.keys(properties)
    .filter((name) => !declared.includes(name))
    .map((name) => ({
      path: [...path, 'properties', name],
      message: `sets no variable, as flow.variables has no ${JSON.stringify(name)}${suggestion(name, declared)}`,
    }))
}

/** Each `llm` edge is offered under the name of its target. */
function checkTransitionTools(id: string, state: State): readonly FlowProblem[] {
  const seen = new Set<string>()
  return state.edges.flatMap((edge, index) => {
    if (edge.when.type !== 'llm') return []
    if (seen.has(edge.to)) {
      const name = JSON.stringify(edge.to)
      const message = `is the second llm edge to ${name} in this state; say both cases in one description`
      return [{ path: ['flow', 'states', id, 'edges', index, 'to'], message }]
    }
    seen.add(edge.to)
    return []
  })
}

function checkVariables(flow: Flow): readonly FlowProblem[] {
  const defaults = Object.entries(flow.variables).map(([name, variable]) => ({
    variable,
    value: variable.default,
    path: ['flow', 'variables', name, 'default'],
  }))
  const dynamic = Object.entries(flow.default_dynamic_variables).map(([name, value]) => ({
    variable: Object.hasOwn(flow.variables, name) ? flow.variables[name] : undefined,
    value,
    path: ['flow', 'default_dynamic_variables', name],
  }))
  return [...defaults, ...dynamic].flatMap(({ variable, value, path }) => {
    if (!variable || value === undefined || isOfType(value, variable.type)) return []
    return [{ path, message: `must be of the variable's type, ${variable.type}` }]
  })
}

function isOfType(value: unknown, type: Variable['type']): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
  }
}

function checkTool(flow: Flow, name: string, tool: Tools[string]): readonly FlowProblem[] {
  const path = ['tools', name]
  const problems: FlowProblem[] = []
  const prefix = transitionToolName('')
  if (name.startsWith(prefix)) {
    problems.push({ path, message: `no tool may be named ${prefix}...: edges are offered so` })
  }
  if (tool.commit === 'confirmed' && tool.readback === undefined) {
    const message = 'commit: confirmed needs a readback, the sentence that the caller says yes to'
    problems.push({ path: [...path, 'commit'], message })
  }
  const declared = [...Object.keys(flow.variables), ...Object.keys(flow.default_dynamic_variables)]
  tool.assignments.forEach(({ variable }, index) => {
    if (declared.includes(variable)) return
    const near = suggestion(variable, declared)
    const message = `flow.variables has no ${JSON.stringify(variable)}${near}`
    problems.push({ path: [...path, 'assignments', index, 'variable'], message })
  })
  return problems
}
