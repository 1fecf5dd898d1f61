import { createHash } from 'node:crypto'
import {
  childrenOf,
  createJournal,
  type Journal,
  type JournalTurn,
} from '../../conversation/journal.ts'
import type { SharedFacts } from './record-fields.ts'
import { goesOn, replaceAll } from './recorded-turn.ts'
import { createQueue, type Queue } from './queue.ts'

/** This instance's copy of a shared journal; its id is set when it is opened. */
export interface LocalJournal {
  id: string
  readonly journal: Journal
  /** Of the record that the copy was last brought in line with; null: not known. */
  revision: number | null
  /** What the record holds, by turn. */
  readonly kept: Map<number, KeptTurn>
  keptNextId: number
  keptLatest: number | null
  /** Turns that could not be read, by what stood there. */
  readonly unreadable: Map<number, string>
  /** When this instance last wrote the record, by its own clock. */
  writtenAt: number
  /** Another instance has written since it was last read. */
  isStale: boolean
  /** It was written, and nobody knows whether that arrived. */
  isInDoubt: boolean
  /** Everything that reads or writes the record, one after the other. */
  readonly queue: Queue
  /** Called when another instance wrote. */
  readonly waiters: Set<() => void>
}

/** A turn as the record has it. */
export interface KeptTurn {
  readonly turn: JournalTurn
  /** Of what its owner wrote. */
  readonly digest: string
  /** Its owner says that it runs. */
  readonly saysRunning: boolean
  readonly facts: SharedFacts
}

export function createLocalJournal(): LocalJournal {
  return {
    id: '',
    journal: createJournal(),
    revision: null,
    kept: new Map(),
    keptNextId: 1,
    keptLatest: null,
    unreadable: new Map(),
    writtenAt: -Infinity,
    isStale: false,
    isInDoubt: false,
    queue: createQueue(),
    waiters: new Set(),
  }
}

/** Something of this instance still goes on in it. */
export function goesOnHere({ journal }: LocalJournal, instance: string): boolean {
  return journal.turns.some((turn) => turn.owner === instance && goesOn(turn))
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** The same attempt, though perhaps another object: an id alone can be given twice if the store lost its data. */
export function isSameTurn(
  a: Pick<JournalTurn, 'id' | 'owner' | 'startedAt'>,
  b: Pick<JournalTurn, 'id' | 'owner' | 'startedAt'>,
): boolean {
  return a.id === b.id && a.owner === b.owner && a.startedAt === b.startedAt
}

/** Puts the tree's arrays in the order of the ids, after turns came, went or were moved. */
export function relink(journal: Journal): void {
  const turns = [...journal.turns].sort((a, b) => a.id - b.id)
  replaceAll(journal.turns, turns)
  journal.children.length = 0
  for (const turn of turns) turn.children.length = 0
  for (const turn of turns) childrenOf(journal, turn.parent).push(turn)
}
