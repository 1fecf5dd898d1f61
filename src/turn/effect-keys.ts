import { canonicalJson } from '../canonical-json.ts'
import type { JournalledEffect } from '../conversation/journal.ts'
import type { EffectKey } from '../effects/ledger.ts'

/** A tool and what it is asked to do. */
export type Wish = Pick<JournalledEffect, 'name' | 'arguments'>

/** Equal for calls that ask for the same, however their arguments are written. */
export function wishOf({ name, arguments: args }: Wish): string {
  return JSON.stringify([name, canonicalJson(args)])
}

/** Equal for effects of one key of the ledger: a wish that comes back after it was told is another one. */
export function placeOf(effect: JournalledEffect): string {
  return `${effect.exchange} ${effect.generation} ${wishOf(effect)}`
}

/** An effect's key in the ledger. `conversation`: its identity, the caller included. */
export function effectKey(
  conversation: string,
  { exchange, generation, name: tool, arguments: args }: JournalledEffect,
): EffectKey {
  return { conversation, exchange, generation, tool, arguments: args }
}

/** The key of what takes the effect back. */
export function undoKey(conversation: string, effect: JournalledEffect): EffectKey {
  return { ...effectKey(conversation, effect), isUndo: true }
}
