import { canonicalJson } from '../canonical-json.ts'
import type { JournalledEffect } from '../conversation/journal.ts'

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
