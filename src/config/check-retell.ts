import { edgePlaces } from '../flow/flow-places.ts'
import { suggestion } from '../flow/near-name.ts'
import { argumentNames } from '../flow/tool-definition.ts'
import { variableOf, type RetellAction } from '../routes/retell/options.ts'
import type { Found, Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** Actions of Retell that could not be done as they are meant. */
export function checkRetell(config: ConfigFile): readonly Found[] {
  const { actions, trust_proxy_hops, allow_addresses } = config.retell
  const isUnused = trust_proxy_hops > 0 && allow_addresses.length === 0
  const path = ['retell', 'trust_proxy_hops']
  return [
    ...Object.entries(actions).flatMap(([name, action]) => checkNumber(config, name, action)),
    ...(isUnused ? [{ path, message: 'is for allow_addresses, and there are none' }] : []),
  ]
}

/** A variable that the model can write must not lead anywhere. */
function checkNumber({ flow }: ConfigFile, name: string, action: RetellAction): readonly Found[] {
  const variable = action.type === 'transfer_call' ? variableOf(action.number ?? '') : null
  if (action.type !== 'transfer_call' || variable === null) return []
  const path: Path = ['retell', 'actions', name, 'number']
  const known = [...Object.keys(flow.variables), ...Object.keys(flow.default_dynamic_variables)]
  if (!known.includes(variable)) {
    const near = suggestion(variable, known)
    return [{ path, message: `flow.variables has no ${JSON.stringify(variable)}${near}` }]
  }
  if (Object.hasOwn(flow.variables, variable) && flow.variables[variable]?.sensitive) {
    return [
      { path, message: `the variable ${variable} is sensitive and does not leave the server` },
    ]
  }
  const isGuarded = action.allow !== undefined || action.pattern !== undefined
  if (isGuarded || !writtenByModel(flow).has(variable)) return []
  const message = `the model can set the variable ${variable}, as an edge asks it to: say in allow or pattern which numbers it may be`
  return [{ path, message }]
}

function writtenByModel(flow: ConfigFile['flow']): ReadonlySet<string> {
  return new Set(
    edgePlaces(flow).flatMap(({ edge }) =>
      edge.when.type === 'llm' ? argumentNames(edge.when.parameters) : [],
    ),
  )
}
