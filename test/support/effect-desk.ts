import { startToolServer, type ToolServer } from './tool-server.ts'
import { startTurnstate } from './turnstate.ts'
import type { UpstreamServer } from './upstream-server.ts'

type Json = Readonly<Record<string, unknown>>

export interface EffectDeskOptions {
  /** Definitions, given the address of a path at the tools' other side. */
  readonly tools: (at: ToolServer['at']) => Json
  /** By default one state in which all of the tools are offered. */
  readonly flow?: Json
  readonly config?: Json
}

/** A webhook that changes something, at the path of its name. */
export const writing = (at: ToolServer['at'], name: string, more: Json = {}) => ({
  type: 'webhook',
  url: at(`/${name}`),
  method: 'POST',
  ...more,
})

/** A webhook that only reads, at the path of its name. */
export const reading = (at: ToolServer['at'], name: string, more: Json = {}) => ({
  type: 'webhook',
  url: at(`/${name}`),
  method: 'GET',
  ...more,
})

/** Parameters of these names, all of them texts. */
export const taking = (...names: readonly string[]) => ({
  parameters: {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  },
})

/** Top-level keys of a desk's configuration. */
export function deskConfig({ flow, config }: EffectDeskOptions, tools: Json) {
  return {
    flow: {
      starting_state: 'desk',
      general_tools: Object.keys(tools),
      states: { desk: {} },
      ...flow,
    },
    tools,
    config: { webhooks: { allow_hosts: ['127.0.0.1'] }, ...config },
  }
}

/** A whole server in front of real webhooks that can be held and counted. */
export async function startEffectDesk(options: EffectDeskOptions) {
  const webhooks = await startToolServer()
  const server = await startTurnstate(deskConfig(options, options.tools(webhooks.at)))
  return { ...server, webhooks, ...lookingAt(server.upstream) }
}

/** What the upstream was told, by the number of its request, from 1. */
export function lookingAt(upstream: UpstreamServer) {
  return {
    systemOf: async (number: number) =>
      String((await upstream.received(number)).body.messages[0]?.content),
    /** Contents of the tool messages at the end of the request. */
    resultsOf: async (number: number) => {
      const { messages } = (await upstream.received(number)).body
      const first = messages.findLastIndex(({ role }) => role !== 'tool') + 1
      return messages.slice(first).map(({ content }) => String(content))
    },
  }
}
