import type { Flow, PlatformTools, StateId } from '../../flow/definition.ts'
import { transitionTools } from '../../flow/edges.ts'
import type { Position } from '../../flow/position.ts'
import type { ToolRunner } from '../../tools/tool-runner.ts'
import type { OfferedTool } from '../../upstream/upstream.ts'
import type { TurnSettings } from '../settings.ts'
import type { TurnRequest } from '../turn-request.ts'

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
  readonly prepared: { readonly request: TurnRequest }
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
  const runnable = (names: readonly string[]) => names.flatMap((name) => tools.offer(name) ?? [])
  const general = runnable(flow.general_tools)
  const generalNames = new Set(flow.general_tools)
  const own = runnable((flow.states[state]?.tools ?? []).filter((name) => !generalNames.has(name)))
  const transitions = transitionTools(flow, state)
  const taken = new Set([...general, ...own, ...transitions].map((tool) => tool.name))
  const rule = flow.states[state]?.platform_tools ?? flow.platform_tools
  const platform = platformTools.filter(
    ({ name }) => name !== stateTool && !taken.has(name) && isAllowed(rule, name),
  )
  return {
    server: new Set([...general, ...own].map((tool) => tool.name)),
    platform: new Set(platform.map((tool) => tool.name)),
    tools: [
      ...general,
      ...platform,
      ...own,
      ...transitions.map(({ name, description, parameters }) => ({
        name,
        description,
        parameters,
      })),
    ],
  }
}

function isAllowed(rule: PlatformTools | undefined, name: string): boolean {
  if (rule?.allow) return rule.allow.includes(name)
  return !rule?.deny?.includes(name)
}
