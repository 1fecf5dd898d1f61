import type { Derivation } from '../../turn/turn.ts'
import { MAX_DEPTH, isDeeperThan } from './json-body.ts'

/** The dry run's answer, in the names of the HTTP contract. */
export function toDerivationBody(derivation: Derivation): object {
  const { conversation, keySource, exchange, state, variables } = derivation
  const { kind, heard, rollback, discarded, confidence, tools } = derivation
  return {
    conversation,
    key_source: keySource,
    exchange,
    state,
    variables: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, encodable(value)]),
    ),
    kind,
    heard,
    rollback,
    discarded: discarded.map(({ turn, exchange, state }) => ({ turn, exchange, state })),
    confidence,
    tools,
  }
}

/** The rest is worth telling although one value cannot be written as JSON. */
function encodable(value: unknown): unknown {
  try {
    if (isDeeperThan(value, MAX_DEPTH)) return null
    JSON.stringify(value)
    return value
  } catch {
    return null
  }
}
