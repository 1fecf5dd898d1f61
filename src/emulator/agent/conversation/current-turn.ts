import type { Json } from '../../rehearsal/json.ts'
import { startTurn, type Turn, type TurnEnd, type TurnNeeds } from './turn.ts'

type Outcome =
  | { readonly kind: 'ended'; readonly end: TurnEnd }
  | { readonly kind: 'failed'; readonly error: unknown }

/** The one turn that runs, if any; nothing is heard of it once it was interrupted. */
export interface CurrentTurn {
  /** `silenceMark`: the message that stands for silence, if that is what the agent answers. */
  readonly begin: (typed: string | null, silenceMark?: Json | null) => void
  readonly interrupt: () => void
  readonly isRunning: () => boolean
}

export function createCurrentTurn(
  needs: TurnNeeds,
  onOutcome: (outcome: Outcome) => void,
): CurrentTurn {
  let running: { readonly turn: Turn; readonly silenceMark: Json | null } | null = null

  return {
    begin: (typed, silenceMark = null) => {
      const mine = { turn: startTurn(needs, typed), silenceMark }
      running = mine
      const report = (outcome: Outcome) => {
        if (running !== mine) return
        running = null
        onOutcome(outcome)
      }
      mine.turn.ended.then(
        (end) => report({ kind: 'ended', end }),
        (error: unknown) => report({ kind: 'failed', error }),
      )
    },
    interrupt: () => {
      if (!running) return
      running.turn.interrupt()
      // A silence that nothing came of was no turn.
      if (running.silenceMark) needs.history.withdraw(running.silenceMark)
      running = null
    },
    isRunning: () => running !== null,
  }
}
