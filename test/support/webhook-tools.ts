import { Tools } from '../../src/flow/tool-definition.ts'
import type { Log } from '../../src/observability/log.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'
import type { ToolOutcome, ToolRunner } from '../../src/tools/tool-runner.ts'
import { startWebhookServer, type WebhookServer } from './webhook-server.ts'

interface Line {
  readonly level: string
  readonly values: object
  readonly message: string
}

interface Run {
  readonly args?: Readonly<Record<string, unknown>>
  readonly values?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
}

/** A webhook's other side, runners that may reach it, and what they logged. */
export interface Bench {
  readonly server: WebhookServer
  readonly lines: readonly Line[]
  create(tools: object, allowHosts?: readonly string[]): ToolRunner
  /** Runs one webhook tool of that definition; `url` is the server's unless it says otherwise. */
  run(tool: object, run?: Run): Promise<ToolOutcome>
  close(): Promise<void>
}

/** The parameters of a tool that declares these arguments, of any type. */
export function declaring(...names: readonly string[]) {
  return { parameters: { properties: Object.fromEntries(names.map((name) => [name, {}])) } }
}

export async function startBench(): Promise<Bench> {
  const server = await startWebhookServer()
  const runners: ToolRunner[] = []
  const lines: Line[] = []
  const at = (level: string) => (values: object, message: string) => {
    lines.push({ level, values, message })
  }
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }

  const create = (tools: object, allowHosts: readonly string[] = ['127.0.0.1']): ToolRunner => {
    const runner = createToolRunner({
      tools: Tools.parse(tools),
      schemas: { transition_to_book: { required: ['slot'] } },
      webhooks: { allow_hosts: [...allowHosts] },
      metrics: { toolRun: () => undefined },
      log,
      logsContents: true,
      mcp: {},
      now: () => performance.now(),
    })
    runners.push(runner)
    return runner
  }
  return {
    server,
    lines,
    create,
    run: (tool, { args = {}, values = {}, signal } = {}) =>
      create({ tool: { type: 'webhook', url: `${server.url}/things`, ...tool } }).run(
        'tool',
        args,
        { signal: signal ?? new AbortController().signal, values },
      ),
    close: async () => {
      await Promise.all([...runners.map((runner) => runner.close()), server.close()])
    },
  }
}
