import { transitionToolName } from '../flow/edges.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** What a platform with a connection does for the model stands under these keys, by name. */
const OWNERS = ['retell', 'conversation_relay'] as const

interface NamedAction {
  readonly name: string
  readonly path: readonly string[]
}

/** Actions that could not be offered, since something else has their name. */
export function checkActions(config: ConfigFile): readonly Found[] {
  return actionsOf(config).flatMap(({ name, path }) => {
    const refused = (message: string) => [{ path, message, atKey: true }]
    if (Object.hasOwn(config.tools, name)) {
      return refused('a tool has this name; names must differ')
    }
    if (name === config.conversation.state_tool) {
      return refused('conversation.state_tool has this name')
    }
    const prefix = transitionToolName('')
    if (name.startsWith(prefix)) {
      return refused(`no action may be named ${prefix}...: edges are offered so`)
    }
    return []
  })
}

/** Actions that the model will never be offered. */
export function lintActions(config: ConfigFile): readonly Found[] {
  const message = 'no platform_tools of the flow allow this name, so the model is never offered it'
  return actionsOf(config)
    .filter(({ name }) => !isUsed(config.flow, name))
    .map(({ path }) => ({ path, message }))
}

function actionsOf(config: ConfigFile): readonly NamedAction[] {
  return OWNERS.flatMap((owner) =>
    Object.keys(config[owner].actions).map((name) => ({ name, path: [owner, 'actions', name] })),
  )
}

/** Some state offers it. */
function isUsed(flow: ConfigFile['flow'], name: string): boolean {
  return Object.values(flow.states).some((state) => {
    const rule = state.platform_tools ?? flow.platform_tools
    return rule?.allow ? rule.allow.includes(name) : !rule?.deny?.includes(name)
  })
}
