import type { FlowProblem } from './check-flow.ts'
import type { Edge, Flow, PlatformTools } from './definition.ts'
import { edgesFrom } from './edges.ts'
import { comparisonsOf, edgePlaces } from './flow-places.ts'
import { suggestion } from './near-name.ts'
import { templatePlaces } from './template-places.ts'
import type { Tools } from './tool-definition.ts'

/** What works but is probably not what its author meant. */
export function lintFlow(flow: Flow, tools: Tools): readonly FlowProblem[] {
  return [
    ...unreachableStates(flow),
    ...deadEnds(flow),
    ...edgesAfterAlways(flow),
    ...resultsThatNeverCome(flow, tools),
    ...undeclaredNames(flow, tools),
    ...unusedTools(flow, tools),
  ]
}

function unreachableStates(flow: Flow): readonly FlowProblem[] {
  const reached = new Set<string>()
  const open = [flow.starting_state]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached.has(state)) continue
    reached.add(state)
    open.push(...edgesFrom(flow, state).map((edge) => edge.to))
  }
  return Object.keys(flow.states)
    .filter((id) => !reached.has(id))
    .map((id) => ({
      path: ['flow', 'states', id],
      message: `no edge leads to this state from the start, ${JSON.stringify(flow.starting_state)}`,
    }))
}

/** A state in which the conversation can only go on for ever. */
function deadEnds(flow: Flow): readonly FlowProblem[] {
  if (Object.keys(flow.states).length < 2) return []
  return Object.entries(flow.states).flatMap(([id, state]) => {
    const leads = edgesFrom(flow, id).some((edge) => edge.to !== id)
    if (leads || state.say !== undefined) return []
    if (endsCall(state.platform_tools ?? flow.platform_tools)) return []
    const message =
      'no edge leads out of this state; if the call ends here, give it a say or allow end_call in its platform_tools'
    return [{ path: ['flow', 'states', id], message }]
  })
}

function endsCall(tools: PlatformTools | undefined): boolean {
  return tools?.allow?.includes('end_call') ?? false
}

function edgesAfterAlways(flow: Flow): readonly FlowProblem[] {
  return Object.entries(flow.states).flatMap(([id, { edges }]) => {
    const always = edges.findIndex((edge) => edge.when.type === 'always')
    if (always < 0) return []
    return edges.flatMap((edge, index) =>
      index > always && isOpenEdge(edge)
        ? [
            {
              path: ['flow', 'states', id, 'edges', index],
              message: `is never taken, as edge ${always} before it always is`,
            },
          ]
        : [],
    )
  })
}

function isOpenEdge({ when }: Edge): boolean {
  return when.type === 'always' || when.type === 'expression'
}

/** Only for server tools: which tools a platform brings is not known before a call. */
function resultsThatNeverCome(flow: Flow, tools: Tools): readonly FlowProblem[] {
  return edgePlaces(flow).flatMap(({ edge, from, path }) => {
    if (edge.when.type !== 'result') return []
    const { tool } = edge.when
    const at = [...path, 'when', 'tool']
    if (!Object.hasOwn(tools, tool)) {
      const near = suggestion(tool, Object.keys(tools))
      return near ? [{ path: at, message: `is no server tool${near}` }] : []
    }
    const own = from === undefined ? allStateTools(flow) : (flow.states[from]?.tools ?? [])
    if (flow.general_tools.includes(tool) || own.includes(tool)) return []
    const offered = from === undefined ? 'no state offers' : 'this state does not offer'
    return [{ path: at, message: `${offered} ${JSON.stringify(tool)}, so its result never comes` }]
  })
}

function allStateTools(flow: Flow): readonly string[] {
  return Object.values(flow.states).flatMap((state) => state.tools)
}

function undeclaredNames(flow: Flow, tools: Tools): readonly FlowProblem[] {
  // The platform's language detection sets `language`, which chooses among spoken texts.
  const declared = [
    ...Object.keys(flow.variables),
    ...Object.keys(flow.default_dynamic_variables),
    'language',
  ]
  const templates = templatePlaces(flow, tools).flatMap(({ path, names, alsoKnown }) => {
    const known = [...declared, ...alsoKnown, 'now', 'extra']
    return names
      .filter((name) => !known.includes(headOf(name)))
      .map((name) => ({
        path,
        message: `uses {{${name}}}, which is nowhere declared and renders empty${suggestion(headOf(name), known)}`,
      }))
  })
  const conditions = edgePlaces(flow).flatMap(({ edge, path }) =>
    comparisonsOf(edge.when, [...path, 'when']).flatMap((place) => {
      const head = headOf(place.comparison.var)
      if (head.startsWith('$') || declared.includes(head)) return []
      const message = `flow.variables has no ${JSON.stringify(head)}, so this is never set${suggestion(head, declared)}`
      return [{ path: [...place.path, 'var'], message }]
    }),
  )
  return [...templates, ...conditions]
}

function headOf(path: string): string {
  return path.split('.')[0] ?? path
}

function unusedTools(flow: Flow, tools: Tools): readonly FlowProblem[] {
  const used = new Set([
    ...flow.general_tools,
    ...allStateTools(flow),
    ...Object.values(tools).flatMap((tool) => (tool.compensate ? [tool.compensate.tool] : [])),
  ])
  return Object.keys(tools)
    .filter((name) => !used.has(name))
    .map((name) => ({
      path: ['tools', name],
      message: 'no state uses this tool; name it under tools of a state or general_tools',
    }))
}
