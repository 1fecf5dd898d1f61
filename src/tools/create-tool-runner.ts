import type { JsonSchema } from '../flow/definition.ts'
import { lookupIn, renderTemplate, type Lookup } from '../flow/template.ts'
import { declaredArguments, type StaticTool, type Tools } from '../flow/tool-definition.ts'
import type { Log } from '../observability/log.ts'
import { compileArguments, type ArgumentsCheck } from './json-schema.ts'
import { isTooDeep } from './nesting.ts'
import type { WebhookOptions } from './options.ts'
import { badOutcome, okOutcome } from './tool-outcome.ts'
import type { ToolContext, ToolOutcome, ToolRunner } from './tool-runner.ts'
import { createWebhookClient, type WebhookClient } from './webhook.ts'

interface ToolRunnerDependencies {
  readonly tools: Tools
  /** Schemas of calls that are not tools, by name: the `llm` edges (`transition_to_book`). */
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly webhooks: WebhookOptions
  readonly log: Log
  /** Whether arguments and results may stand in the debug log: not where variables are sensitive. */
  readonly logsContents: boolean
}

type ParsedArguments = ReturnType<ToolRunner['parseArguments']>

/** Runs the configured tools. Throws when a schema is not usable; the configuration is checked for that. */
export function createToolRunner(dependencies: ToolRunnerDependencies): ToolRunner {
  const { tools, log } = dependencies
  const checks = compileAll(tools, dependencies.schemas)
  const webhooks = createWebhookClient({ options: dependencies.webhooks, log })
  const parse = (name: string, text: string): ParsedArguments =>
    parseArguments(text, checks.get(name))

  return {
    parseArguments: parse,
    async run(name, args, context) {
      const startedAt = performance.now()
      const run = { tools, webhooks, name, args, context }
      const outcome = await runTool(run).catch((err: unknown) => {
        log.error({ tool: name, err }, 'tool broke')
        return badOutcome('failed', 'the tool could not be run')
      })
      const ms = Math.round(performance.now() - startedAt)
      log.info({ tool: name, status: outcome.status, ms }, 'tool run')
      if (dependencies.logsContents) {
        const { content } = outcome
        log.debug({ tool: name, arguments: args, result: content }, 'tool result')
      }
      return outcome
    },
    close: () => webhooks.close(),
  }
}

function compileAll(
  tools: Tools,
  schemas: ToolRunnerDependencies['schemas'],
): ReadonlyMap<string, ArgumentsCheck> {
  const all = [
    ...Object.entries(schemas),
    ...Object.entries(tools).map(([name, tool]) => [name, tool.parameters] as const),
  ]
  return new Map(
    all.flatMap(([name, schema]) => (schema ? [[name, compileArguments(schema)] as const] : [])),
  )
}

function parseArguments(text: string, check: ArgumentsCheck | undefined): ParsedArguments {
  let value: unknown
  try {
    // Some models write nothing at all when a tool takes no arguments.
    value = JSON.parse(text.trim() === '' ? '{}' : text)
  } catch {
    return { ok: false, problem: 'arguments: must be JSON' }
  }
  if (!isRecord(value)) return { ok: false, problem: 'arguments: must be a JSON object' }
  if (isTooDeep(value)) return { ok: false, problem: 'arguments: are nested too deeply' }
  const problem = check?.(value) ?? null
  return problem === null ? { ok: true, value } : { ok: false, problem }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NOT_AVAILABLE = 'this tool is not available'

async function runTool(run: {
  readonly tools: Tools
  readonly webhooks: WebhookClient
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly context: ToolContext
}): Promise<ToolOutcome> {
  const { tools, webhooks, name, args, context } = run
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (tool === undefined) return badOutcome('failed', NOT_AVAILABLE)
  const lookup = lookupIn(declaredArguments(tool.parameters, args), context.values)
  switch (tool.type) {
    case 'static':
      return okOutcome(tool, staticResult(tool, lookup), lookup)
    case 'webhook':
      return webhooks.run({ name, tool, args, lookup, signal: context.signal })
    case 'mcp':
      return badOutcome('failed', NOT_AVAILABLE)
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
