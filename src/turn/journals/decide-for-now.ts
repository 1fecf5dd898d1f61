import { isDeepStrictEqual } from 'node:util'
import type { Journal, JournalTurn } from '../../conversation/journal.ts'
import { relink } from './local-journal.ts'
import { factsOf, type SharedFacts } from './record-fields.ts'
import { replaceAll } from './recorded-turn.ts'

interface Decided<Result> {
  readonly result: Result
  /** Takes back what was decided, and nothing else: turns that run have gone on meanwhile. */
  readonly takeBack: () => void
}

interface Before {
  readonly turn: JournalTurn
  readonly parent: JournalTurn | null
  readonly facts: SharedFacts
}

/** Decides on a journal in a way that can be taken back; if it throws it is, at once. */
export function decideForNow<Result>(
  journal: Journal,
  decide: (journal: Journal) => Result,
): Decided<Result> {
  const { nextId, latest } = journal
  const before = journal.turns.map((turn): Before => ({
    turn,
    parent: turn.parent,
    facts: factsOf(turn),
  }))
  const takeBack = (changed: readonly Before[]) => {
    for (const { turn, parent, facts } of changed) restore(turn, parent, facts)
    replaceAll(
      journal.turns,
      before.map(({ turn }) => turn),
    )
    Object.assign(journal, { nextId, latest })
    relink(journal)
  }
  try {
    const result = decide(journal)
    const changed = before.filter(({ turn, facts }) => !isDeepStrictEqual(facts, factsOf(turn)))
    return { result, takeBack: () => takeBack(changed) }
  } catch (error) {
    takeBack(before)
    throw error
  }
}

function restore(turn: JournalTurn, parent: JournalTurn | null, facts: SharedFacts): void {
  turn.parent = parent
  turn.shown = facts.shown
  turn.superseded = facts.superseded
  turn.heardText = facts.heardText
  turn.sent.isWhole = facts.delivered
  turn.replays = facts.replays
  for (const [index, status] of facts.undos.entries()) {
    const undo = turn.effects[index]?.undo
    if (undo && status) undo.status = status
  }
}
