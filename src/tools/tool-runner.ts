/** What came of a server tool call. */
export interface ToolOutcome {
  /** `unknown`: the request was sent and no answer came, so it may or may not have happened. */
  readonly status: 'ok' | 'failed' | 'unknown'
  /** What the model is told; at most 6 KiB. */
  readonly content: string
  /** The whole result (parsed when it is JSON) for assignments and templates; unset unless `ok`. */
  readonly value?: unknown
}

export interface ToolContext {
  readonly signal: AbortSignal
  /** What `{{name}}` in the tool's templates looks up, below the declared arguments and `result`. */
  readonly values: Readonly<Record<string, unknown>>
}

export interface ToolRunner {
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
  close(): Promise<void>
}
