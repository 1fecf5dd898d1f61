import type { JsonSchema } from '../../flow/definition.ts'
import type { ToolDefinition } from '../../flow/tool-definition.ts'
import type { Log } from '../../observability/log.ts'
import type { ArgumentsCheck } from '../json-schema.ts'
import {
  isSameSchema,
  toUsableSchema,
  type ListedTool,
  type UsableSchema,
} from './mcp-listed-tool.ts'
import type { ToolOffer } from '../tool-runner.ts'

export type McpTool = Extract<ToolDefinition, { type: 'mcp' }>

const MAX_DESCRIPTION_LENGTH = 1024

/** The configured tools of one server, and what the server says of them. */
export interface McpCatalogue {
  /** What the server has now; what is not configured is passed over. */
  readonly update: (listed: ReadonlyMap<string, ListedTool>) => void
  offer(name: string): ToolOffer | null
  effectOf(name: string): 'read' | 'write'
  /** Of the server's own schema; none if the configuration has one. */
  checkOf(name: string): ArgumentsCheck | undefined
  /** The server's own, as it came. */
  schemaOf(name: string): unknown
}

interface Entry {
  readonly tool: McpTool
  readonly listed?: ListedTool
  readonly usable?: UsableSchema
  readonly offer: ToolOffer | null
  /** Not known before the server was first asked. */
  readonly effect?: 'read' | 'write'
  /** Why it is left out, as it was last logged. */
  readonly problem: string | null
}

/** Holds what a server lists against the configuration: an allow-list. */
export function createMcpCatalogue(dependencies: {
  readonly server: string
  readonly tools: ReadonlyMap<string, McpTool>
  readonly log: Log
}): McpCatalogue {
  const { server, tools, log } = dependencies
  const entries = new Map<string, Entry>(
    [...tools].map(([name, tool]) => [name, { tool, offer: null, problem: null }]),
  )
  return {
    update(listed) {
      for (const [name, entry] of entries) {
        const next = updated(name, entry, listed.get(entry.tool.tool))
        if (next.problem !== null && next.problem !== entry.problem) {
          log.warn({ server, tool: name, why: next.problem }, 'mcp tool left out')
        }
        entries.set(name, next)
      }
    },
    offer: (name) => entries.get(name)?.offer ?? null,
    effectOf(name) {
      const entry = entries.get(name)
      return entry?.tool.effect ?? entry?.effect ?? 'write'
    },
    checkOf(name) {
      const entry = entries.get(name)
      if (!entry?.usable?.ok || entry.tool.parameters) return undefined
      return entry.usable.check
    },
    schemaOf: (name) => entries.get(name)?.listed?.inputSchema,
  }
}

function updated(name: string, before: Entry, listed: ListedTool | undefined): Entry {
  const { tool } = before
  if (!listed) return { ...before, offer: null, problem: 'the server does not have it' }
  const effect = before.effect === 'write' ? before.effect : effectFrom(tool, listed)
  const isSame = isSameSchema(before.listed?.inputSchema, listed.inputSchema)
  const usable = tool.parameters
    ? undefined
    : isSame && before.usable
      ? before.usable
      : toUsableSchema(listed.inputSchema)
  if (usable?.ok === false) {
    return { tool, listed, usable, offer: null, effect, problem: usable.problem }
  }
  const parameters = tool.parameters ?? usable?.schema ?? { type: 'object', properties: {} }
  const offer = toOffer(name, { tool, listed, parameters })
  return { tool, listed, ...(usable && { usable }), offer, effect, problem: null }
}

/**
 * A server that calls its tool a read is believed once, at its first word, and never after it called
 * it anything else: it must not talk its way out of a commit rule. Nor where the configuration
 * treats the tool as a write.
 */
function effectFrom(tool: McpTool, listed: ListedTool): 'read' | 'write' {
  const { commit, readback, compensate } = tool
  const isGuarded = (commit ?? 'immediate') !== 'immediate' || Boolean(readback ?? compensate)
  return listed.saysItReads && !isGuarded ? 'read' : 'write'
}

function toOffer(
  name: string,
  {
    tool,
    listed,
    parameters,
  }: {
    readonly tool: McpTool
    readonly listed: ListedTool
    readonly parameters: JsonSchema
  },
): ToolOffer {
  const description = tool.description ?? shortened(listed.description)
  return { name, ...(description === undefined ? {} : { description }), parameters }
}

function shortened(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // By characters, so that none is cut in half.
  const characters = Array.from(text.slice(0, 2 * MAX_DESCRIPTION_LENGTH))
  return characters.slice(0, MAX_DESCRIPTION_LENGTH).join('').trim() || undefined
}
