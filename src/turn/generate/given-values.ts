import { createHash } from 'node:crypto'
import { canonicalJson } from '../../canonical-json.ts'
import { lookupIn } from '../../flow/template.ts'
import { requestTemplateNames } from '../../flow/template-places.ts'
import { declaredArguments } from '../../flow/tool-definition.ts'
import type { LiveTurn } from './live-turn.ts'
import type { ServerCall } from './server-call.ts'

/** A digest of the variables that the call's request is made of, besides its arguments. */
export function givenValues(
  { tools, position }: LiveTurn,
  { call, tool, args }: ServerCall,
): string {
  const declared = declaredArguments(tools.offer(call.name)?.parameters, args)
  const lookup = lookupIn(position.variables)
  const given = requestTemplateNames(tool)
    .filter((name) => !Object.hasOwn(declared, name.split('.')[0] ?? name))
    .map((name) => [name, lookup(name) ?? null])
  return createHash('sha256')
    .update(canonicalJson(JSON.stringify(given)))
    .digest('base64url')
}
