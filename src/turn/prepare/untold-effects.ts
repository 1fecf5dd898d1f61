import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { placeOf, wishOf } from '../effect-keys.ts'

/** Something that was done, or is being done, and that no reply of the path can tell of. */
export interface UntoldEffect extends JournalledEffect {
  readonly status: 'running' | 'ok' | 'unknown'
}

/**
 * Speech rolls back, effects do not: what abandoned turns did and no turn on the path did as well, and
 * what a turn on the path has begun and not ended, or not been told the end of, as its instance died
 * over it. The caller was never told of it. What is undone is as if it had never been.
 */
export function untoldEffects({ abandoned, onPath }: Resolution): readonly UntoldEffect[] {
  const shown = [...onPath].filter(hasEffects)
  const begun = shown.flatMap((turn) => lastingEffects(turn).filter((it) => !isAnswered(turn, it)))
  const orphans = abandoned
    .filter(hasEffects)
    .flatMap((turn) => lastingEffects(turn).filter((effect) => effect.undo?.status !== 'ok'))
  if (begun.length + orphans.length === 0) return []
  const ended = shown.flatMap((turn) => lastingEffects(turn).filter((it) => isAnswered(turn, it)))
  const told = new Set(ended.map(placeOf))
  const untold = new Map([...orphans, ...begun].map((effect) => [placeOf(effect), effect]))
  return [...untold].filter(([key]) => !told.has(key)).map(([, effect]) => effect)
}

function hasEffects({ effects }: JournalTurn): boolean {
  return effects.length > 0
}

/** The turn's own model was told what came of it, as those of later ones are. */
function isAnswered({ serverCalls }: JournalTurn, effect: UntoldEffect): boolean {
  return effect.status !== 'running' && serverCalls.some((call) => wishOf(call) === wishOf(effect))
}

/** The effects of a turn that may have changed something. */
export function lastingEffects({ effects }: JournalTurn): readonly UntoldEffect[] {
  return effects.flatMap((effect) => {
    const { status } = effect
    return status === 'running' || status === 'ok' || status === 'unknown'
      ? [{ ...effect, status }]
      : []
  })
}
