import { setTimeout as delay } from 'node:timers/promises'
import { addTurn, type Journal, type JournalTurn } from '../../../src/conversation/journal.ts'
import { toRecord } from '../../../src/conversation/journal-record.ts'
import type { Log } from '../../../src/observability/log.ts'
import type { SharedStore } from '../../../src/store/shared-store.ts'
import type { Journals } from '../../../src/turn/journals/journals.ts'
import { createSharedJournals } from '../../../src/turn/journals/shared-journals.ts'
import {
  createProcessStore,
  type ProcessInstance,
  type ProcessStore,
} from '../../support/process-shared-store.ts'

export const ID = '["caller","conv_1"]'

/** An instance of the server, as far as its journals go. */
export interface Instance extends ProcessInstance {
  readonly journals: Journals
  readonly lines: LogLine[]
}

export interface LogLine {
  readonly values: object
  readonly message: string
}

/** Waits of milliseconds where a server has seconds. */
const QUICK = { saveSoonMs: 20, lookEveryMs: 40 }

export function logInto(lines: LogLine[]): Log {
  const note = (values: object, message: string) => void lines.push({ values, message })
  return { debug: note, info: note, warn: note, error: note }
}

interface Start {
  readonly store?: ProcessStore
  readonly retainMs?: number
  /** Puts something between the instance and its store. */
  readonly wrap?: (store: SharedStore) => SharedStore
  readonly limits?: NonNullable<Parameters<typeof createSharedJournals>[0]['limits']>
}

export function startInstance(options: Start = {}): Instance {
  const { store = createProcessStore(), retainMs = 60_000, wrap, limits } = options
  const instance = store.join()
  const lines: LogLine[] = []
  const journals = createSharedJournals({
    store: wrap?.(instance.store) ?? instance.store,
    retainMs,
    log: logInto(lines),
    limits: { ...QUICK, ...limits },
  })
  return { ...instance, journals, lines }
}

/** Two that share a store. */
export function startTwo(options: Omit<Start, 'store'> = {}) {
  const store = createProcessStore()
  return {
    store,
    one: startInstance({ ...options, store }),
    two: startInstance({ ...options, store }),
  }
}

interface Begin {
  readonly store: SharedStore
  readonly text?: string
  readonly parent?: JournalTurn | null
  readonly maxTurns?: number
}

/** A turn that begins in a journal, as a decision. */
export function begin({ store, text = 'hello', parent = null, maxTurns = 100 }: Begin) {
  return (journal: Journal | null): JournalTurn => {
    if (!journal) throw new Error('there is no journal')
    const start = { state: 'a', variables: { x: 1 }, enteredAfter: 0 }
    const turn = addTurn(
      journal,
      {
        ...{ parent, kind: 'new', exchange: 1, userText: text, start, saysOnEntry: false },
        ...{ transitionsBefore: 0, refusesWrites: false, tailKey: '', greetingKey: '' },
        ...{ startedAt: store.now(), owner: store.instance },
      },
      { maxTurns, maxCharacters: 1_000_000 },
    )
    journal.latest = turn
    return turn
  }
}

export function beginTurn(
  { journals, store }: Pick<Instance, 'journals' | 'store'>,
  options: Omit<Begin, 'store'> = {},
): Promise<JournalTurn> {
  return journals.update(ID, begin({ ...options, store }))
}

/** The journal as an instance sees it now; there must be one. */
export async function look({ journals }: Pick<Instance, 'journals'>): Promise<Journal> {
  const journal = await journals.peek(ID)
  if (!journal) throw new Error('nothing can be seen')
  return journal
}

/** What an instance sees of a turn. */
export async function see(instance: Pick<Instance, 'journals'>, id: number): Promise<JournalTurn> {
  const turn = (await look(instance)).turns.find((known) => known.id === id)
  if (!turn) throw new Error(`turn ${id} cannot be seen`)
  return turn
}

/** All that a journal says, for comparison. */
export function plain(journal: Journal) {
  const ids = (turns: readonly JournalTurn[]) => turns.map((turn) => turn.id)
  return {
    nextId: journal.nextId,
    latest: journal.latest?.id ?? null,
    children: ids(journal.children),
    turns: journal.turns.map((turn) => ({
      record: toRecord(turn),
      children: ids(turn.children),
      ...{ shown: turn.shown, superseded: turn.superseded, replays: turn.replays },
      delivered: turn.sent.isWhole,
      undos: turn.effects.map(({ undo }) => undo?.status ?? null),
    })),
  }
}

/** Asks again for up to five seconds; for what comes in its own time. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 5000
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error('it never came')
    await delay(5)
  }
}
