import type { JournalTurn } from '../../conversation/journal.ts'
import { toRecord } from '../../conversation/journal-record.ts'
import { digestOf, relink, type KeptTurn, type LocalJournal } from './local-journal.ts'
import {
  changedFacts,
  factsOf,
  fieldsOfTurn,
  LATEST_FIELD,
  NEXT_FIELD,
  turnField,
} from './record-fields.ts'

/** What a record has to be told. */
export interface JournalChange {
  readonly set: Readonly<Record<string, string>>
  readonly add: Readonly<Record<string, number>>
  readonly remove: readonly string[]
  readonly isEmpty: boolean
  /** To be called once it is written, with its new revision: from now on the record has it. */
  readonly commit: (revision: number) => void
}

/**
 * What a local journal holds that its record does not: turns that came or went, what became true of
 * others, and all that the `saved` turn says by now.
 */
export function changeOf(local: LocalJournal, saved: JournalTurn | null = null): JournalChange {
  const { journal, kept } = local
  const turns = journal.turns.map((turn) => turnChange(turn, kept.get(turn.id), turn === saved))
  const there = new Set(journal.turns.map((turn) => turn.id))
  const dropped = [...kept].filter(([id]) => !there.has(id))
  const remove = dropped.flatMap(([id, { facts }]) => fieldsOfTurn(id, facts))
  const [nextId, latest] = [journal.nextId, journal.latest?.id ?? null]
  const set = Object.fromEntries([
    ...(nextId === local.keptNextId ? [] : [[NEXT_FIELD, String(nextId)]]),
    ...(latest === local.keptLatest ? [] : [[LATEST_FIELD, String(latest ?? '')]]),
    ...turns.flatMap((turn) => Object.entries(turn.set)),
  ]) as Record<string, string> // entries of strings only
  const add = Object.fromEntries(turns.flatMap((turn) => Object.entries(turn.add)))
  return {
    set,
    add,
    remove,
    isEmpty: [set, add, remove].every((part) => Object.keys(part).length === 0),
    commit(revision) {
      local.revision = revision
      local.keptNextId = nextId
      local.keptLatest = latest
      for (const [id] of dropped) kept.delete(id)
      for (const turn of turns) kept.set(turn.kept.turn.id, turn.kept)
      // What stood on a dropped turn takes its place by age, as it does at other instances.
      if (dropped.length > 0) relink(journal)
    },
  }
}

interface TurnChange extends Pick<JournalChange, 'set' | 'add'> {
  /** As the record has it afterwards. */
  readonly kept: KeptTurn
}

function turnChange(turn: JournalTurn, before: KeptTurn | undefined, isSaved: boolean): TurnChange {
  const facts = factsOf(turn)
  const { set, add } = changedFacts(
    turn.id,
    before?.facts ?? { ...NO_FACTS, parent: facts.parent },
    facts,
  )
  if (before && !isSaved) return { set, add, kept: { ...before, facts } }
  const text = toRecord(turn)
  const digest = digestOf(text)
  const kept = { turn, digest, saysRunning: turn.status === 'running', facts }
  if (digest === before?.digest) return { set, add, kept }
  return { set: { ...set, [turnField(turn.id)]: text }, add, kept }
}

const NO_FACTS = {
  shown: false,
  superseded: false,
  delivered: false,
  replays: 0,
  heardText: null,
  undos: [],
}
