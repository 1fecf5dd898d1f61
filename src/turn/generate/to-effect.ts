import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { placeOf, wishOf, type Wish } from '../effect-keys.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'
import { lastingEffects } from '../prepare/untold-effects.ts'

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
  const told = [...onPath].filter((turn) => turn.exchange !== exchange).flatMap(lastingEffects)
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
