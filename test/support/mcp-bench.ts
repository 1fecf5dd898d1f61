import { onTestFinished, vi } from 'vitest'
import { lookupIn } from '../../src/flow/template.ts'
import { Tools } from '../../src/flow/tool-definition.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMcpTools, type McpTools } from '../../src/tools/mcp/mcp-tools.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'

interface Line {
  readonly level: string
  readonly values: Readonly<Record<string, unknown>>
  readonly message: string
}

interface Run {
  readonly args?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
  readonly key?: string
}

/** MCP tools that are connected to servers, closed when the test is over. */
export interface McpBench {
  readonly mcp: McpTools
  readonly lines: readonly Line[]
  readonly run: (name: string, run?: Run) => Promise<ToolOutcome>
  /** Resolves once every server has this status. */
  readonly reaches: (status: 'ok' | 'unreachable') => Promise<void>
}

/** `tools` without type and server, which are `mcp` and `clinic`. */
export function startMcpBench(
  url: string,
  tools: Readonly<Record<string, object>>,
  options: {
    readonly headers?: Readonly<Record<string, string>>
    readonly tryMs?: number
    readonly listGap?: Parameters<typeof createMcpTools>[0]['listGap']
  } = {},
): McpBench {
  const { log, lines } = recordingLog()
  const definitions = Tools.parse(
    Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [
        name,
        { type: 'mcp', server: 'clinic', tool: name, ...tool },
      ]),
    ),
  )
  const mcp = createMcpTools({
    servers: { clinic: { url, headers: { ...options.headers } } },
    tools: definitions,
    log,
    ...(options.listGap && { listGap: options.listGap }),
    timing: { firstPauseMs: 10, longestPauseMs: 40, tryMs: options.tryMs ?? 5000, steadyMs: 0 },
  })
  onTestFinished(() => mcp.close())
  return {
    mcp,
    lines,
    async run(name, { args = {}, signal, key } = {}) {
      const tool = definitions[name]
      if (tool?.type !== 'mcp') throw new Error(`no MCP tool ${name}`)
      const { outcome } = await mcp.run({
        name,
        tool,
        args,
        lookup: lookupIn(args, {}),
        context: {
          signal: signal ?? new AbortController().signal,
          ...(key === undefined ? {} : { idempotencyKey: key }),
        },
      })
      return outcome
    },
    reaches: (status) =>
      eventually(() => Object.values(mcp.status()).every((each) => each === status)),
  }
}

/** Resolves once it is true; fails after five seconds. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      if (!isTrue()) throw new Error('not yet')
    },
    { timeout: 5000, interval: 5 },
  )
}

export function recordingLog(): { readonly log: Log; readonly lines: readonly Line[] } {
  const lines: Line[] = []
  const at = (level: string) => (values: object, message: string) =>
    void lines.push({ level, values: { ...values }, message })
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
  }
}
