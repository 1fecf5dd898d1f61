import type { TurnAnswer, TurnEngine } from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'

/** What the caller said and no turn has begun to answer yet. */
export interface Unanswered {
  add(texts: readonly string[]): void
  /** Begins a turn that answers all of it; what could not be begun is still unanswered. */
  begin(engine: TurnEngine, request: TurnRequest): Promise<TurnAnswer>
}

/** Who says more while nothing can be begun is not heard any more. */
const MAX_TEXTS = 50

/** A digit that is pressed or said twice is two digits; a word only waits for its answer. */
const IS_INPUT = /[\p{N}*#]/u

/**
 * Nobody sends these words a second time: a turn that was given up before it began, or could not begin,
 * must not take them with it.
 */
export function createUnanswered(): Unanswered {
  let said: TurnRequest['messages'] = []
  return {
    add(texts) {
      const added = texts.map(
        (text) => ({ role: 'user', text, isAnew: IS_INPUT.test(text) }) as const,
      )
      said = [...said, ...added].slice(-MAX_TEXTS)
    },
    async begin(engine, request) {
      const messages = said
      const begun = await engine.begin({ ...request, messages })
      said = said.filter((message) => !messages.includes(message))
      return begun
    },
  }
}
