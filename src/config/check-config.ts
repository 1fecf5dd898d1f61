import { checkFlow } from '../flow/check-flow.ts'
import { transitionToolName } from '../flow/edges.ts'
import { lintFlow } from '../flow/lint-flow.ts'
import { suggestion } from '../flow/near-name.ts'
import { checkJsonSchema } from '../tools/json-schema.ts'
import { checkActions, lintActions } from './check-actions.ts'
import { checkConversationRelay } from './check-conversation-relay.ts'
import { checkEffects, lintEffects } from './check-effects.ts'
import { checkFillers, lintAnnouncements } from './check-fillers.ts'
import { checkMcp } from './check-mcp.ts'
import { checkRetell } from './check-retell.ts'
import { checkWebhooks } from './check-webhooks.ts'
import { lintPatience } from './lint-patience.ts'
import { lintPatterns } from './lint-patterns.ts'
import type { Finding, Found, Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** What is wrong although every part has its proper form. `host`: where the server will listen. */
export function checkConfig(config: ConfigFile, host: string | undefined): readonly Finding[] {
  return asErrors([
    ...checkAuth(config, host),
    ...checkRouting(config),
    ...checkFlow(config.flow, config.tools),
    ...checkSchemas(config),
    ...checkWebhooks(config.tools, config.webhooks.allow_hosts),
    ...checkMcp(config),
    ...checkEffects(config),
    ...checkFillers(config),
    ...checkStateTool(config),
    ...checkActions(config),
    ...checkRetell(config),
    ...checkConversationRelay(config),
  ])
}

/** What works but is probably not meant; only sensible for a configuration without errors of form. */
export function lintConfig(config: ConfigFile): readonly Finding[] {
  return [
    ...lintFlow(config.flow, config.tools),
    ...lintPatterns(config),
    ...lintPatience(config),
    ...lintAnnouncements(config),
    ...lintEffects(config),
    ...lintActions(config),
    ...lintSecret(config),
  ].map((found) => ({ ...found, severity: 'warning' as const, atKey: isEntry(found.path) }))
}

function asErrors(found: readonly Found[]): readonly Finding[] {
  return found.map((each) => ({
    ...each,
    severity: 'error',
    atKey: each.atKey ?? isEntry(each.path),
  }))
}

/** A whole tool or state is named by its key. */
function isEntry(path: Path): boolean {
  const parent = path.slice(0, -1).join('.')
  return ['', 'tools', 'flow.states'].includes(parent)
}

function checkAuth({ auth }: ConfigFile, host: string | undefined): readonly Found[] {
  const found: Found[] = auth.keys.flatMap((key, index) => {
    const before = auth.keys.slice(0, index)
    const path = ['auth', 'keys', index]
    return [
      ...(before.some((other) => other.name === key.name)
        ? [{ path: [...path, 'name'], message: 'another key has this name; names must differ' }]
        : []),
      ...(before.some((other) => other.secret === key.secret)
        ? [
            {
              path: [...path, 'secret'],
              message: 'another key has this secret; secrets must differ',
            },
          ]
        : []),
    ]
  })
  if (auth.keys.length > 0 || host === undefined || isLoopback(host)) return found
  const message = `needs at least one key, as the server listens on ${JSON.stringify(host)}, where others can reach it; without keys only a loopback host is allowed`
  return [...found, { path: ['auth', 'keys'], message }]
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}

function checkRouting({ routing, upstreams }: ConfigFile): readonly Found[] {
  const order = routing.order ?? []
  return order.flatMap((name, index) => {
    const path = ['routing', 'order', index]
    if (!Object.hasOwn(upstreams, name)) {
      const near = suggestion(name, Object.keys(upstreams))
      return [{ path, message: `there is no upstream ${JSON.stringify(name)}${near}` }]
    }
    if (order.indexOf(name) === index) return []
    return [{ path, message: `lists ${JSON.stringify(name)} a second time` }]
  })
}

function checkSchemas({ flow, tools }: ConfigFile): readonly Found[] {
  const ofTools = Object.entries(tools).map(([name, { parameters }]) => ({
    path: ['tools', name, 'parameters'],
    parameters,
  }))
  const ofEdges = Object.entries(flow.states).flatMap(([id, state]) => {
    const path = ['flow', 'states', id]
    const own = state.edges.map((edge, index) => ({ edge, at: [...path, 'edges', index] }))
    const global = state.global ? [{ edge: state.global, at: [...path, 'global'] }] : []
    return [...own, ...global].map(({ edge, at }) => ({
      path: [...at, 'when', 'parameters'],
      parameters: edge.when.type === 'llm' ? edge.when.parameters : undefined,
    }))
  })
  return [...ofTools, ...ofEdges].flatMap(({ path, parameters }) => {
    const message = parameters && checkJsonSchema(parameters)
    return message ? [{ path, message }] : []
  })
}

/** Tools of the platform that do something: a marker must do nothing. */
const SYSTEM_TOOLS = new Set([
  'end_call',
  'language_detection',
  'play_keypad_touch_tone',
  'skip_turn',
  'transfer_to_agent',
  'transfer_to_number',
  'voicemail_detection',
])

function checkStateTool({ conversation, flow, tools }: ConfigFile): readonly Found[] {
  const { state_tool: name } = conversation
  const rules = [flow, ...Object.values(flow.states)].map((place) => place.platform_tools)
  const isTaken =
    Object.hasOwn(tools, name) ||
    SYSTEM_TOOLS.has(name) ||
    Object.keys(flow.states).some((state) => transitionToolName(state) === name) ||
    rules.some((rule) => rule?.allow?.includes(name))
  if (!isTaken) return []
  const message =
    "is also the name of a tool that does something; it must be the platform's no-op tool"
  return [{ path: ['conversation', 'state_tool'], message }]
}

function lintSecret({ auth }: ConfigFile): readonly Found[] {
  if (auth.signing_secret !== undefined) return []
  const message = 'is not set: state tokens are void after a restart, and effects have other keys'
  return [{ path: ['auth', 'signing_secret'], message }]
}
