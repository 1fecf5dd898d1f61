import type { JournalledEffect, JournalTurn } from '../../conversation/journal.ts'
import { MINTED_KEY_SOURCE } from '../../conversation/platforms.ts'
import { placeOf } from '../effect-keys.ts'
import { lastingEffects } from '../prepare/untold-effects.ts'
import type { LiveTurn } from './live-turn.ts'

/* What the model is told of a write that is not begun. */

export const HAS_TO_SAY = 'Not now: the caller must hear something first.'
const PERHAPS_UNDONE =
  'It was done, and it is not known whether it was undone since, so it is not done again. Tell the caller that a person has to look at it.'
const OTHERWISE =
  'Not done: the same call was made before, for something else that the conversation has left behind. Tell the caller that you cannot do that just now.'
export const NO_STORE =
  'Not begun: the records that keep things from being done twice cannot be reached. Whether an earlier attempt has done it cannot be seen either, so do not say that it was not done. Tell the caller that you cannot do that just now and that they may try again in a few minutes.'
export const STILL_RUNNING = 'It is being done already, and it is not known yet what comes of it.'
const NO_KEY =
  'Not done: this call cannot be told apart from others, so nothing may be changed in it. Tell the caller that you cannot do that here.'
const MINTED_KEY =
  'Not done yet: the call has only just begun. Say so, ask the caller whether you shall do it, and do it when they have answered.'
const STILL_SPEAKING = 'Not done: the caller is still speaking. Wait for the rest.'

/** Why a tool that changes something may not run in this turn; null if it may. */
export function whyNoWrite({ prepared, journals, journalled }: LiveTurn): string | null {
  if (prepared.facts.conversation === null) return NO_KEY
  if (prepared.facts.keySource === MINTED_KEY_SOURCE) return MINTED_KEY
  if (journalled.refusesWrites) return STILL_SPEAKING
  // Its place in the conversation is not sure, so it could be done a second time.
  if (journals.remembers && !prepared.isRemembered) return NO_STORE
  return null
}

/** Why this very call may not run, though others may; null if it may. */
export function whyNotThisWrite({ prepared }: LiveTurn, effect: JournalledEffect): string | null {
  const { turns } = prepared.journal
  if (wasMadeOtherwise(turns, effect)) return OTHERWISE
  return isUndoInDoubt(turns, effect) ? PERHAPS_UNDONE : null
}

/**
 * The same wish at the same place was made with other values behind it: it is neither what was done
 * nor another thing. Another patient's booking must not be taken for this one's.
 */
function wasMadeOtherwise(turns: readonly JournalTurn[], effect: JournalledEffect): boolean {
  const place = placeOf(effect)
  return turns
    .flatMap(lastingEffects)
    .some((other) => other.given !== effect.given && placeOf(other) === place)
}

/** It was done, was to be undone, and no answer came to that. */
function isUndoInDoubt(turns: readonly JournalTurn[], effect: JournalledEffect): boolean {
  const place = placeOf(effect)
  return turns.some(({ effects }) =>
    effects.some((other) => other.undo?.status === 'unknown' && placeOf(other) === place),
  )
}
