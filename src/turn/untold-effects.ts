import { canonicalJson } from '../canonical-json.ts'
import type { JournalledEffect, JournalTurn } from '../conversation/journal.ts'
import type { Resolution } from '../conversation/resolve.ts'

/** Something that was done, or is being done, and that no reply of the path can tell of. */
export interface UntoldEffect extends JournalledEffect {
  readonly status: Exclude<JournalledEffect['status'], 'failed'>
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
  const ended = shown.flatMap((turn) => effectsOf(turn, (status) => status !== 'running'))
  const told = new Set(ended.map(keyOf))
  const untold = new Map([...orphans, ...begun].map((effect) => [keyOf(effect), effect]))
  return [...untold].filter(([key]) => !told.has(key)).map(([, effect]) => effect)
}

function effectsOf(
  { effects }: JournalTurn,
  counts: (status: JournalledEffect['status']) => boolean,
): readonly UntoldEffect[] {
  return effects.flatMap((effect) => {
    const { status } = effect
    return status !== 'failed' && counts(status) ? [{ ...effect, status }] : []
  })
}

/** The effect that a call asks for again, if there is one. */
export function sameWish(effects: readonly UntoldEffect[], call: Wish): UntoldEffect | undefined {
  return effects.length === 0
    ? undefined
    : effects.findLast((effect) => wishOf(effect) === wishOf(call))
}

type Wish = Pick<JournalledEffect, 'name' | 'arguments'>

function wishOf({ name, arguments: args }: Wish): string {
  return JSON.stringify([name, canonicalJson(args)])
}

/** A wish that comes back after it was told is another one. */
function keyOf(effect: JournalledEffect): string {
  return `${effect.exchange} ${wishOf(effect)}`
}
