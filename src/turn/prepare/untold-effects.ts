import { canonicalJson } from '../../canonical-json.ts'
import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import type { PreparedTurn } from './prepare-turn.ts'

/** Something that was done, or is being done, and that no reply of the path can tell of. */
export interface UntoldEffect extends JournalledEffect {
  readonly status: Exclude<JournalledEffect['status'], 'failed'>
}

/**
 * Speech rolls back, effects do not: what abandoned turns did and no turn on the path did as well, and
 * what a turn on the path has begun and not ended. The caller was never told of it.
 */
export function untoldEffects({ abandoned, onPath }: Resolution): readonly UntoldEffect[] {
  const shown = [...onPath].filter(hasEffects)
  const begun = shown.flatMap((turn) => effectsOf(turn, (status) => status === 'running'))
  const orphans = abandoned
    .filter(hasEffects)
    .flatMap((turn) => effectsOf(turn, (status) => status !== 'failed'))
  if (begun.length + orphans.length === 0) return []
  const ended = shown.flatMap((turn) => effectsOf(turn, (status) => status !== 'running'))
  const told = new Set(ended.map(keyOf))
  const untold = new Map([...orphans, ...begun].map((effect) => [keyOf(effect), effect]))
  return [...untold].filter(([key]) => !told.has(key)).map(([, effect]) => effect)
}

function hasEffects({ effects }: JournalTurn): boolean {
  return effects.length > 0
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

/** A call as an effect of this turn: of a key that it shares with whoever wishes the same. */
export function toEffect(
  { untold, facts, resolution }: PreparedTurn,
  { name, arguments: args }: Wish,
): JournalledEffect {
  const wish = { name, arguments: args }
  const { exchange } = facts
  const earlier = untold.findLast((effect) => wishOf(effect) === wishOf(wish))
  return {
    ...wish,
    status: 'running',
    exchange: earlier?.exchange ?? exchange,
    generation: earlier?.generation ?? toldBefore(resolution, wish, exchange),
  }
}

/** After a withdrawal an earlier exchange can have told what was first asked for in this one. */
function toldBefore({ onPath }: Resolution, wish: Wish, exchange: number): number {
  const told = [...onPath].flatMap((turn) =>
    turn.exchange === exchange
      ? []
      : turn.effects.filter((effect) => effect.exchange === exchange && effect.status !== 'failed'),
  )
  return told.filter((effect) => wishOf(effect) === wishOf(wish)).length
}

type Wish = Pick<JournalledEffect, 'name' | 'arguments'>

function wishOf({ name, arguments: args }: Wish): string {
  return JSON.stringify([name, canonicalJson(args)])
}

/** A wish that comes back after it was told is another one. */
function keyOf(effect: JournalledEffect): string {
  return `${effect.exchange} ${effect.generation} ${wishOf(effect)}`
}
