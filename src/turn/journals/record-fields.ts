import type { JournalTurn, Undo } from '../../conversation/journal.ts'

/*
 * A conversation's journal is one record of the shared store, under the journal's own id. What a turn's
 * owner writes of it is one field; what any instance may change is a field of its own each, which only
 * moves one way, so that nobody overwrites anybody.
 */

export const NEXT_FIELD = 'next'
export const LATEST_FIELD = 'latest'
const TURN_PREFIX = 't:'

/** What the turn's owner writes. */
export function turnField(id: number): string {
  return TURN_PREFIX + String(id)
}

/** Set once the turn is superseded; what it has not begun by then is never begun. */
export function supersededField({ id }: Pick<JournalTurn, 'id'>): string {
  return `superseded:${id}`
}

const shownField = (id: number) => `shown:${id}`
const deliveredField = (id: number) => `delivered:${id}`
const replaysField = (id: number) => `replays:${id}`
/** What was heard of a turn that the caller spoke over: the first to tell it is believed. */
const heardField = (id: number) => `heard:${id}`
const undoField = (id: number, index: number) => `undo:${id}:${index}`
/** On what the turn stands since what it stood on was forgotten; empty: on the root. */
const parentField = (id: number) => `parent:${id}`

type Fields = Readonly<Record<string, string>>
type UndoStatus = Undo['status']

/** What is known of a turn beside what its owner writes. */
export interface SharedFacts {
  readonly shown: boolean
  readonly superseded: boolean
  readonly delivered: boolean
  readonly replays: number
  readonly heardText: string | null
  readonly parent: number | null
  /** By the effect's place; null where there is nothing to undo. */
  readonly undos: readonly (UndoStatus | null)[]
}

export function factsOf(turn: JournalTurn): SharedFacts {
  return {
    shown: turn.shown,
    superseded: turn.superseded,
    delivered: turn.sent.isWhole,
    replays: turn.replays,
    heardText: turn.heardText,
    parent: turn.parent?.id ?? null,
    undos: turn.effects.map(({ undo }) => undo?.status ?? null),
  }
}

interface RecordedFacts extends Omit<SharedFacts, 'parent' | 'undos'> {
  /** Undefined: as its owner says. */
  readonly parent: number | null | undefined
  /** Of an effect's undo, by its place; `due` if nothing was noted. */
  readonly undoAt: (index: number) => UndoStatus
}

export function factsFrom(fields: Fields, id: number): RecordedFacts {
  const parent = fields[parentField(id)]
  return {
    shown: shownField(id) in fields,
    superseded: supersededField({ id }) in fields,
    delivered: deliveredField(id) in fields,
    replays: wholeNumber(fields[replaysField(id)]) ?? 0,
    heardText: fields[heardField(id)] ?? null,
    parent: parent === undefined ? undefined : wholeNumber(parent),
    undoAt: (index) => UNDO_STATES.find((known) => known === fields[undoField(id, index)]) ?? 'due',
  }
}

const PROGRESS: Readonly<Record<UndoStatus, number>> = {
  due: 0,
  running: 1,
  ok: 2,
  failed: 2,
  unknown: 2,
}

const UNDO_STATES: readonly UndoStatus[] = ['due', 'running', 'ok', 'failed', 'unknown']

/** An undo goes on and never back. */
export function isFurther(status: UndoStatus, than: UndoStatus): boolean {
  return PROGRESS[status] > PROGRESS[than]
}

/** The ids of the turns in a record, in order. */
export function turnIdsIn(fields: Fields): readonly number[] {
  return Object.keys(fields)
    .filter((field) => field.startsWith(TURN_PREFIX))
    .flatMap((field) => wholeNumber(field.slice(TURN_PREFIX.length)) ?? [])
    .sort((a, b) => a - b)
}

/** Null if it is none. */
export function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** Writes what has become true of a turn since the record was like `before`. */
export function changedFacts(
  id: number,
  before: SharedFacts,
  now: SharedFacts,
): { readonly set: Fields; readonly add: Readonly<Record<string, number>> } {
  const set: Record<string, string> = {}
  if (now.shown && !before.shown) set[shownField(id)] = '1'
  if (now.superseded && !before.superseded) set[supersededField({ id })] = '1'
  if (now.delivered && !before.delivered) set[deliveredField(id)] = '1'
  if (now.heardText !== null && before.heardText === null) set[heardField(id)] = now.heardText
  if (now.parent !== before.parent) set[parentField(id)] = String(now.parent ?? '')
  for (const [index, status] of now.undos.entries()) {
    if (status && isFurther(status, before.undos[index] ?? 'due'))
      set[undoField(id, index)] = status
  }
  const replays = now.replays - before.replays
  return { set, add: replays > 0 ? { [replaysField(id)]: replays } : {} }
}

/** All that a record holds of a turn. */
export function fieldsOfTurn(id: number, { undos }: SharedFacts): readonly string[] {
  return [
    turnField(id),
    supersededField({ id }),
    shownField(id),
    deliveredField(id),
    replaysField(id),
    heardField(id),
    parentField(id),
    ...undos.map((_, index) => undoField(id, index)),
  ]
}
