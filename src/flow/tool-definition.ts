import { z } from 'zod'
import { JsonSchema, SpokenText, ToolName, VariableName } from './definition.ts'
import { OwnFiller } from './filler.ts'

const Assignment = z.strictObject({
  variable: VariableName,
  /** Where the value stands in the JSON result: `items.0.id`. */
  value_path: z.string().min(1),
})
export type Assignment = z.infer<typeof Assignment>

const common = {
  description: z.string().min(1).optional(),
  parameters: JsonSchema.optional(),
  assignments: z.array(Assignment).default([]),
  execution_message: SpokenText.optional(),
  filler: OwnFiller.optional(),
  result_template: z.string().optional(),
  response_filter: z.array(z.string().min(1)).optional(),
  effect: z.enum(['read', 'write']).optional(),
  commit: z.enum(['immediate', 'settled', 'confirmed']).optional(),
  settle_ms: z.int().min(0).max(5000).optional(),
  idempotent: z.boolean().default(false),
  readback: SpokenText.optional(),
  compensate: z
    .strictObject({ tool: ToolName, arguments: z.record(z.string(), z.unknown()).default({}) })
    .optional(),
  prefetch: z.boolean().default(false),
  cancel_on_interruption: z.boolean().optional(),
}

/** No tool takes longer. */
export const MAX_TIMEOUT_MS = 20_000

/** Of tools that wait for somebody else. */
const timeout_ms = z.int().min(1).max(MAX_TIMEOUT_MS).default(6000)

export const StaticTool = z.strictObject({
  ...common,
  type: z.literal('static'),
  /** A text (templates allowed) or any YAML value, given to the model as JSON. */
  result: z.unknown().refine((value) => value !== undefined, 'is required'),
})
export type StaticTool = z.infer<typeof StaticTool>

export const WebhookTool = z.strictObject({
  ...common,
  type: z.literal('webhook'),
  url: z.string().min(1),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headers: z.record(z.string(), z.string()).default({}),
  query: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  timeout_ms,
})
export type WebhookTool = z.infer<typeof WebhookTool>

const McpTool = z.strictObject({
  ...common,
  type: z.literal('mcp'),
  server: z.string().min(1),
  tool: z.string().min(1),
  timeout_ms,
})

export const ToolDefinition = z.discriminatedUnion('type', [StaticTool, WebhookTool, McpTool])
export type ToolDefinition = z.infer<typeof ToolDefinition>

export const Tools = z.record(ToolName, ToolDefinition)
export type Tools = Readonly<Record<string, ToolDefinition>>

/** The arguments that a schema names: its `properties`, and those of the schemas it is put together of. */
export function argumentNames(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, allOf, anyOf, oneOf }: SchemaParts = schema
  const own = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  const parts = [allOf, anyOf, oneOf].flatMap((part): unknown[] =>
    Array.isArray(part) ? part : [],
  )
  return [...own, ...parts.flatMap(argumentNames)]
}

interface SchemaParts {
  readonly properties?: unknown
  readonly allOf?: unknown
  readonly anyOf?: unknown
  readonly oneOf?: unknown
}

/**
 * Those of the arguments that templates may see and that may become variables. A model writes what a
 * caller talks it into: an argument that nobody asked for must not stand in for a variable, or a
 * `{{patient_id}}` that the flow has set would let one caller act for another patient.
 */
export function declaredArguments(
  schema: JsonSchema | undefined,
  args: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const declared = argumentNames(schema).filter((name) => Object.hasOwn(args, name))
  return Object.fromEntries(declared.map((name) => [name, args[name]]))
}

/** Reads change nothing; what is not known to be a read counts as a write. */
export function effectOf(tool: ToolDefinition): 'read' | 'write' {
  if (tool.effect) return tool.effect
  if (tool.type === 'static') return 'read'
  return tool.type === 'webhook' && tool.method === 'GET' ? 'read' : 'write'
}
