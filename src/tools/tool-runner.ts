import type { JsonSchema } from '../flow/definition.ts'

/** What came of a server tool call. */
export interface ToolOutcome {
  /** `unknown`: the request was sent and no answer came, so it may or may not have happened. */
  readonly status: 'ok' | 'failed' | 'unknown'
  /** What the model is told; at most 6 KiB. */
  readonly content: string
  /** The whole result (parsed when it is JSON) for assignments and templates; unset unless `ok`. */
  readonly value?: unknown
  /** False only when it is certain that nothing reached the other side: it was never tried. */
  readonly sent?: false
}

export interface ToolContext {
  readonly signal: AbortSignal
  /** What `{{name}}` in the tool's templates looks up, below the declared arguments and `result`. */
  readonly values: Readonly<Record<string, unknown>>
  /** The wish's name to the other side, the same however often it is sent; reads need none. */
  readonly idempotencyKey?: string
}

/** A tool as the model is shown it. */
export interface ToolOffer {
  readonly name: string
  readonly description?: string
  readonly parameters: JsonSchema
}

export interface ToolRunner {
  /** What the model is shown of a tool; null while it cannot be run, as its MCP server is down. */
  offer(tool: string): ToolOffer | null
  /** Whether it changes something. What is not known to be a read counts as a write. */
  effectOf(tool: string): 'read' | 'write'
  /** Problems of the arguments against the tool's JSON Schema, as one line for the model; or their value. */
  parseArguments(
    tool: string,
    argumentsText: string,
  ):
    | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
    | { readonly ok: false; readonly problem: string }
  /**
   * Runs a tool with arguments that `parseArguments` gave. Never rejects: whatever goes wrong is an
   * outcome that the model can be told.
   */
  run(
    tool: string,
    args: Readonly<Record<string, unknown>>,
    context: ToolContext,
  ): Promise<ToolOutcome>
  /** Whether each MCP server can be reached, by its name in the configuration. */
  mcpServers(): Readonly<Record<string, 'ok' | 'unreachable'>>
  close(): Promise<void>
}
