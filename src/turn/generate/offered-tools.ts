import type { Flow, PlatformTools, StateId } from '../../flow/definition.ts'
import { transitionTools } from '../../flow/edges.ts'
import { perState } from '../../flow/per-state.ts'
import type { Position } from '../../flow/position.ts'
import type { ToolRunner } from '../../tools/tool-runner.ts'
import { keepToolJson } from '../../upstream/tool-json.ts'
import type { OfferedTool } from '../../upstream/upstream.ts'
import type { TurnSettings } from '../settings.ts'
import type { KeptRequest } from '../turn-request.ts'

/** The tools of one state, in the fixed order that upstream prompt caches rely on. */
export interface Offer {
  readonly server: ReadonlySet<string>
  readonly platform: ReadonlySet<string>
  /** General tools, platform tools in the request's order, the state's tools, transitions. */
  readonly tools: readonly OfferedTool[]
}

/** What the model is offered at a place of a turn. */
export function offerAt({ settings, tools, prepared, position }: OfferPlace): Offer {
  const { flow, view } = settings
  return offeredTools(
    { flow, tools, stateTool: view.stateTool },
    position.state,
    prepared.request.platformTools,
  )
}

interface OfferPlace {
  readonly settings: TurnSettings
  readonly tools: Pick<ToolRunner, 'offer'>
  readonly prepared: { readonly request: KeptRequest }
  readonly position: Position
}

interface Offering {
  readonly flow: Flow
  readonly tools: Pick<ToolRunner, 'offer'>
  readonly stateTool: string
}

function offeredTools(
  { flow, tools, stateTool }: Offering,
  state: StateId,
  platformTools: readonly OfferedTool[],
): Offer {
  const listed = listedTools(flow, state)
  const general = offersOf(tools, listed.general)
  const own = offersOf(tools, listed.own)
  const { transitions } = listed
  const server = new Set([...general, ...own].map(({ name }) => name))
  const platform = platformTools.filter(
    ({ name }) =>
      name !== stateTool &&
      !server.has(name) &&
      !listed.transitionNames.has(name) &&
      isAllowed(listed.rule, name),
  )
  return {
    server,
    platform: new Set(platform.map(({ name }) => name)),
    tools: [...general, ...platform, ...own, ...transitions],
  }
}

/** What the flow says of a state's tools. */
const listedTools = perState((flow, state) => {
  const { tools: own = [], platform_tools: rule = flow.platform_tools } = flow.states[state] ?? {}
  const transitions = transitionTools(flow, state).map(
    ({ name, description, parameters }): OfferedTool => ({ name, description, parameters }),
  )
  transitions.forEach(keepToolJson)
  return {
    general: flow.general_tools,
    own: own.filter((name) => !flow.general_tools.includes(name)),
    transitions,
    transitionNames: new Set(transitions.map(({ name }) => name)),
    rule,
  }
})

/** Those of the tools that can be run now. */
function offersOf(
  tools: Pick<ToolRunner, 'offer'>,
  names: readonly string[],
): readonly OfferedTool[] {
  return names.flatMap((name) => {
    const offer = tools.offer(name)
    if (offer) keepToolJson(offer)
    return offer ?? []
  })
}

function isAllowed(rule: PlatformTools | undefined, name: string): boolean {
  if (rule?.allow) return rule.allow.includes(name)
  return !rule?.deny?.includes(name)
}
