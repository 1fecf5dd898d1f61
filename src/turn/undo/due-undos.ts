import {
  isContinuation,
  isUnderWay,
  type Journal,
  type JournalledEffect,
  type JournalTurn,
  type Undo,
} from '../../conversation/journal.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { placeOf } from '../effect-keys.ts'

/** An effect that is to be undone, and the turn whose effect it is. */
export interface DueUndo {
  readonly turn: JournalTurn
  readonly effect: JournalledEffect & { undo: Undo }
}

/**
 * What a request decides: effects of discarded turns, once the answer that was given in their stead
 * was heard and does not have them. Nobody wished for them again.
 */
export function undosDecidedBy(
  { path, onPath, confidence }: Resolution,
  journal: Journal,
): readonly DueUndo[] {
  const heard = path.map(({ turn }) => turn)
  return orphans(journal, { path: onPath, heard, isAll: confidence === 'exact' })
}

/**
 * What silence decides: the same, where the answer to the caller's last words counts as heard. Who
 * has hung up shows no history any more.
 */
export function undosDecidedBySilence(journal: Journal): readonly DueUndo[] {
  const path = latestPath(journal)
  return orphans(journal, { path: new Set(path), heard: path.filter(hasLeft), isAll: false })
}

/** Nobody has heard one that never said a word, or only after the caller had gone. */
function hasLeft({ sent, shown }: JournalTurn): boolean {
  return shown || sent.isWhole || sent.characters + sent.calls > 0
}

/** What was to be undone and is not yet, as far as this journal knows: who had it in hand may be gone. */
export function undosLeftOver(journal: Journal): readonly DueUndo[] {
  const wished = wishedOn(latestPath(journal))
  return journal.turns.flatMap((turn) =>
    turn.effects
      .filter(isUndoable)
      .filter((effect) => effect.undo.status === 'running' && !wished.has(placeOf(effect)))
      .map((effect) => ({ turn, effect })),
  )
}

/** Something that could be undone is not told for good yet. */
export function mayBeUndone(journal: Journal): boolean {
  return journal.turns.some((turn) => turn.effects.some(isDue))
}

interface Heard {
  readonly path: ReadonlySet<JournalTurn>
  readonly heard: readonly JournalTurn[]
  /** Nothing was heard but these turns, each of them whole. */
  readonly isAll: boolean
}

function orphans(journal: Journal, shown: Heard): readonly DueUndo[] {
  const { path } = shown
  const isReplaced = (turn: JournalTurn) =>
    !path.has(turn) && !isUnderWay(turn) && wasReplaced(turn, shown)
  const candidates = journal.turns
    .filter((turn) => turn.effects.some(isDue) && isReplaced(turn))
    .flatMap((turn) => turn.effects.filter(isDue).map((effect) => ({ turn, effect })))
  if (candidates.length === 0) return []
  // Several turns can have asked for the same: it is undone once, and not while one of them counts.
  const wished = wishedOn(journal.turns.filter((turn) => !isReplaced(turn)))
  const byPlace = new Map(candidates.map((due) => [placeOf(due.effect), due]))
  return [...byPlace].filter(([place]) => !wished.has(place)).map(([, due]) => due)
}

/** Notes how the undo of an effect stands, with every turn that has it. */
export function noteUndo(journal: Journal, effect: JournalledEffect, status: Undo['status']): void {
  const place = placeOf(effect)
  for (const turn of journal.turns) {
    for (const { undo } of turn.effects.filter((other) => placeOf(other) === place)) {
      if (undo) undo.status = status
    }
  }
}

/**
 * Another answer to the same words, or to those that came in their place, was heard, and something
 * that was begun later. Not so where the history only shows words that nobody knows: they may be this
 * turn's own.
 */
function wasReplaced(turn: JournalTurn, { path, heard, isAll }: Heard): boolean {
  let branch = turn
  while (branch.parent && !path.has(branch.parent)) branch = branch.parent
  const isInstead = (other: JournalTurn) =>
    other.parent === branch.parent &&
    other.kind !== 'opening' &&
    (answersTheSame(branch, other) || (isAll && goesOnWithout(branch, other)))
  return heard.some(isInstead) && heard.some((other) => other.id > turn.id)
}

/** Speech for speech; without any, what the platform went on from must be the very same. */
function answersTheSame(turn: JournalTurn, other: JournalTurn): boolean {
  if (other.exchange !== turn.exchange) return false
  return isContinuation(turn)
    ? other.kind === turn.kind && other.tailKey === turn.tailKey
    : !isContinuation(other)
}

/** The caller spoke next where the turn would have gone on from what was heard. */
function goesOnWithout(turn: JournalTurn, other: JournalTurn): boolean {
  return isContinuation(turn) && !isContinuation(other) && other.exchange === turn.exchange + 1
}

function latestPath({ latest }: Journal): readonly JournalTurn[] {
  const path: JournalTurn[] = []
  for (let turn = latest; turn; turn = turn.parent) path.push(turn)
  return path
}

function wishedOn(path: readonly JournalTurn[]): ReadonlySet<string> {
  const effects = path.flatMap((turn) => turn.effects)
  const wished = effects.filter(({ status }) => status !== 'failed' && status !== 'cancelled')
  return new Set(wished.map(placeOf))
}

function isDue(effect: JournalledEffect): effect is DueUndo['effect'] {
  return isUndoable(effect) && effect.undo.status === 'due'
}

function isUndoable(effect: JournalledEffect): effect is DueUndo['effect'] {
  return effect.status === 'ok' && effect.undo !== null
}
