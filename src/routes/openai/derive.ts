import type { Derivation } from '../../turn/turn.ts'

/** The dry run's answer, in the names of the HTTP contract. */
export function toDerivationBody(derivation: Derivation): object {
  const { conversation, keySource, exchange, state, variables } = derivation
  const { kind, heard, rollback, discarded, confidence, tools } = derivation
  return {
    conversation,
    key_source: keySource,
    exchange,
    state,
    variables,
    kind,
    heard,
    rollback,
    discarded: discarded.map(({ turn, exchange, state }) => ({ turn, exchange, state })),
    confidence,
    tools,
  }
}
