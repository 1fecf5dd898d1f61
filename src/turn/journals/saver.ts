import type { JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import { isAway } from './store-away.ts'

interface SaverDependencies {
  /** Writes what a turn says by then; `begin` is called once it can take in no more. */
  readonly save: (id: string, turn: JournalTurn, begin: () => void) => Promise<void>
  /** Milliseconds for which it is tried to save a turn. */
  readonly retainMs: number
  readonly saveSoonMs: number
  readonly log: Log
  readonly onUnsaved: () => void
}

/** Saves turns as they go on, one save of a turn after the other. */
export interface Saver {
  /** At once. Never rejects: what fails is tried again, and false till then. */
  readonly save: (id: string, turn: JournalTurn) => Promise<boolean>
  /** Soon, together with what follows until then. */
  readonly saveSoon: (id: string, turn: JournalTurn) => void
  /** The record is still to be told what it says by now. */
  readonly isUnsaved: (turn: JournalTurn) => boolean
  /** Tries again what could not be saved. False: there is nothing. */
  readonly retry: () => boolean
}

interface Unsaved {
  readonly id: string
  readonly until: number
}

export function createSaver(dependencies: SaverDependencies): Saver {
  const { retainMs, saveSoonMs, log } = dependencies
  const soon = new Map<JournalTurn, NodeJS.Timeout>()
  /** Saves that have not begun yet: they will take in what the turn says by then. */
  const waiting = new Map<JournalTurn, Promise<boolean>>()
  const unsaved = new Map<JournalTurn, Unsaved>()
  /** How many saves of a turn are under way. */
  const saving = new Map<JournalTurn, number>()

  function count(turn: JournalTurn, more: 1 | -1): void {
    const left = (saving.get(turn) ?? 0) + more
    if (left > 0) saving.set(turn, left)
    else saving.delete(turn)
  }

  async function attempt(id: string, turn: JournalTurn): Promise<boolean> {
    count(turn, 1)
    try {
      await dependencies.save(id, turn, () => waiting.delete(turn))
      unsaved.delete(turn)
      return true
    } catch (error) {
      if (!isPassing(error)) {
        log.error({ err: error }, 'a turn could not be saved')
        return false
      }
      const until = performance.now() + retainMs
      unsaved.set(turn, unsaved.get(turn) ?? { id, until })
      dependencies.onUnsaved()
      return false
    } finally {
      count(turn, -1)
    }
  }

  function save(id: string, turn: JournalTurn): Promise<boolean> {
    clearTimeout(soon.get(turn))
    soon.delete(turn)
    const saved = waiting.get(turn) ?? attempt(id, turn)
    waiting.set(turn, saved)
    return saved
  }

  return {
    save,
    saveSoon(id, turn) {
      if (soon.has(turn)) return
      soon.set(
        turn,
        setTimeout(() => void save(id, turn), saveSoonMs),
      )
    },
    isUnsaved: (turn) => soon.has(turn) || saving.has(turn) || unsaved.has(turn),
    retry() {
      for (const [turn, { id, until }] of unsaved) {
        if (performance.now() < until) void save(id, turn)
        else if (unsaved.delete(turn)) log.warn({ turn: turn.id }, 'a turn was never saved')
      }
      return unsaved.size > 0
    },
  }
}

/** The store is away, or others are always faster. */
function isPassing(error: unknown): boolean {
  return isAway(error) || (error instanceof TurnstateError && error.code === 'overloaded')
}
