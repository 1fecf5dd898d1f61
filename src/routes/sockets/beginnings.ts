import type { TurnAnswer, TurnEngine } from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'

/**
 * The beginnings of one connection's turns, one after another: an older request that the conversation
 * came to know after a newer one would take that one's place.
 */
export interface Beginnings {
  /** Resolves when the turn before has begun, or could not. */
  readonly free: () => Promise<unknown>
  readonly begin: (request: TurnRequest) => Promise<TurnAnswer>
}

export function createBeginnings(engine: TurnEngine): Beginnings {
  let last: Promise<unknown> = Promise.resolve()
  return {
    free: () => last,
    begin(request) {
      const begun = engine.begin(request)
      last = begun.catch(() => undefined)
      return begun
    },
  }
}
