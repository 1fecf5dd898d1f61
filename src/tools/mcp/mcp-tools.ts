import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import type { z } from 'zod'
import type { Lookup } from '../../flow/template.ts'
import type { Tools } from '../../flow/tool-definition.ts'
import type { Log } from '../../observability/log.ts'
import type { EndedRun } from '../guarded-call.ts'
import type { ArgumentsCheck } from '../json-schema.ts'
import type { McpAnswer, McpCall } from './mcp-call.ts'
import { createMcpCatalogue, type McpCatalogue, type McpTool } from './mcp-catalogue.ts'
import { createLimit } from './mcp-limit.ts'
import type { ListGap } from './mcp-lists.ts'
import { createMcpLink, type McpLink, type McpTiming } from './mcp-link.ts'
import { healthOf, toOutcome } from './mcp-outcome.ts'
import type { McpServers } from '../options.ts'
import { unsentOutcome } from '../tool-outcome.ts'
import type { ToolContext, ToolRunner } from '../tool-runner.ts'

interface McpRun {
  readonly name: string
  readonly tool: McpTool
  readonly args: Readonly<Record<string, unknown>>
  readonly lookup: Lookup
  readonly context: Pick<ToolContext, 'signal' | 'idempotencyKey'>
}

export interface McpTools {
  readonly offer: ToolRunner['offer']
  readonly effectOf: ToolRunner['effectOf']
  /** Of the schema that the server gave; none where the configuration has its own. */
  checkOf(name: string): ArgumentsCheck | undefined
  /** May reject on what nobody foresaw; the runner turns that into an outcome. */
  run(run: McpRun): Promise<EndedRun>
  readonly status: ToolRunner['mcpServers']
  close(): Promise<void>
}

interface Dependencies {
  readonly servers: z.infer<typeof McpServers>
  readonly tools: Tools
  readonly log: Log
  readonly timing?: Partial<McpTiming>
  readonly listGap?: ListGap
}

const TIMING: McpTiming = {
  tryMs: 5000,
  firstPauseMs: 1000,
  longestPauseMs: 30_000,
  steadyMs: 30_000,
}
const LIST_GAP: ListGap = { shortestMs: 1000, longestMs: 30_000 }
const CLOSE_LIMIT_MS = 1000

interface Server {
  readonly link: McpLink
  readonly catalogue: McpCatalogue
}

/** Connects to the servers, without waiting for them, and runs the tools that are configured. */
export function createMcpTools(dependencies: Dependencies): McpTools {
  const { servers, tools, log, timing, listGap = LIST_GAP } = dependencies
  // The limits are those of the calls and tries; a stream of news lasts.
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const mcpTools = new Map(
    Object.entries(tools).flatMap(([name, tool]) => (tool.type === 'mcp' ? [[name, tool]] : [])),
  )
  const all = new Map(
    Object.entries(servers).map(([server, options]) => {
      const own = new Map([...mcpTools].filter(([, tool]) => tool.server === server))
      const parts = { server, tools: own, log, listGap, timing: { ...TIMING, ...timing } }
      return [server, startServer({ ...parts, options, agent })]
    }),
  )
  const serverOf = (name: string): Server | undefined => all.get(mcpTools.get(name)?.server ?? '')

  return {
    offer(name) {
      const server = serverOf(name)
      return server?.link.connection() ? server.catalogue.offer(name) : null
    },
    effectOf: (name) => serverOf(name)?.catalogue.effectOf(name) ?? 'write',
    checkOf: (name) => serverOf(name)?.catalogue.checkOf(name),
    async run(run) {
      const server = serverOf(run.name)
      if (!server?.catalogue.offer(run.name)) {
        return { outcome: unsentOutcome('this tool is not available'), health: 'unclear' }
      }
      const limit = createLimit(run.tool.timeout_ms, run.context.signal)
      const call = toCall(run, server, limit.signal)
      const answer = await callOnce(run, server, call).finally(limit.clear)
      const effect = server.catalogue.effectOf(run.name)
      return { outcome: toOutcome({ ...run, answer, effect, log }), health: healthOf(answer) }
    },
    status: () =>
      Object.fromEntries(
        [...all].map(([name, { link }]) => [name, link.connection() ? 'ok' : 'unreachable']),
      ),
    async close() {
      const closed = Promise.all([...all.values()].map(({ link }) => link.close()))
      await Promise.race([closed, sleep(CLOSE_LIMIT_MS, undefined, { ref: false })])
      await agent.destroy()
    },
  }
}

function startServer(parts: {
  readonly server: string
  readonly options: z.infer<typeof McpServers>[string]
  readonly tools: ReadonlyMap<string, McpTool>
  readonly agent: Agent
  readonly timing: McpTiming
  readonly listGap: ListGap
  readonly log: Log
}): Server {
  const { server, options, agent, timing, listGap, log } = parts
  const catalogue = createMcpCatalogue(parts)
  const url = new URL(options.url)
  const headers = options.headers ?? {}
  const link = createMcpLink({
    server,
    timing,
    log,
    async connect(events) {
      // Loaded only where a server is configured: the client takes a good tenth of a second.
      const { connectMcp } = await import('./mcp-connection.ts')
      return connectMcp({ url, headers, dispatcher: agent, listGap, ...events })
    },
    onTools: catalogue.update,
  })
  return { link, catalogue }
}

function toCall(run: McpRun, { catalogue }: Server, signal: AbortSignal): McpCall {
  const { tool, name, args, context } = run
  const inputSchema = catalogue.schemaOf(name)
  return { tool: tool.tool, inputSchema, args, idempotencyKey: context.idempotencyKey, signal }
}

const UNREACHABLE = { type: 'failure', why: 'broken', sent: false } as const

/** Once, or a second time on a new connection where that can do no harm. */
async function callOnce(run: McpRun, server: Server, call: McpCall): Promise<McpAnswer> {
  const { link } = server
  const connection = link.connection()
  if (!connection) return UNREACHABLE
  const answer = await connection.call(call)
  if (!isLost(answer)) return answer
  if (!mayRepeat(run, server, answer)) {
    link.lost(connection)
    return answer
  }
  const other = await link.renewed(connection, call.signal)
  const again = await other?.call(call)
  // What is in doubt after the first try is not made certain by a second one that fails.
  const isInDoubt = answer.type === 'failure' && answer.sent
  return !again || (again.type === 'failure' && isInDoubt) ? answer : again
}

/** Whether the connection has to be another one before a call can succeed. */
function isLost(answer: McpAnswer): boolean {
  if (answer.type !== 'failure') return false
  // Credentials that are no longer taken, and gateways whose server is gone.
  const isShut = [401, 502, 503, 504].includes(answer.httpStatus ?? 0)
  return answer.why === 'session' || answer.why === 'broken' || isShut
}

/** Not what may have happened already, unless it does nothing or the server knows it by its key. */
function mayRepeat(
  { name, tool, context }: McpRun,
  { catalogue }: Server,
  answer: McpAnswer,
): boolean {
  if (answer.type === 'failure' && !answer.sent) return true
  const isKnown = tool.idempotent && context.idempotencyKey !== undefined
  return isKnown || catalogue.effectOf(name) === 'read'
}
