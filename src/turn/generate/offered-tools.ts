import type { Flow, PlatformTools, StateId } from '../../flow/definition.ts'
import { transitionTools } from '../../flow/edges.ts'
import type { ToolDefinition, Tools } from '../../flow/tool-definition.ts'
import type { Position } from '../../flow/position.ts'
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
export function offerAt({ settings, prepared, position }: OfferPlace): Offer {
  const { flow, tools, view } = settings
  return offeredTools(
    { flow, tools, stateTool: view.stateTool },
    position.state,
    prepared.request.platformTools,
  )
}

interface OfferPlace {
  readonly settings: TurnSettings
  readonly prepared: { readonly request: TurnRequest }
  readonly position: Position
}

function offeredTools(
  { flow, tools, stateTool }: { flow: Flow; tools: Tools; stateTool: string },
  state: StateId,
  platformTools: readonly OfferedTool[],
): Offer {
  const runnable = (names: readonly string[]) =>
    names.flatMap((name) => {
      const definition = Object.hasOwn(tools, name) ? tools[name] : undefined
      // MCP tools need a client that this version does not have.
      return definition && definition.type !== 'mcp' ? [toOfferedTool(name, definition)] : []
    })
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

function toOfferedTool(name: string, tool: ToolDefinition): OfferedTool {
  return {
    name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.parameters ?? { type: 'object', properties: {} },
  }
}
