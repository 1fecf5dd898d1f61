import type { JournalTurn } from '../../conversation/journal.ts'
import { turnFromRecord, type RecordedTurn } from '../../conversation/journal-record.ts'
import type { StoredRecord } from '../../store/shared-store.ts'
import { digestOf, isSameTurn, relink, type KeptTurn, type LocalJournal } from './local-journal.ts'
import {
  factsFrom,
  isFurther,
  LATEST_FIELD,
  NEXT_FIELD,
  turnField,
  turnIdsIn,
  wholeNumber,
  type SharedFacts,
} from './record-fields.ts'
import { createTurn, goesOn, refreshTurn, replaceAll } from './recorded-turn.ts'

interface TakeOverOptions {
  readonly instance: string
  /** The record is still to be told what it says by now. */
  readonly isUnsaved: (turn: JournalTurn) => boolean
}

/** What the record says that this instance did not know. */
export interface News {
  /** Turns that run here and that another instance has superseded. */
  readonly superseded: readonly JournalTurn[]
  /** Turns of this instance that the record says run, and that do not. */
  readonly orphans: readonly JournalTurn[]
  /** Turns that run here and that the record has no more: the store lost its data. */
  readonly lost: readonly JournalTurn[]
  /** Turns that cannot be read, told once. */
  readonly unreadable: readonly number[]
}

type Fields = StoredRecord['fields']

interface ReadTurn extends Omit<KeptTurn, 'facts'> {
  /** As its owner says. */
  readonly parent: number | null
}

/** Brings a local journal in line with its record, in place: a turn stays the object that it is. */
export function takeOver(
  local: LocalJournal,
  { revision, fields }: StoredRecord,
  { instance, isUnsaved }: TakeOverOptions,
): News {
  const { journal } = local
  const before = [...journal.turns]
  const wereSuperseded = new Set(before.filter((turn) => turn.superseded))
  const { read, unreadable } = readTurns(local, fields, instance)
  const ids = new Set(read.map(({ turn }) => turn.id))
  // A store that lost its data is told of them again. What it was told to have ended was forgotten.
  const unwritten = before.filter(
    (turn) =>
      turn.owner === instance &&
      !ids.has(turn.id) &&
      (goesOn(turn) || (isUnsaved(turn) && local.kept.get(turn.id)?.saysRunning !== false)),
  )
  replaceAll(journal.turns, [...read.map(({ turn }) => turn), ...unwritten])
  linkParents(local, read, fields)
  relink(journal)
  keepFacts(local, read, fields)
  takeHead(local, fields)
  local.revision = revision
  const isNew = (turn: JournalTurn) => !before.includes(turn)
  const own = read.filter(({ turn }) => turn.owner === instance)
  return {
    superseded: own
      .map(({ turn }) => turn)
      .filter((turn) => turn.superseded && turn.status === 'running' && !wereSuperseded.has(turn)),
    orphans: own.flatMap(({ turn, saysRunning }) => (saysRunning && isNew(turn) ? [turn] : [])),
    lost: unwritten.filter((turn) => turn.status === 'running' && !isUnsaved(turn)),
    unreadable,
  }
}

function readTurns(local: LocalJournal, fields: Fields, instance: string) {
  const byId = new Map(local.journal.turns.map((turn) => [turn.id, turn]))
  const read: ReadTurn[] = []
  const unreadable = new Map<number, string>()
  for (const id of turnIdsIn(fields)) {
    const text = fields[turnField(id)] ?? ''
    const digest = digestOf(text)
    const kept = local.kept.get(id)
    if (kept?.digest === digest) {
      read.push({ ...kept, parent: kept.facts.parent })
      continue
    }
    // What was unreadable before stays so, and is not looked at again.
    const recorded = local.unreadable.get(id) === digest ? null : turnFromRecord(text)
    if (recorded?.id !== id) unreadable.set(id, digest)
    else read.push({ ...toRead(recorded, byId.get(id), instance), digest })
  }
  const news = [...unreadable].filter(([id, digest]) => local.unreadable.get(id) !== digest)
  local.unreadable.clear()
  for (const [id, digest] of unreadable) local.unreadable.set(id, digest)
  return { read, unreadable: news.map(([id]) => id) }
}

function toRead(recorded: RecordedTurn, known: JournalTurn | undefined, instance: string) {
  const { parent } = recorded
  const saysRunning = recorded.status === 'running'
  if (!known || !isSameTurn(known, recorded)) {
    return { turn: createTurn(recorded), parent, saysRunning }
  }
  // Of its own turns this instance knows more than the record.
  if (known.owner !== instance) refreshTurn(known, recorded)
  return { turn: known, parent, saysRunning }
}

function linkParents({ journal }: LocalJournal, read: readonly ReadTurn[], fields: Fields): void {
  const byId = new Map(journal.turns.map((turn) => [turn.id, turn]))
  const isThere = (turn: JournalTurn) => byId.get(turn.id) === turn
  const parentOf = new Map(read.map(({ turn, parent }) => [turn, parent]))
  for (const turn of journal.turns) {
    const told = parentOf.get(turn)
    if (told === undefined) {
      while (turn.parent && !isThere(turn.parent)) turn.parent = turn.parent.parent
      continue
    }
    const moved = factsFrom(fields, turn.id).parent
    const id = moved === undefined ? told : moved
    // A turn stands on an earlier one; anything else is broken, and would go in circles.
    turn.parent = id !== null && id < turn.id ? (byId.get(id) ?? null) : null
  }
}

function keepFacts(local: LocalJournal, read: readonly ReadTurn[], fields: Fields): void {
  const before = new Map(local.kept)
  local.kept.clear()
  for (const { turn, digest, saysRunning } of read) {
    const kept = before.get(turn.id)
    const facts = mergeFacts(turn, kept?.turn === turn ? kept.facts : null, fields)
    local.kept.set(turn.id, { turn, digest, saysRunning, facts })
  }
}

/** What is true once stays true, whoever noted it. Returns what the record says. */
function mergeFacts(turn: JournalTurn, before: SharedFacts | null, fields: Fields): SharedFacts {
  const { undoAt, ...recorded } = factsFrom(fields, turn.id)
  turn.shown ||= recorded.shown
  turn.superseded ||= recorded.superseded
  turn.heardText ??= recorded.heardText
  if (recorded.delivered) Object.assign(turn.sent, { isWhole: true, closedBy: 'server' })
  turn.replays = recorded.replays + Math.max(0, turn.replays - (before?.replays ?? 0))
  const undos = turn.effects.map(({ undo }, index) => {
    if (!undo) return null
    const told = undoAt(index)
    if (!isFurther(undo.status, told)) undo.status = told
    return told
  })
  return { ...recorded, parent: turn.parent?.id ?? null, undos }
}

function takeHead(local: LocalJournal, fields: Fields): void {
  const { journal } = local
  const ids = [...turnIdsIn(fields), ...journal.turns.map((turn) => turn.id)]
  local.keptNextId = wholeNumber(fields[NEXT_FIELD]) ?? 1
  journal.nextId = ids.reduce((next, id) => Math.max(next, id + 1), local.keptNextId)
  local.keptLatest = wholeNumber(fields[LATEST_FIELD])
  const told = fields[LATEST_FIELD] === undefined ? journal.latest?.id : local.keptLatest
  journal.latest = journal.turns.find((turn) => turn.id === told) ?? null
}
