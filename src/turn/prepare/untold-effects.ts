import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { placeOf, wishOf, type Wish } from '../effect-keys.ts'
import type { PreparedTurn } from './prepare-turn.ts'

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
  const begun = shown.flatMap((turn) => effectsOf(turn).filter((it) => !isAnswered(turn, it)))
  const orphans = abandoned
    .filter(hasEffects)
    .flatMap((turn) => effectsOf(turn).filter((effect) => effect.undo?.status !== 'ok'))
  if (begun.length + orphans.length === 0) return []
  const ended = shown.flatMap((turn) => effectsOf(turn).filter((it) => isAnswered(turn, it)))
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

/** Those that may have changed something. */
function effectsOf({ effects }: JournalTurn): readonly UntoldEffect[] {
  return effects.flatMap((effect) => {
    const { status } = effect
    return status === 'running' || status === 'ok' || status === 'unknown'
      ? [{ ...effect, status }]
      : []
  })
}

/** A call as an effect of this turn: of a key that it shares with whoever wishes the same. */
export function toEffect(
  { untold, facts, resolution, journal }: PreparedTurn,
  { name, arguments: args, given }: Wish & Pick<JournalledEffect, 'given'>,
): JournalledEffect {
  const wish = { name, arguments: args }
  const { exchange } = facts
  const earlier = untold.findLast((effect) => wishOf(effect) === wishOf(wish))
  // What was undone since the turn began is not there any more.
  const open = earlier && !isUndone(journal.turns, earlier) ? earlier : null
  return {
    ...wish,
    status: 'waiting',
    exchange: open?.exchange ?? exchange,
    generation:
      open?.generation ?? closedBefore(resolution, { turns: journal.turns, wish, exchange }),
    given,
    undo: null,
  }
}

/**
 * The same wish at the same place was made with other values behind it: it is neither what was done
 * nor another thing. Another patient's booking must not be taken for this one's.
 */
export function wasMadeOtherwise(turns: readonly JournalTurn[], effect: JournalledEffect): boolean {
  const place = placeOf(effect)
  return turns
    .flatMap(effectsOf)
    .some((other) => other.given !== effect.given && placeOf(other) === place)
}

interface Place {
  readonly turns: readonly JournalTurn[]
  readonly wish: Wish
  readonly exchange: number
}

/**
 * Keys of this wish and exchange that are closed: the effect was undone, or, after a withdrawal, an
 * earlier exchange has told of it.
 */
function closedBefore({ onPath }: Resolution, { turns, wish, exchange }: Place): number {
  const told = [...onPath].filter((turn) => turn.exchange !== exchange).flatMap(effectsOf)
  const undone = turns.flatMap((turn) =>
    turn.effects.filter((effect) => effect.undo?.status === 'ok'),
  )
  const closed = [...told, ...undone].filter(
    (effect) => effect.exchange === exchange && wishOf(effect) === wishOf(wish),
  )
  return Math.max(0, ...closed.map(({ generation }) => generation + 1))
}

function isUndone(turns: readonly JournalTurn[], effect: JournalledEffect): boolean {
  const place = placeOf(effect)
  return turns.some((turn) =>
    turn.effects.some((other) => other.undo?.status === 'ok' && placeOf(other) === place),
  )
}
