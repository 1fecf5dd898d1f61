import { endTurn, type JournalledEffect, type JournalTurn } from '../../conversation/journal.ts'
import type { RecordedTurn } from '../../conversation/journal-record.ts'

/** A turn that was read; on what it stands is for the journal to say. */
export function createTurn(recorded: RecordedTurn): JournalTurn {
  return {
    ...recorded,
    parent: null,
    children: [],
    sent: { ...recorded.sent, isWhole: false },
    replays: 0,
    shown: false,
    superseded: false,
    heardText: null,
  }
}

/** Brings a turn up to date in place: others hold it, its effects and their undoing. */
export function refreshTurn(turn: JournalTurn, recorded: RecordedTurn): void {
  turn.start = recorded.start
  turn.saysOnEntry = recorded.saysOnEntry
  turn.transitionsBefore = recorded.transitionsBefore
  turn.status = recorded.status
  turn.finishReason = recorded.finishReason
  turn.endedAt = recorded.endedAt
  turn.readBack = recorded.readBack
  replaceAll(turn.pieces, recorded.pieces)
  replaceAll(turn.changes, recorded.changes)
  replaceAll(turn.serverCalls, recorded.serverCalls)
  replaceAll(turn.platformCalls, recorded.platformCalls)
  replaceAll(
    turn.effects,
    recorded.effects.map((effect, index) => refreshed(turn.effects[index], effect)),
  )
  Object.assign(turn.sent, recorded.sent)
}

function refreshed(known: JournalledEffect | undefined, effect: JournalledEffect) {
  if (!known) return effect
  known.status = effect.status
  if (!known.undo || !effect.undo) known.undo = effect.undo
  return known
}

/** Puts other members into an array that others hold. */
export function replaceAll<Member>(array: Member[], members: readonly Member[]): void {
  array.length = 0
  for (const member of members) array.push(member)
}

/** Its owner is gone: it says nothing more, and begins nothing more. What was begun the ledger tells. */
export function abandon(turn: JournalTurn, now: number): void {
  endTurn(turn, { status: 'aborted', now })
  // Should it only have been held up, it begins nothing more once this is known to the others.
  turn.superseded = true
  for (const effect of turn.effects) if (effect.status === 'waiting') effect.status = 'cancelled'
}

/** Something of it is still to come from the instance that it runs in. */
export function goesOn({ status, effects }: JournalTurn): boolean {
  return (
    status === 'running' ||
    effects.some((effect) => effect.status === 'running' || effect.status === 'waiting')
  )
}
