import type { z } from 'zod'
import type { JsonSchema } from '../flow/definition.ts'
import { lookupIn, renderTemplate, type Lookup } from '../flow/template.ts'
import {
  declaredArguments,
  effectOf,
  type StaticTool,
  type ToolDefinition,
  type Tools,
} from '../flow/tool-definition.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { createGuardedCall } from './guarded-call.ts'
import { createMcpTools, type McpTools } from './mcp/mcp-tools.ts'
import type { McpServers, WebhookOptions } from './options.ts'
import { createArgumentsParser } from './parse-arguments.ts'
import { okOutcome, unansweredOutcome, unsentOutcome } from './tool-outcome.ts'
import type { ToolContext, ToolOffer, ToolOutcome, ToolRunner } from './tool-runner.ts'
import { createWebhookClient } from './webhook/webhook.ts'

interface ToolRunnerDependencies {
  readonly tools: Tools
  /** Schemas of calls that are not tools, by name: the `llm` edges (`transition_to_book`). */
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly webhooks: WebhookOptions
  /** MCP servers by name; they are connected to from now on. */
  readonly mcp: z.infer<typeof McpServers>
  readonly log: Log
  readonly metrics: Pick<Metrics, 'toolRun'>
  /** Whether arguments and results may stand in the debug log: not where variables are sensitive. */
  readonly logsContents: boolean
  /** Milliseconds of a clock; tells how long a service that is down is left alone. */
  readonly now: () => number
}

/** Runs the configured tools. Throws when a schema is not usable; the configuration is checked for that. */
export function createToolRunner(dependencies: ToolRunnerDependencies): ToolRunner {
  const { tools, log, metrics, logsContents, now } = dependencies
  const webhooks = createWebhookClient({ options: dependencies.webhooks, log })
  const guarded = createGuardedCall({ log, now })
  const mcp = createMcpTools({ servers: dependencies.mcp, tools, log })
  const offers = new Map(Object.entries(tools).map(([name, tool]) => [name, toOffer(name, tool)]))
  const effectOfTool = (name: string): 'read' | 'write' =>
    toolOf(tools, name)?.type === 'mcp' ? mcp.effectOf(name) : effectIn(tools, name)

  async function runTool(
    name: string,
    args: Readonly<Record<string, unknown>>,
    context: ToolContext,
  ): Promise<ToolOutcome> {
    const tool = toolOf(tools, name)
    if (tool === undefined) return unsentOutcome(NOT_AVAILABLE)
    const parameters = tool.parameters ?? mcp.offer(name)?.parameters
    const lookup = lookupIn(declaredArguments(parameters, args), context.values)
    switch (tool.type) {
      case 'static':
        return okOutcome(tool, staticResult(tool, lookup), lookup)
      case 'webhook':
        return guarded(name, () => webhooks.run({ name, tool, args, lookup, context }))
      case 'mcp':
        return guarded(name, () => mcp.run({ name, tool, args, lookup, context }))
    }
  }

  return {
    offer: (name) => mcp.offer(name) ?? offers.get(name) ?? null,
    effectOf: effectOfTool,
    parseArguments: withServerSchemas(
      mcp,
      createArgumentsParser({
        ...dependencies.schemas,
        ...Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, tool.parameters])),
      }),
    ),
    async run(name, args, context) {
      const startedAt = performance.now()
      const outcome = await runTool(name, args, context).catch((err: unknown) => {
        log.error({ tool: name, err }, 'tool broke')
        // Nobody knows how far it came.
        return unansweredOutcome(effectOfTool(name), BROKE)
      })
      const ms = Math.round(performance.now() - startedAt)
      log.info({ tool: name, status: outcome.status, ms }, 'tool run')
      const { status } = outcome
      if (toolOf(tools, name)) metrics.toolRun({ tool: name, status, seconds: ms / 1000 })
      if (logsContents) {
        log.debug({ tool: name, arguments: args, result: outcome.content }, 'tool result')
      }
      return outcome
    },
    mcpServers: mcp.status,
    close: async () => {
      await Promise.all([webhooks.close(), mcp.close()])
    },
  }
}

/** Schemas that a server gave are checked as well; they may change while we run. */
function withServerSchemas(
  mcp: McpTools,
  parse: ToolRunner['parseArguments'],
): ToolRunner['parseArguments'] {
  return (name, text) => {
    const parsed = parse(name, text)
    const problem = parsed.ok ? (mcp.checkOf(name)?.(parsed.value) ?? null) : null
    return problem === null ? parsed : { ok: false, problem }
  }
}

const BROKE = 'the tool broke while it ran'
const NOT_AVAILABLE = 'this tool is not available'
const NO_ARGUMENTS: JsonSchema = { type: 'object', properties: {} }

function toolOf(tools: Tools, name: string): ToolDefinition | undefined {
  return Object.hasOwn(tools, name) ? tools[name] : undefined
}

function effectIn(tools: Tools, name: string): 'read' | 'write' {
  const tool = toolOf(tools, name)
  return tool ? effectOf(tool) : 'write'
}

function toOffer(name: string, tool: ToolDefinition): ToolOffer | null {
  if (tool.type === 'mcp') return null
  return {
    name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.parameters ?? NO_ARGUMENTS,
  }
}

function staticResult(
  tool: StaticTool,
  lookup: Lookup,
): { readonly value: unknown; readonly text: string } {
  if (typeof tool.result !== 'string')
    return { value: tool.result, text: JSON.stringify(tool.result) }
  const text = renderTemplate(tool.result, lookup)
  return { value: text, text }
}
