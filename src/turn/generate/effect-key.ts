import type { JournalledEffect } from '../../conversation/journal.ts'
import type { EffectKey } from '../../effects/ledger.ts'

/** `conversation`: its identity, the caller included. */
export function effectKey(
  conversation: string,
  { exchange, generation, name: tool, arguments: args }: JournalledEffect,
): EffectKey {
  return { conversation, exchange, generation, tool, arguments: args }
}
