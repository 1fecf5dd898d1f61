import { canonicalJson } from '../canonical-json.ts'
import type { JournalledEffect, JournalTurn } from '../conversation/journal.ts'
import type { Resolution } from '../conversation/resolve.ts'

/** Something that was done, or is being done, and that no reply of the path can tell of. */
export interface UntoldEffect extends Pick<JournalledEffect, 'name' | 'arguments'> {
  readonly status: Exclude<JournalledEffect['status'], 'failed'>
  /** Of the turn in which it was begun. */
  readonly exchange: number
}

/**
 * Speech rolls back, effects do not: what abandoned turns did and no turn on the path did as well, and
 * what a turn on the path has begun and not ended. The caller was never told of it.
 */
export function untoldEffects({ abandoned, path }: Resolution): readonly UntoldEffect[] {
  const shown = path.map(({ turn }) => turn)
  const begun = shown.flatMap((turn) => effectsOf(turn, (status) => status === 'running'))
  const orphans = abandoned.flatMap((turn) => effectsOf(turn, (status) => status !== 'failed'))
  if (begun.length + orphans.length === 0) return []
  const told = new Set(
    shown.flatMap((turn) => effectsOf(turn, (status) => status !== 'running')).map(wishOf),
  )
  const newest = new Map([...orphans, ...begun].map((effect) => [wishOf(effect), effect]))
  return [...newest].filter(([wish]) => !told.has(wish)).map(([, effect]) => effect)
}

function effectsOf(
  { effects, exchange }: JournalTurn,
  counts: (status: JournalledEffect['status']) => boolean,
): readonly UntoldEffect[] {
  return effects.flatMap(({ name, arguments: args, status }) =>
    status !== 'failed' && counts(status) ? [{ name, arguments: args, status, exchange }] : [],
  )
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
