import { canonicalJson } from '../canonical-json.ts'
import type { JournalledEffect } from '../conversation/journal.ts'
import type { Resolution } from '../conversation/resolve.ts'

/** Something that was done in a turn which the conversation does not go on from. */
export interface UntoldEffect extends JournalledEffect {
  /** Of the turn in which it was done. */
  readonly exchange: number
}

/**
 * Speech rolls back, effects do not: what abandoned turns did and no turn on the path did as well. The
 * caller was never told of it.
 */
export function untoldEffects({ abandoned, path }: Resolution): readonly UntoldEffect[] {
  const done = abandoned.flatMap(({ effects, exchange }) =>
    effects.map((effect) => ({ ...effect, exchange })),
  )
  if (done.length === 0) return []
  const told = new Set(path.flatMap(({ turn }) => turn.effects.map(wishOf)))
  const newest = new Map(done.map((effect) => [wishOf(effect), effect]))
  return [...newest].filter(([wish]) => !told.has(wish)).map(([, effect]) => effect)
}

/** The effect that a call asks for again, if there is one. */
export function sameWish(
  effects: readonly UntoldEffect[],
  call: Pick<JournalledEffect, 'name' | 'arguments'>,
): UntoldEffect | undefined {
  return effects.length === 0
    ? undefined
    : effects.find((effect) => wishOf(effect) === wishOf(call))
}

function wishOf(effect: Pick<JournalledEffect, 'name' | 'arguments'>): string {
  return JSON.stringify([effect.name, canonicalJson(effect.arguments)])
}
