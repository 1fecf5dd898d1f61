import type { JournalTurn } from '../../conversation/journal.ts'

/** Writes under way, by the turn that began them: they go on to their own limit, whatever becomes of it. */
export interface PendingWrites {
  begin(turn: JournalTurn, write: Promise<unknown>): void
  /** Resolves once those of the turns have ended; null if there are none. */
  ended(turns: readonly JournalTurn[]): Promise<unknown> | null
}

export function createPendingWrites(): PendingWrites {
  const pending = new Map<JournalTurn, Set<Promise<unknown>>>()
  return {
    begin(turn, write) {
      const writes = pending.get(turn) ?? new Set()
      pending.set(turn, writes)
      const settled = write.then(end, end)
      writes.add(settled)
      function end(): void {
        writes.delete(settled)
        if (writes.size === 0) pending.delete(turn)
      }
    },
    ended(turns) {
      if (pending.size === 0) return null
      const writes = turns.flatMap((turn) => [...(pending.get(turn) ?? [])])
      return writes.length === 0 ? null : Promise.all(writes)
    },
  }
}
