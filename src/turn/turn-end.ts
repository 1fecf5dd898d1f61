import type { FinishReason } from '../conversation/journal.ts'
import { sealState } from '../conversation/state-token.ts'
import type { Position } from '../flow/position.ts'
import type { Usage } from '../upstream/upstream.ts'
import type { PreparedTurn } from './prepare/prepare-turn.ts'
import type { TurnSettings } from './settings.ts'
import type { TurnEnd } from './turn.ts'

interface Ending {
  readonly finishReason: FinishReason
  readonly position: Position
  readonly usage: Usage | undefined
  readonly isSuperseded?: boolean
  readonly isFailed?: boolean
}

/** What a front end is told at the end of an answer. */
export function toTurnEnd(
  prepared: PreparedTurn,
  settings: TurnSettings,
  { finishReason, position, usage, isSuperseded = false, isFailed = false }: Ending,
): TurnEnd {
  return {
    finishReason,
    isSuperseded,
    isFailed,
    ...(usage && { usage }),
    state: position.state,
    token: () => sealState(settings.token, position, prepared),
  }
}
